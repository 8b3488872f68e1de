"""promtool's verdict on web configurations.

It wants to load the certificates, which are on another machine: the configuration's copy names a
stand-in, a certificate and key made once for this, that protect nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml

from generator.findings import Finding, error
from generator.tools import Tool, run

_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUA7iszL5gaPx5oxhsTN9m++6V8c8wCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RhbmQtaW4wIBcNMjYxMTI1MDc0MzM5WhgPMjEyNjExMDEw
NzQzMzlaMBMxETAPBgNVBAMMCHN0YW5kLWluMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEkHI7nZIEx83SEnCrqFXZVXn6tAFCA6oWvzVS4AVZjpDxUhF2hoYwaUAW
7avYObD63XXkoZVzU62LjEgKn1BR8qNTMFEwHQYDVR0OBBYEFBSs17nDlmVqdHzi
ccCQTJV14VyLMB8GA1UdIwQYMBaAFBSs17nDlmVqdHziccCQTJV14VyLMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhALvJN1lnAN3NzvOnhIooJwoe
+/cOpEjnX1AX0i/nfU+fAiEAvrDiVvdCOaF6YqRO+INVZrWcDzlCTiC3HBuB6jEt
wb4=
-----END CERTIFICATE-----
"""
_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/TZFn3MypvJtEMdD
hNG/KGIWPMfw9w+5OhdaPT4mLW+hRANCAASQcjudkgTHzdIScKuoVdlVefq0AUID
qha/NVLgBVmOkPFSEXaGhjBpQBbtq9g5sPrddeShlXNTrYuMSAqfUFHy
-----END PRIVATE KEY-----
"""


def check_web_configs(tool: Tool, files: Sequence[Path], root: Path) -> list[Finding]:
    """`promtool check web-config` on copies with stand-ins. Raises ToolFailed."""
    found: list[Finding] = []
    for path in files:
        _with_stand_ins(path, root / "stand-ins")
        name = path.relative_to(root).as_posix()
        answer = run(tool, ["check", "web-config", name], cwd=root)
        if answer.returncode != 0:
            said = " ".join((answer.stdout + answer.stderr).split())
            found.append(error("promtool-web-config", f"promtool: {said}"))
    return found


def _with_stand_ins(path: Path, folder: Path) -> None:
    document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "server.crt", folder / "server.key"
    certificate.write_text(_CERTIFICATE, encoding="utf-8")
    key.write_text(_KEY, encoding="utf-8")
    tls = document["tls_server_config"]
    named = {"cert_file": certificate, "key_file": key, "client_ca_file": certificate}
    tls |= {name: str(made) for name, made in named.items() if name in tls}
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper), encoding="utf-8")
