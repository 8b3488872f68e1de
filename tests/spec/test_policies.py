"""Policies of services, flapping, sharding, timing and targets, as they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.findings import SpecError
from generator.spec.load import load_platform, load_tenant
from generator.spec.model import Flapping, Sharding, Tenant
from generator.values import Duration
from tests.spec.bad import BASE
from tests.spec.test_bad_specs import PLATFORM

SERVICE = "  api: {selector: {service: api}}\n"
HOUR = Duration.of(hours=1)


def read(folder: Path, text: str, platform: str = PLATFORM) -> Tenant:
    (folder / "specs" / "tenants").mkdir(parents=True)
    (folder / "specs" / "platform.yaml").write_text(platform)
    (folder / "specs" / "tenants" / "acme.yaml").write_text(text)
    loaded = load_tenant(folder, "acme", load_platform(folder))
    assert loaded.tenant is not None, loaded.findings
    return loaded.tenant


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("urgent", dict.fromkeys(("critical", "warning", "info"), "urgent")),
        ("{critical: urgent}", {"critical": "urgent"}),
    ],
)
def test_a_service_gives_one_policy_or_one_by_severity(
    written: str, expected: dict[str, str], tmp_path: Path
) -> None:
    service = SERVICE.replace("}}", f"}}, escalation: {written}}}")
    assert read(tmp_path, BASE.replace(SERVICE, service)).services["api"].escalation == expected


@pytest.mark.parametrize(
    ("own", "default", "expected"),
    [
        ("", "", None),
        ("flapping: true\n", "", Flapping(5, HOUR)),
        ("flapping: {fires: 3}\n", "", Flapping(3, HOUR)),
        ("flapping: {within: 2h}\n", "{fires: 4}", Flapping(4, Duration.of(hours=2))),
        ("", "{fires: 4}", Flapping(4, HOUR)),
        ("flapping: false\n", "{fires: 4}", None),
    ],
)
def test_flapping_is_off_until_somebody_wants_it(
    own: str, default: str, expected: Flapping | None, tmp_path: Path
) -> None:
    platform = PLATFORM + (f"defaults: {{flapping: {default}}}\n" if default else "")
    assert read(tmp_path, BASE + own, platform).flapping == expected


def test_a_shared_channel_knows_its_layer(tmp_path: Path) -> None:
    platform = PLATFORM.replace(
        "tiers: {gold: {}}",
        "tiers: {gold: {channels: {gilt: {webhook: {url_file: /s/gilt}}}}}\n"
        "defaults: {channels: {all: {webhook: {url_file: /s/all}}}}",
    )
    found = read(tmp_path, BASE + "tier: gold\n", platform).channels
    told = {name: (channel.shared, channel.layer) for name, channel in found.items()}
    assert told == {
        "hook": (True, ""),
        "all": (True, "defaults"),
        "gilt": (True, "tier/gold"),
        "chat": (False, ""),
    }


@pytest.mark.parametrize(
    ("written", "expected"),
    [("", Sharding(100, 2000)), ("sharding: {shards: 0}\n", Sharding(0, 2000))],
)
def test_sharding(written: str, expected: Sharding, tmp_path: Path) -> None:
    read(tmp_path, BASE, PLATFORM + written)
    assert load_platform(tmp_path).platform.sharding == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [("", True), ("output: {}\n", True), ("output: {unit_tests: false}\n", False)],
)
def test_unit_tests_are_written_unless_told_otherwise(
    written: str, expected: bool, tmp_path: Path
) -> None:
    read(tmp_path, BASE, PLATFORM + written)
    assert load_platform(tmp_path).platform.write_unit_tests is expected


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "timing: {repeat_interval: 7m}\n",
            "timing.repeat_interval is 7m, which becomes 10m",
        ),
        (
            "timing: {repeat_interval: 5d}\n",
            "timing.repeat_interval is 5d, but Alertmanager forgets after 5d",
        ),
    ],
)
def test_what_alertmanager_would_repeat_otherwise_is_told(
    written: str, told: str, tmp_path: Path
) -> None:
    read(tmp_path, BASE, PLATFORM + written)
    assert [f.message for f in load_platform(tmp_path).findings] == [told]


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ('alertmanager: "0.24"', "alertmanager 0.24 cannot do what is generated: its time"),
        ('prometheus: "2.41"', "prometheus 2.41 cannot do what is generated: it has no keep_"),
    ],
)
def test_targets_that_are_too_old_are_refused(old: str, told: str, tmp_path: Path) -> None:
    platform = PLATFORM.replace('alertmanager: "0.28"', old)
    with pytest.raises(SpecError) as problem:
        read(tmp_path, BASE, platform)
    assert problem.value.findings[0].code == "target-version"
    assert problem.value.findings[0].message.startswith(told)
