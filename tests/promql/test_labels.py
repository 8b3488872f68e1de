"""Which labels come out of an expression."""

from __future__ import annotations

import pytest

from generator.promql.labels import LabelSet, output_labels
from generator.promql.parser import parse

KNOWN = {"req": frozenset({"job", "code", "method"}), "cpu": frozenset({"job", "core"})}


def described(text: str) -> str:
    """`must | may`, `*` for an open set, `-x` for labels it cannot have."""
    labels = output_labels(parse(text), KNOWN)
    never = [f"-{name}" for name in sorted(labels.never)]
    may = [*sorted(labels.may), *(["*", *never] if labels.open else [])]
    return f"{' '.join(sorted(labels.must))} | {' '.join(may)}".strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("req", "__name__ | code job method"),
        ('req{code="5"}', "__name__ code | job method"),
        ('req{code=~".+",job!=""}', "__name__ code job | method"),
        ('req{code=""}', "__name__ | job method"),
        ('req{code=~".*"}', "__name__ | code job method"),
        ("x", "__name__ | *"),
        ('{a="b",c=""}', "a | * -c"),
        ("rate(req[5m])", "| code job method"),
        ("last_over_time(req[5m])", "__name__ | code job method"),
        ("-req", "| code job method"),
        ("sum(req)", "|"),
        ("sum by (code, nope) (req)", "| code"),
        ('sum by (code) (req{code="5"})', "code |"),
        ("sum without (code) (req)", "| job method"),
        ("sum without (a) (x)", "| * -__name__ -a"),
        ("sum by (a) (x)", "| a"),
        ("topk(3, req)", "__name__ | code job method"),
        ('count_values("v", req)', "v |"),
        ('count_values by (job) ("v", req)', "v | job"),
        ("req > 5", "__name__ | code job method"),
        ("req > bool 5", "| code job method"),
        ("5 - req", "| code job method"),
        ("req / cpu", "| job"),
        ("req / on (job) cpu", "| job"),
        ("req / ignoring (job) req", "| code method"),
        ('req{code="5"} / ignoring (code) req', "| job method"),
        ("req * on (job) group_left (core) cpu", "| code core job method"),
        ("cpu * on (job) group_right (core) req", "| code core job method"),
        ('req * on (job) group_left (core) cpu{core="1"}', "core | code job method"),
        ("req * on (job) group_left (code) cpu", "| job method"),
        ("req and cpu", "__name__ | code job method"),
        ("req unless on (job) cpu", "__name__ | code job method"),
        ('req{job="a"} or cpu{job="b"}', "__name__ job | code core method"),
        ("sum by (code) (req) or sum by (core) (cpu)", "| code core"),
        ("vector(1)", "|"),
        ("scalar(req)", "|"),
        ("time()", "|"),
        ("hour()", "|"),
        ("hour(req)", "| code job method"),
        ('absent(req{code="5",job=~"a",method="b",method="c"})', "code |"),
        ("absent(sum(req))", "|"),
        ('absent_over_time(x{a="b"}[5m])', "a |"),
        ("histogram_quantile(0.9, sum by (le, job) (x))", "| job"),
        ('label_replace(sum(req), "a", "b", "", ".*")', "a |"),
        ('label_replace(sum(req), "a", "$1", "b", "(.*)")', "| a"),
        ('label_join(req{job="x"}, "a", "-", "job")', "__name__ a job | code method"),
        ("max_over_time(sum by (job) (req)[5m:])", "| job"),
        ("(req)", "__name__ | code job method"),
    ],
)
def test_output_labels(text: str, expected: str) -> None:
    assert described(text) == expected


def test_can_have() -> None:
    labels = LabelSet(frozenset("a"), frozenset("b"), True, frozenset("c"))
    assert [labels.can_have(name) for name in "abcd"] == [True, True, False, True]
    assert not LabelSet(frozenset("a")).can_have("d")
