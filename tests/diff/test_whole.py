"""No value of a file is lost: whichever is changed, the difference is told, or has no meaning."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from generator.compilation import compile_specs
from generator.deliver.diff.reading import Unreadable, deployed
from generator.diffing import compared
from generator.spec.model import LabelNames
from generator.values import Duration
from tests.diff.repository import TENANT, lay_out

MEANINGLESS = {
    # Groups whose rules only record have no state to lose.
    "prometheus/rules/slos.yml: groups.*.name",
    # The fleet's file says the same; it is compared for all tenants together.
    "alertmanager/alertmanager.yml: global.smtp_auth_password_file",
    "alertmanager/alertmanager.yml: global.smtp_auth_username",
    "alertmanager/alertmanager.yml: global.smtp_from",
    "alertmanager/alertmanager.yml: global.smtp_require_tls",
    "alertmanager/alertmanager.yml: global.smtp_smarthost",
    "alertmanager/alertmanager.yml: route.group_by.*",
    "alertmanager/alertmanager.yml: route.group_interval",
    "alertmanager/alertmanager.yml: route.receiver",
    "alertmanager/alertmanager.yml: templates.*",
    # No alert of the tenant has the severity info, so nobody is told otherwise.
    "alertmanager/alertmanager.yml: receivers.*.email_configs.*.to",
    "alertmanager/alertmanager.yml: receivers.*.name",
    # Where panels stand, the ids of rows, and letters that queries are called by.
    "grafana/executive.json: id",
    "grafana/executive.json: panels.*.gridPos.h",
    "grafana/executive.json: panels.*.gridPos.w",
    "grafana/executive.json: panels.*.gridPos.x",
    "grafana/executive.json: panels.*.gridPos.y",
    "grafana/executive.json: panels.*.id",
    "grafana/executive.json: panels.*.panels.*.gridPos.x",
    "grafana/executive.json: panels.*.panels.*.gridPos.y",
    "grafana/executive.json: panels.*.targets.*.refId",
}
"""Of each place the first value is changed: of panels, that of a row where a row has it too."""


def test_every_value_that_means_something_is_compared(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT})
    build = compile_specs(tmp_path, proven=False).tenants["acme"]
    assert build.build is not None
    words = build.build.alertmanager.vocabulary
    files = {a.path: a.content for a in build.artifacts}
    base = deployed(files, words, "acme")
    silent: set[str] = set()
    count = 0
    for path in files:
        parse = json.loads if path.endswith("executive.json") else yaml.safe_load
        if not path.endswith((".yml", "executive.json")) or "/tests/" in path:
            continue
        document = parse(files[path])
        for place, keys in first_of_each(document):
            other = {**files, path: json.dumps(changed(document, keys)).encode()}
            count += 1
            try:
                change = compared("acme", base, deployed(other, words, "acme"), LabelNames())
            except Unreadable:
                continue
            if change.silent:
                silent.add(f"{path}: {place}")
    assert count > 200
    assert silent == MEANINGLESS


def first_of_each(document: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Every kind of place in a document, with the way to its first value."""
    seen: set[str] = set()
    for keys in leaves(document, ()):
        place = ".".join("*" if isinstance(key, int) else key for key in keys)
        if place not in seen:
            seen.add(place)
            yield place, keys


def leaves(value: Any, keys: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*keys, key))
    else:
        yield keys


def changed(document: Any, keys: tuple[Any, ...]) -> Any:
    """The document with another value of the same kind at one place."""
    found = copy.deepcopy(document)
    inside = found
    for key in keys[:-1]:
        inside = inside[key]
    inside[keys[-1]] = another(inside[keys[-1]], keys[-1])
    return found


def another(value: Any, key: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if key == "expr":
        return f"{value} + 1"
    if value is None:
        return 7
    try:
        return str(Duration.parse(value) * 2)
    except ValueError:
        return value.replace('="', '="q') if '="' in value else f"{value}x"
