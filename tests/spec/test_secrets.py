"""Secrets in plain are found wherever they stand and shown masked; what looks alike passes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from generator.report import render
from generator.spec.load import load_tenant
from generator.spec.secrets import secrets_in
from tests.conftest import ROOT
from tests.spec.test_bad_specs import repository


def shape(*parts: str) -> str:
    """A text put together here, so that this file itself holds nothing that a scanner stops at."""
    return "".join(parts)


SECRETS = {
    "address": shape("https://user:", "hunter2@example.com/x"),
    "query": shape("https://example.com/x?token=", "a1b2c3d4e5"),
    "pem": shape("-----BEGIN RSA ", "PRIVATE KEY-----"),
    "slack token": shape("xo", "xb-123456789012-abcdefGHIJKL"),
    "slack app": shape("xa", "pp-1-A0123456789-abcdef"),
    "slack hook": shape("https://hooks.slack.com/", "services/T0A1B2C3D/B0A1B2C3D/", "a1B2" * 6),
    "discord": shape("https://discord.com/api/", "webhooks/123456789012/", "a" * 30),
    "teams": shape("https://x.webhook.office.com/", "webhookb2/", "0" * 36, "/IncomingWebhook/ab"),
    "github": shape("gh", "p_", "a1B2" * 9),
    "github fine": shape("github_", "pat_", "a1B2" * 15),
    "gitlab": shape("gl", "pat-", "a1B2c" * 4),
    "aws": shape("AK", "IA", "ABCDEFGH12345678"),
    "google": shape("AI", "za", "a1B2c" * 7),
    "grafana": shape("gl", "sa_", "a1B2" * 10),
    "stripe": shape("sk_", "live_", "a1B2c" * 5),
    "telegram": shape("123456789:", "AA", "a1B" * 11),
    "vault": shape("hv", "s.", "a1B2c" * 6),
    "jwt": shape("ey", "J0eXAiOiJKV1QiLCJh.ey", "JzdWIiOiIxMjM0NTY3.", "abcdefghijklmnop"),
    "bearer": shape("Authorization: Bea", "rer a1b2c3d4e5f6a7b8c9d0e1"),
    "basic": shape("Ba", "sic dXNlcjpodW50ZXIyMTIz"),
    "named": shape("db_pass", "word=correct7horse"),
}
WHERE = {
    "description": "description: 'x {} y'\n",
    "comment": "# was: {}\n",
    "label": "labels: {{note: '{}'}}\n",
    "parameter": "collect: [{{job: a, targets: ['a:1'], params: {{q: ['{}']}}}}]\n",
    "annotation": (
        "services: {{api: {{selector: {{job: a}}}}}}\n"
        "alerts: {{A: {{service: api, expr: 'up == 0', for: 5m, summary: '{}'}}}}\n"
    ),
    "no YAML": "description: [ '{}'\n",
}
HEAD = "version: 1\ntenant: acme\nowner: {team: core}\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    repository(folder)
    return folder


@pytest.mark.parametrize("name", SECRETS)
def test_each_shape_is_found_at_its_place_and_masked(name: str) -> None:
    text = f"a: b\n  note: '{SECRETS[name]}'\n"
    (found,) = secrets_in("x.yaml", text)
    assert found.code == "secret-in-spec"
    assert found.place is not None and found.place.line == 2
    line = text.splitlines()[1]
    start = found.place.column - 1
    secret = line[start : start + found.place.length]
    assert secret in SECRETS[name]
    for form in ("text", "json", "github", "sarif"):
        assert secret not in render([found], form)


@pytest.mark.parametrize("where", WHERE)
def test_it_is_found_wherever_it_stands(where: str, root: Path) -> None:
    from generator.spec.load import load_platform

    text = HEAD + WHERE[where].format(SECRETS["github"])
    (root / "specs/tenants/acme.yaml").write_text(text)
    loaded = load_tenant(root, "acme", load_platform(root))
    assert loaded.tenant is None
    told = [f for f in loaded.findings if f.code == "secret-in-spec"]
    assert len(told) == 1
    assert SECRETS["github"] not in render(loaded.findings, "text")


@pytest.mark.parametrize(
    "text",
    [
        "password_file: /etc/alertmanager/secrets/smtp1",
        "credentials_file: /run/secrets/token123",
        'expr: rate(tokens_total{token="access1234token"}[5m])',
        "expr: sum by (secret) (kube_secret_info)",
        "expr: vault_token_count > 10",
        "runbook: https://runbooks.example.com/a?id=12345678&code=200",
        "url: https://grafana.example.com/d/abcdef123/x?var-tenant=acme",
        "image: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "summary: the password expires in {{ $value | humanizeDuration }}",
        "starts: 2026-11-02T09:00, note: basic checks, bearer of news",
        "targets: ['playlist-api-1:8000', '[::1]:9090']",
        "uuid: 123e4567-e89b-12d3-a456-426614174000",
        "password: [[ name ]]",
        "secret: <string>",
    ],
)
def test_what_only_looks_alike_passes(text: str) -> None:
    assert secrets_in("x.yaml", text) == ()


def test_nothing_of_this_repository_looks_like_a_secret() -> None:
    files = [*(ROOT / "specs").rglob("*.yaml"), *(ROOT / "templates").rglob("*.*")]
    files += [*(ROOT / "generator/spec/schema").glob("*.json")]
    assert len(files) > 20
    found = [f for path in files for f in secrets_in(str(path), path.read_text())]
    assert [(f.place, f.message) for f in found] == []


@pytest.mark.parametrize(
    "part", ["://", "?token=", "password=", "eyJ-", "Bearer a", "Basic ", "a_", "xoxb-", "AKIA"]
)
def test_no_long_line_takes_long(part: str) -> None:
    """Steps grow with the text alone: ten times the text, at most some twenty times the time."""
    times = []
    for count in (2_000, 20_000):
        before = time.process_time()
        secrets_in("x.yaml", f"a: https://x?{part * count}")
        times.append(time.process_time() - before)
    assert times[1] < 20 * times[0] + 0.5
