"""What means the same is not told, however it is written."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.compilation import compile_specs
from generator.compile.tenant import compile_tenant
from generator.deliver.diff.read_alertmanager import alertmanager_config, unsharded
from generator.deliver.diff.reading import deployed
from generator.diffing import compared
from generator.ir.change import Changes, Sort
from generator.ir.deployed import Deployed
from generator.promql.edits import edits
from generator.promql.meaning import same_meaning
from generator.render.changes.data import changes_json
from generator.render.changes.markdown import changes_markdown
from generator.render.changes.text import changes_text
from generator.render.files import tenant_artifacts
from generator.spec.model import LabelNames, Tenant
from tests.builders import platform
from tests.compile_rules.random_tenants import tenants
from tests.diff.repository import PLATFORM, TENANT, built, changes, lay_out

SAME = [
    ("x > 0.05", "(x)>5e-2"),
    ('a{b="1",c="2"}', "{c='2', __name__=\"a\", b=`1`}"),
    ("sum by (a, b) (x)", "sum(x) by (b,a)"),
    ("rate(x[5m])", "rate( x[300s] ) # five minutes"),
    ("x offset 1h", "x offset 60m"),
    ("x > 5 * 60", "x > 300"),
    ("x > 5m", "x > 300"),
    ("a and on () b", "(a) and on() (b)"),
    ("sum(x)", "sum by () (x)"),
    ("a + b", "a + ignoring () b"),
    ("a + on () fill (0) b", "a + on () fill_left (0) fill_right (0) b"),
    ("a + -0", "+a + 0"),
    ("x[1m * 5]", "x[1m*5]"),
    ("max_over_time((x)[1h:5m])", "max_over_time(x[60m:300s])"),
]
DIFFERENT = [
    ("a - (b - c)", "a - b - c"),
    ("sum(x)", "sum without () (x)"),
    ("x[5m]", "x[5m] offset 1s"),
    ('a{b=~"1"}', 'a{b="1"}'),
    ("a and on () b", "a and b"),
    ("x > bool 1", "x > 1"),
    ("-1 ^ 2 * x", "(-1) ^ 2 * x"),
    ("a or b", "b or a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spelling_is_not_meaning(one: str, other: str) -> None:
    assert same_meaning(one, other)
    assert edits(one, other) == edits(other, one) == ()


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_is_never_silent(one: str, other: str) -> None:
    assert not same_meaning(one, other)
    assert edits(one, other) and edits(other, one)


def test_a_repository_as_it_was_built_is_silent(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT, "globex": TENANT.replace("acme", "globex")})
    built(tmp_path)
    assert changes(tmp_path).silent


def test_files_written_otherwise_are_silent(tmp_path: Path) -> None:
    lay_out(tmp_path, {"acme": TENANT})
    output = built(tmp_path)
    for path in output.rglob("*"):
        if path.name == "manifest.json":
            continue
        if path.suffix == ".json":
            path.write_text(json.dumps(json.loads(path.read_text())))
        elif path.suffix in (".yml", ".yaml"):
            path.write_text(yaml.safe_dump(shuffled(yaml.safe_load(path.read_text()))))
    assert changes(tmp_path).silent


def shuffled(value: object) -> object:
    """The same data with maps in another order, and rules, inhibit rules and jobs as well."""
    if isinstance(value, dict):
        pairs = [(key, shuffled(item)) for key, item in value.items()]
        for key, item in pairs:
            if key in ("inhibit_rules", "receivers", "time_intervals", "equal"):
                assert isinstance(item, list)
                item.reverse()
        return dict(reversed(pairs))
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def test_the_fleets_routing_tells_whom_the_tenants_own_does(tmp_path: Path) -> None:
    """As running servers have it, shards included."""
    sharded = PLATFORM + "sharding: {shards: 3, above: 1}\n"
    lay_out(tmp_path, {"acme": TENANT, "globex": TENANT.replace("acme", "globex")}, sharded)
    now = compile_specs(tmp_path, proven=False)
    build = now.tenants["acme"].build
    assert build is not None and now.fleet is not None
    words = build.alertmanager.vocabulary
    (file,) = (a for a in now.fleet if a.path == "alertmanager.yml")
    assert b"shard=" in file.content
    fleet = alertmanager_config(yaml.safe_load(file.content), words)
    fleet = replace(fleet, route=unsharded(fleet.route, NAMES.shard))
    own = deployed({a.path: a.content for a in now.tenants["acme"].artifacts}, words, "acme")
    loaded = replace(own, alertmanager=fleet)
    assert compared("acme", loaded, own, NAMES, live=True).silent


NAMES = LabelNames()


def read(tenant: Tenant) -> Deployed:
    """A tenant's files, made and read again."""
    build = compile_tenant(tenant, platform(), proven=False)
    files = {a.path: a.content for a in tenant_artifacts(build)}
    return deployed(files, build.alertmanager.vocabulary, "acme")


@settings(max_examples=12, deadline=None)
@given(tenants(), tenants(), st.randoms(use_true_random=False))
def test_laws_of_any_two_tenants(one: Tenant, other: Tenant, order: random.Random) -> None:
    left, right = read(one), read(other)
    groups = list(left.groups)
    order.shuffle(groups)
    assert compared("acme", left, replace(left, groups=tuple(groups)), NAMES).silent
    forth, back = compared("acme", left, right, NAMES), compared("acme", right, left, NAMES)
    assert forth.silent == back.silent
    for parts in ("alerts", "recordings", "slos", "dashboards", "jobs"):
        sorts = [[part.sort for part in getattr(change, parts)] for change in (forth, back)]
        assert sorts[0].count(Sort.ADDED) == sorts[1].count(Sort.REMOVED)
        assert sorts[0].count(Sort.CHANGED) == sorts[1].count(Sort.CHANGED)
    said = Changes("a", "b", () if forth.silent else (forth,))
    text = changes_text(said)
    assert bool(text) is not forth.silent
    assert not [line for line in text.splitlines()[3:] if line.endswith((":", ": ", "; "))]
    assert len(changes_markdown(said, 5000)) <= 5000
    assert json.loads(changes_json(said, ()))["changed"] is not forth.silent
