"""Alert templates: `query` refused, labels that cannot be there, functions, balance."""

from __future__ import annotations

import pytest

from generator.findings import Place, Text
from generator.promql.isolate import Scope
from generator.promql.labels import LabelSet, output_labels
from generator.promql.parser import parse
from generator.promql.template import check_template

SCOPE = Scope("tenant", "a")
LABELS = output_labels(parse("sum by (queue, job) (x)"))


def found(text: str, labels: LabelSet | None = LABELS) -> list[tuple[str, int, str, str | None]]:
    place = Text(text, (Place("t.yaml", 1, 1, 1, text),))
    findings = check_template(place, labels=labels, scope=SCOPE, static={"service": "shop"})
    return [(f.code, f.place.column if f.place else 0, f.message, f.hint) for f in findings]


@pytest.mark.parametrize(
    "text",
    [
        "plain text, {single} braces, }} and { {",
        "Queue {{ $labels.queue }} holds {{ $value | humanize }} messages",
        "{{- $labels.job -}}",
        "{{ .Labels.job }} {{ .Value }} {{ $.Labels.queue }} {{ .ExternalLabels.region }}",
        '{{ index $labels "queue" }} {{ index .Labels `job` }}',
        "{{ $externalLabels.cluster }} {{ $externalURL }}",
        '{{ if gt $value 5.0 }}a{{ else if eq $labels.job "b" }}b{{ else }}c{{ end }}',
        "{{ range $name, $text := $labels }}{{ $name }}={{ $text }} {{ end }}",
        "{{ with $labels.queue }}{{ . }}{{ .Foo }}{{ end }}",
        '{{ $queue := $labels.queue }}{{ $queue | toUpper | printf "%-10s" }}',
        '{{ printf "%.2f" (len $labels) }}',
        '{{/* query */}}{{- /* query "x" */ -}}',
        "{{ \"query\" }} {{ `}} query {{` }} {{ 'q' }}",
        '{{ define "t" }}{{ .job }}{{ end }}{{ template "t" $labels }}{{ tmpl "t" . }}',
        "{{ humanizeDuration $value }}{{ humanizePercentage $value }}{{ humanize1024 $value }}",
        '{{ reReplaceAll "a" "b" $labels.job }}{{ stripPort "a:1" }}{{ and true (not false) }}',
        "{{ $value\n| humanize\n}}",
        "query the database",
    ],
)
def test_fine(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ('{{ query "secret" | first | value }}', 4),
        ("{{ with query `secret` }}{{ . | first | value }}{{ end }}", 9),
        ('{{ range query "secret" }}{{ end }}', 10),
        ('{{ "secret" | query | first | value }}', 15),
        ('{{ "secret"|query }}', 13),
        ('{{ (query "secret") }}', 5),
        ('{{ first (query "secret") | value }}', 11),
        ('{{ $x := query "secret" }}', 10),
        ('{{ if true }}{{ if query "secret" }}{{ end }}{{ end }}', 20),
        ('{{ define "t" }}{{ query . }}{{ end }}{{ template "t" "secret" }}', 20),
        ('{{ block "t" "secret" }}{{ query . }}{{ end }}', 28),
        ('{{- query "secret" -}}', 5),
        ('{{query "secret"}}', 3),
        ('{{ call query "secret" }}', 9),
        ('{{ printf "%v" (query "secret") }}', 17),
        ('{{ "}}" }}{{ query "secret" }}', 14),
        ('{{/* }} */}}{{ query "secret" }}', 16),
        ('{{ `{{/*` }}{{ query "secret" }}', 16),
        ('{{ else }}{{ query\n"secret" }}', 14),
    ],
)
def test_query_is_refused_wherever_it_stands(text: str, column: int) -> None:
    assert ("template-query", column) in [(code, at) for code, at, _, _ in found(text)]


EMPTY = "templates see the expression's labels only, and {} is not among them: this would be empty"


@pytest.mark.parametrize(
    ("text", "code", "column", "message", "hint"),
    [
        ("{{ $labels.tenant }}", "template-label", 12, EMPTY.format("tenant"), "write it out: a"),
        ("{{ .Labels.service }}", "template-label", 12, EMPTY.format("service"),
         "write it out: shop"),
        ("{{ $labels.queu }}", "template-label", 12,
         "the expression cannot return the label queu: this would be empty",
         "did you mean queue?"),
        ('{{ index $labels "nope" }}', "template-label", 19,
         "the expression cannot return the label nope: this would be empty",
         "it returns job, queue"),
        ("{{ $.Labels.nope }}", "template-label", 13,
         "the expression cannot return the label nope: this would be empty",
         "it returns job, queue"),
        ("{{ humanise $value }}", "template-function", 4, "no template function humanise",
         "did you mean humanize?"),
        ("{{ frobnicate }}", "template-function", 4, "no template function frobnicate", None),
        ("{{ $lables.queue }}", "template-variable", 4, "no variable $lables",
         "did you mean $labels?"),
        ("{{ $x }}", "template-variable", 4, "no variable $x", "alerts have $labels and $value"),
        ("{{ .Label.queue }}", "template-variable", 4, "no field .Label", "did you mean .Labels?"),
        ("{{ $value ", "template-syntax", 1, "this `{{` is never closed", "close it: }}"),
        ("{{ if $value }}x", "template-syntax", 1, "this `if` is never ended",
         "close it: {{ end }}"),
        ("x{{ end }}", "template-syntax", 5, "this `end` closes nothing", None),
        ("{{ else }}", "template-syntax", 4, "this `else` belongs to no `if`", None),
        ("{{ printf (len $labels }}", "template-syntax", 11, "this `(` is not closed", None),
        ("{{ len $labels) }}", "template-syntax", 15, "this `)` closes nothing", None),
        ("{{ $value ! }}", "template-syntax", 11, "unexpected '!'", None),
        ('{{ template "t" }}', "template-function", 13, 'there is no template "t"',
         "alert templates know only what the same text defines"),
    ],
)  # fmt: skip
def test_problems(text: str, code: str, column: int, message: str, hint: str | None) -> None:
    assert found(text) == [(code, column, message, hint)]


def test_labels_are_not_checked_when_they_are_not_known() -> None:
    assert found("{{ $labels.anything }}", None) == []
    assert found("{{ $labels.anything }}", output_labels(parse("x"))) == []


def test_an_expression_without_labels_says_so() -> None:
    ((_, _, _, hint),) = found("{{ $labels.queue }}", LabelSet())
    assert hint == "it returns no labels; keep some with by (…)"


def test_places_in_literal_blocks() -> None:
    text = Text("a\nb {{ query }}", (Place("t.yaml", 5, 3), Place("t.yaml", 6, 3)))
    (finding,) = check_template(text, labels=None, scope=SCOPE)
    assert finding.place == Place("t.yaml", 6, 8, 5)
