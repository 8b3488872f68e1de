"""`security` of the platform: web configurations of the servers, and their clients' settings."""

from __future__ import annotations

from typing import Any

from generator.findings import Finding, warning
from generator.ir.build import WebServer
from generator.spec.model import Platform, ServerTls


def web_servers(platform: Platform) -> tuple[WebServer, ...]:
    """The servers whose own port is encrypted."""
    security = platform.security
    found = (("alertmanager", security.alertmanager), ("prometheus", security.prometheus))
    return tuple(_web(program, tls) for program, tls in found if tls is not None)


def _web(program: str, tls: ServerTls) -> WebServer:
    return WebServer(program, tls.cert_file, tls.key_file, tls.client_ca_file, tls.min_version)


def alertmanager_client(platform: Platform) -> dict[str, Any]:
    """How Prometheus connects to the Alertmanagers: by https as soon as it has anything to say."""
    security = platform.security
    client: dict[str, Any] = {}
    if security.to_alertmanager or security.alertmanager:
        client["scheme"] = "https"
    if security.to_alertmanager:
        client["tls_config"] = dict(security.to_alertmanager)
    if security.alertmanager_credentials_file:
        client["authorization"] = {"credentials_file": security.alertmanager_credentials_file}
    return client


def security_findings(platform: Platform) -> tuple[Finding, ...]:
    """Settings of one end that the other end does not meet."""
    security, place = platform.security, platform.place
    found = []
    server = security.alertmanager
    if server and server.client_ca_file and not security.to_alertmanager.get("cert_file"):
        message = "Alertmanager asks for client certificates, and Prometheus has none to show"
        hint = "add security.to_alertmanager: {cert_file: …, key_file: …}"
        found.append(warning("tls-one-sided", message, place, hint))
    if security.alertmanager_credentials_file and not (security.to_alertmanager or server):
        message = "the token for the Alertmanagers would travel unencrypted"
        hint = "add security.to_alertmanager: {ca_file: …}"
        found.append(warning("plain-http", message, place, hint))
    return tuple(found)
