"""`expect:` of a spec: met in silence, failed at its place with who would be told instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.api import compile_specs
from generator.findings import has_errors
from generator.verify.expectations import check_expectations
from tests.verify.told import TENANT, repository

FIRST = TENANT.count("\n") + 2
"""Line of the first expectation."""


def checked(folder: Path, *expectations: str) -> list[str]:
    more = "expect:\n" + "".join(f"  - {text}\n" for text in expectations)
    compilation = compile_specs(repository(folder, more))
    build = compilation.tenants["acme"].build
    assert build is not None, compilation.findings
    found = check_expectations(build)
    assert has_errors(found) == bool(found)
    return [
        f"{f.place.line - FIRST}:{f.place.column} {f.code}: {f.message} | {f.hint}"
        for f in found
        if f.place is not None
    ]


def test_expectations_that_are_met_say_nothing(tmp_path: Path) -> None:
    assert (
        checked(
            tmp_path,
            '{alert: DiskFull, at: 2026-12-25T03:00, tells: [chat, "oncall:primary"]}',
            '{alert: DiskFull, at: 2026-12-25T03:00, tells: ["oncall:primary", chat]}',
            '{alert: DiskFull, at: 2026-12-25T03:00, after: 15m, tells: ["person:bob"]}',
            '{alert: DiskFull, at: 2026-12-25T03:00, after: 15m, tells: ["person:bob/email"]}',
            "{alert: DiskFull, at: 2026-12-25T03:00, after: 45m, tells: [mail]}",
            "{alert: Slow, at: 2026-11-26T03:00, tells: [nobody]}",
            "{alert: Slow, at: 2026-11-26T10:00, tells: [chat]}",
            "{alert: Slow, at: 2026-11-26T10:00, labels: {route: /}, tells: [chat]}",
            "{alert: Slow, at: 2026-11-26T10:00, firing: [DbDown], tells: [nobody]}",
            "{alert: DiskFull, at: 2028-01-01T10:00, tells: [chat, mail]}",
            "{alert: DiskFull, at: 2026-12-05T23:00, tells: [nobody]}",
            "{alert: DiskFull, at: 2026-12-06T02:00, tells: [chat, 'oncall:primary']}",
        )
        == []
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "{alert: DiskFull, at: 2026-12-25T03:00, tells: [chat]}",
            "0:52 expect-failed: DiskFull would tell chat (slack #core), bob, on call (mail "
            "bob@example.com) on Fri 2026-12-25 at 03:00: bob, on call (mail bob@example.com) "
            "besides | ann, on call (text message +33600000001): only while ann is on call in "
            "primary; mail (mail ops@example.com): not while bob is on call in primary",
        ),
        (
            '{alert: DiskFull, at: 2026-12-25T03:00, after: 45m, tells: ["person:ann/sms"]}',
            "0:64 expect-failed: DiskFull would tell mail (mail ops@example.com) on Fri 2026-12-25 "
            "at 03:45: not person:ann/sms; mail (mail ops@example.com) besides | None",
        ),
        (
            '{alert: DiskFull, at: 2028-12-25T03:00, tells: [chat, mail, "oncall:primary"]}',
            "0:52 expect-failed: DiskFull would tell chat (slack #core), mail (mail "
            "ops@example.com) on Mon 2028-12-25 at 03:00: not oncall:primary (nobody is on call)",
        ),
        (
            "{alert: Slow, at: 2026-11-26T10:00, tells: [nobody]}",
            "0:48 expect-failed: Slow would tell chat (slack #core) on Thu 2026-11-26 at 10:00, "
            "not nobody | None",
        ),
        (
            "{alert: Slow, at: 2026-11-26T20:00, tells: [chat]}",
            "0:48 expect-failed: Slow would tell nobody on Thu 2026-11-26 at 20:00: not chat | "
            "chat (slack #core): only while it is office",
        ),
        (
            "{alert: Slow, at: 2026-11-26T10:00, firing: [DbDown], tells: [chat]}",
            "0:66 expect-failed: Slow would tell nobody on Thu 2026-11-26 at 10:00: not chat | "
            "muted by critical-outage-mutes-warning",
        ),
        (
            "{alert: DiskFull, at: 2026-12-25T03:00, after: 20m, tells: [chat]}",
            "0:5 expect-no-step: no step of DiskFull comes after 20m | its steps come after: 0s, "
            "15m, 45m",
        ),
        (
            "{alert: DiskFul, at: 2026-12-25T03:00, tells: [chat]}",
            "0:13 expect-unclear: there is no alert 'DiskFul'; did you mean DiskFull? | None",
        ),
        (
            "{alert: DiskFull, labels: {service: api}, at: 2026-12-25T03:00, tells: [chat]}",
            '0:13 expect-unclear: no DiskFull has service="api" | there are: service="db"',
        ),
        (
            "{alert: Slow, at: 2026-12-25T03:00, firing: ['DbDown{'], tells: [chat]}",
            "0:13 expect-unclear: 'DbDown{' is not an alert; write Alert or Alert{service=",
        ),
    ],
)
def test_what_fails_is_told_with_who_and_why(tmp_path: Path, text: str, said: str) -> None:
    (found,) = checked(tmp_path, text)
    assert found.startswith(said)
