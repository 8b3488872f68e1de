"""`grafana:` of the platform and `dashboards.deployments`."""

from __future__ import annotations

from collections.abc import Mapping

from generator.findings import Place
from generator.spec.model import Deployments, Grafana
from generator.spec.model.grafana import CLASSIC, MIMIR, PLAIN, PROXY, TENANT
from generator.spec.scalars import Reading, string
from generator.spec.source import Node

_ONLY = {"header": PROXY, "version": MIMIR}
"""Keys that mean something with one kind of data source."""


def read_grafana(node: Node | None, prometheus: str, reading: Reading) -> Grafana:
    """The settings as typed values; `prometheus` is the address where none is written."""
    if node is None:
        return Grafana(url=prometheus)
    grafana = Grafana(
        datasources=string(node.get("datasources"), PLAIN),
        url=string(node.get("url"), prometheus),
        header=string(node.get("header")),
        version=string(node.get("version")),
        username=string(node.get("username")),
        password_file=string(node.get("password_file")),
        token_file=string(node.get("token_file")),
        ca_file=string(node.get("ca_file")),
        per_tenant=string(node.get("organisation")) == "per-tenant",
        organisations=_organisations(node.get("organisations"), reading),
        dashboard_schema=string(node.get("dashboard_schema"), CLASSIC),
        places=_places(node),
    )
    _check_datasources(grafana, node, reading)
    _check_credentials(node, reading)
    if grafana.organisations and not grafana.per_tenant:
        message = "grafana.organisations has no meaning while tenants share one organisation"
        hint = "add organisation: per-tenant, or leave organisations out"
        reading.error("bad-value", message, node.key_place("organisations"), hint)
    return grafana


def read_deployments(node: Node | None) -> Deployments | None:
    """What a tenant's graphs take for a deployment; None: new versions of any build info."""
    if node is None:
        return None
    return Deployments(string(node.get("metric")), string(node.get("label"), "version"))


def _places(node: Node) -> Mapping[str, Place]:
    return {key: value.place for key, _, value in node.values()}


def _organisations(node: Node | None, reading: Reading) -> Mapping[str, int]:
    found: dict[str, int] = {}
    if node is None:
        return found
    owners: dict[int, str] = {}
    for tenant, place, value in node.values():
        number = value.scalar
        if not isinstance(number, int):
            continue
        if number in owners:
            message = f"{tenant} and {owners[number]} cannot share organisation {number}"
            hint = "write each tenant's own number; see: tocsin grafana apply --dry-run"
            reading.error("organisation-shared", message, place, hint)
        owners[number] = tenant
        found[tenant] = number
    return found


def _check_datasources(grafana: Grafana, node: Node, reading: Reading) -> None:
    for key, kind in _ONLY.items():
        if node.get(key) is not None and grafana.datasources != kind:
            message = f"grafana.{key} is for datasources: {kind}"
            hint = f"leave {key} out, or write datasources: {kind}"
            reading.error("bad-value", message, node.key_place(key), hint)
    where = node.get("datasources") or node
    if grafana.scoped and not grafana.url:
        message = f"datasources: {grafana.datasources} needs an address"
        reading.error("missing-key", message, where.place, "add grafana.url")
    apart = grafana.header or TENANT in grafana.url
    if grafana.datasources == PROXY and not apart:
        message = "nothing tells the proxy which tenant asks"
        hint = "add header: X-Tenant (prom-label-proxy -header-name), or {tenant} in url"
        reading.error("missing-key", message, where.place, hint)
    if grafana.datasources == PLAIN and TENANT in grafana.url:
        message = "one data source for all tenants has no tenant in its address"
        reading.error("bad-value", message, node.place, "write datasources: proxy")


def _check_credentials(node: Node, reading: Reading) -> None:
    has = {key for key in ("username", "password_file", "token_file") if node.get(key) is not None}
    if "token_file" in has and len(has) > 1:
        message = "grafana has a token and a user name; one of them would be sent"
        hint = "write token_file, or username with password_file"
        reading.error("bad-value", message, node.key_place("token_file"), hint)
    elif has in ({"username"}, {"password_file"}):
        (given,) = has
        lacks = "password_file" if given == "username" else "username"
        message = f"grafana has {given} but no {lacks}"
        reading.error("missing-key", message, node.key_place(given), f"add {lacks}")
