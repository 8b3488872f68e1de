"""Encrypted ends on real servers: Prometheus tells an Alertmanager that asks for certificates."""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generator.api import compile_specs
from generator.compile.security import security_findings
from generator.findings import has_errors
from generator.spec.model import Security, ServerTls
from generator.tools import Tool
from generator.verify.web import check_web_configs
from tests.builders import platform
from tests.live.stack import free_port

pytestmark = [pytest.mark.tools, pytest.mark.live]
Tools = Mapping[str, Tool]

PLATFORM = """\
version: 1
targets: {{prometheus: "2.42", alertmanager: "0.25"}}
intervals: {{scrape: 1s, evaluation: 1s}}
alertmanagers: ["127.0.0.1:{port}"]
fallback: hook
channels: {{hook: {{webhook: {{url: "http://127.0.0.1:9/"}}, people: true}}}}
escalation: {{only: [{{notify: [hook]}}]}}
defaults: {{routing: {{critical: only, warning: only, info: only}}}}
security:
  prometheus: {{cert_file: {tls}/server.crt, key_file: {tls}/server.key, min_version: TLS13}}
  alertmanager:
    cert_file: {tls}/server.crt
    key_file: {tls}/server.key
    client_ca_file: {tls}/ca.crt
  to_alertmanager:
    ca_file: {tls}/ca.crt
    cert_file: {tls}/client.crt
    key_file: {tls}/client.key
"""
TENANT = """\
version: 1
tenant: acme
owner: {team: core}
alerts:
  Always: {absent: {selector: nothing_at_all}, severity: critical}
"""


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority with a certificate for the server and one for the client."""
    folder = tmp_path_factory.mktemp("tls")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")
    for name in ("server", "client"):
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        subject = ["-subj", f"/CN={name}"]
        _openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", *subject)
        authority = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
        signed = ["-in", f"{name}.csr", "-out", f"{name}.crt", "-extfile", f"{name}.ext"]
        _openssl(folder, "x509", "-req", *signed, *authority, "-days", "2")
    return folder


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def fleet(tmp_path: Path, tls: Path) -> tuple[Path, int]:
    """The generated fleet folder with its neighbours, and Alertmanager's port."""
    port = free_port()
    root = tmp_path / "repository"
    (root / "specs" / "tenants").mkdir(parents=True)
    (root / "specs" / "platform.yaml").write_text(PLATFORM.format(port=port, tls=tls))
    (root / "specs" / "tenants" / "acme.yaml").write_text(TENANT)
    compilation = compile_specs(root)
    assert not has_errors(compilation.findings), compilation.findings
    assert compilation.fleet is not None
    trees = {"fleet": compilation.fleet, "acme": compilation.tenants["acme"].artifacts}
    for name, artifacts in trees.items():
        for artifact in artifacts:
            path = tmp_path / "output" / name / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(artifact.content)
    return tmp_path / "output" / "fleet", port


def test_the_web_configurations_pass_promtool(
    tools: Tools, fleet: tuple[Path, int], tls: Path
) -> None:
    """The real certificates as they are, and stand-ins where they are not at hand."""
    for name in ("prometheus-web.yml", "alertmanager-web.yml"):
        command = [str(tools["promtool"].path), "check", "web-config", str(fleet[0] / name)]
        assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    files = sorted(fleet[0].glob("*-web.yml"))
    for path in files:
        path.write_text(path.read_text().replace(str(tls), "/nowhere"))
    assert check_web_configs(tools["promtool"], files, fleet[0]) == []
    files[0].write_text(files[0].read_text().replace("TLS12", "TLS99"))
    found = check_web_configs(tools["promtool"], files, fleet[0])
    assert [f.code for f in found] == ["promtool-web-config"]


def test_only_clients_with_a_certificate_are_heard(
    tools: Tools, fleet: tuple[Path, int], tls: Path, tmp_path: Path
) -> None:
    folder, port = fleet
    web = free_port()
    with _alertmanager(tools, folder, port, tmp_path), _prometheus(tools, folder, web, tmp_path):
        told = _until(lambda: _get(f"https://127.0.0.1:{port}/api/v2/alerts", tls, "client"))
        assert [alert["labels"]["alertname"] for alert in told] == ["Always"]
        with pytest.raises((urllib.error.URLError, ssl.SSLError, ConnectionError)):
            _get(f"https://127.0.0.1:{port}/api/v2/alerts", tls, "")
        status = _get(f"https://127.0.0.1:{web}/api/v1/status/runtimeinfo", tls, "")
        assert status["status"] == "success"
        with pytest.raises((urllib.error.URLError, ConnectionError)):
            _get(f"http://127.0.0.1:{web}/api/v1/status/runtimeinfo", tls, "")


def _get(url: str, tls: Path, client: str) -> object:
    context = ssl.create_default_context(cafile=str(tls / "ca.crt"))
    if client:
        context.load_cert_chain(tls / f"{client}.crt", tls / f"{client}.key")
    handler = urllib.request.HTTPSHandler(context=context)
    with urllib.request.build_opener(handler).open(url, timeout=5) as answer:
        return json.load(answer)


def _until(look: object) -> list[dict[str, dict[str, str]]]:
    deadline, last = time.monotonic() + 40, "no alert"
    while time.monotonic() < deadline:
        try:
            found = look()  # type: ignore[operator]
        except (urllib.error.URLError, ConnectionError) as problem:
            last, found = repr(problem), []
        if found:
            return found  # type: ignore[no-any-return]
        time.sleep(0.3)
    raise AssertionError(f"Prometheus told the Alertmanager nothing: {last}")


def _alertmanager(tools: Tools, folder: Path, port: int, tmp_path: Path) -> _Server:
    config = folder / "alertmanager.yml"
    return _Server(
        tools["alertmanager"],
        f"--config.file={config}",
        f"--web.config.file={folder / 'alertmanager-web.yml'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        "--cluster.listen-address=",
    )


def _prometheus(tools: Tools, folder: Path, port: int, tmp_path: Path) -> _Server:
    document = yaml.safe_load((folder / "prometheus.yml").read_text())
    assert document["alerting"]["alertmanagers"][0]["scheme"] == "https"
    return _Server(
        tools["prometheus"],
        f"--config.file={folder / 'prometheus.yml'}",
        f"--web.config.file={folder / 'prometheus-web.yml'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--storage.tsdb.path={tmp_path / 'prometheus'}",
        "--rules.alert.resend-delay=1s",
    )


class _Server:
    """A program that runs while the block does."""

    def __init__(self, tool: Tool, *arguments: str) -> None:
        self.command = [str(tool.path), *arguments]
        self.folder = tool.path.parent.parent

    def __enter__(self) -> None:
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=quiet, stderr=quiet)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)


def test_one_sided_settings_are_said() -> None:
    server = ServerTls("/s.crt", "/s.key", "/ca.crt")
    asks = platform(security=Security(alertmanager=server))
    assert [f.code for f in security_findings(asks)] == ["tls-one-sided"]
    clear = platform(security=Security(alertmanager_credentials_file="/token"))
    assert [f.code for f in security_findings(clear)] == ["plain-http"]
    both = replace(asks.security, to_alertmanager={"cert_file": "/c.crt", "key_file": "/c.key"})
    assert security_findings(platform(security=both)) == ()
