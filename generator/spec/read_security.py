"""`security:` of the platform: certificates of servers and clients, by file."""

from __future__ import annotations

from generator.spec.model import Security, ServerTls
from generator.spec.scalars import Reading, mapping, string
from generator.spec.source import Node


def read_security(node: Node | None, reading: Reading) -> Security:
    """The settings as typed values; plain connections where nothing is said."""
    if node is None:
        return Security()
    to_alertmanager = mapping(node.get("to_alertmanager"))
    credentials = to_alertmanager.pop("credentials_file", "")
    for key in ("to_alertmanager", "scrape"):
        _pair(node.get(key), key, reading)
    return Security(
        prometheus=_server(node.get("prometheus")),
        alertmanager=_server(node.get("alertmanager")),
        to_alertmanager=to_alertmanager,
        alertmanager_credentials_file=credentials,
        scrape=mapping(node.get("scrape")),
    )


def _server(node: Node | None) -> ServerTls | None:
    if node is None:
        return None
    return ServerTls(
        string(node.get("cert_file")),
        string(node.get("key_file")),
        string(node.get("client_ca_file")),
        string(node.get("min_version"), "TLS12"),
    )


def _pair(node: Node | None, name: str, reading: Reading) -> None:
    """A certificate without its key, or a key without its certificate, is refused at start."""
    if node is None or (node.get("cert_file") is None) == (node.get("key_file") is None):
        return
    has, lacks = ("cert_file", "key_file") if node.get("cert_file") else ("key_file", "cert_file")
    message = f"security.{name} has {has} but no {lacks}"
    reading.error("missing-key", message, node.key_place(has), f"add {lacks}")
