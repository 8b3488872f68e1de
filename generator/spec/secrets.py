"""Secrets that stand in a spec in plain, found in its text: in values, keys and comments alike.

The shapes are those that their issuers document, so that a name or a hash is not taken for one.
No pattern looks further than some hundred characters: a line may be millions of them long.
Keys that could only hold a secret are refused by the schema (`validate`), a channel's values by
`read_channels`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from generator.findings import Finding, Place, error


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind of secret looks; group `secret` is the part that must not be shown."""

    told: str
    mark: str
    """A text that every secret of this kind contains: where it is missing nothing is searched."""
    pattern: re.Pattern[str]


def _shape(told: str, mark: str, pattern: str) -> _Shape:
    return _Shape(told, mark, re.compile(pattern))


_SHAPES = (
    _shape(
        "a user and password in an address",
        "://",
        r"://[^\s/?#@:'\"]{0,100}:(?P<secret>[^\s/?#@'\"]{1,300})@",
    ),
    _shape(
        "a token in an address",
        "://",
        r"://[^\s'\"?]{0,300}\?(?:[^\s'\"]{0,300}&)?(?:access_token|token|api_?key|apikey|auth|sig|signature|secret|password)="
        r"(?P<secret>[^\s&#'\"{$]{6,300})",
    ),
    _shape(
        "a private key",
        "PRIVATE KEY",
        r"(?P<secret>-----BEGIN (?:[A-Z]{1,20} ){0,3}PRIVATE KEY-----)",
    ),
    _shape("a token of Slack", "xox", r"(?<![\w-])(?P<secret>xox[abceoprs]-[\w-]{10,300})"),
    _shape("a token of Slack", "xapp-", r"(?<![\w-])(?P<secret>xapp-[0-9]-[\w-]{10,300})"),
    _shape(
        "a webhook of Slack",
        "hooks.slack.com/",
        r"hooks\.slack\.com/(?P<secret>(?:services|workflows|triggers)/[\w/-]{12,300})",
    ),
    _shape(
        "a webhook of Discord",
        "/api/webhooks/",
        r"discord(?:app)?\.com/api/webhooks/(?P<secret>[0-9]{10,300}/[\w-]{20,300})",
    ),
    _shape(
        "a webhook of Teams",
        "webhookb2/",
        r"webhook\.office\.com/webhookb2/(?P<secret>[\w@-]{30,300}/[\w/-]+)",
    ),
    _shape("a token of GitHub", "gh", r"(?<!\w)(?P<secret>gh[opsur]_[A-Za-z0-9]{36,300})"),
    _shape("a token of GitHub", "github_pat_", r"(?<!\w)(?P<secret>github_pat_\w{50,300})"),
    _shape("a token of GitLab", "glpat-", r"(?<!\w)(?P<secret>glpat-[\w-]{20,300})"),
    _shape("an access key of AWS", "A", r"(?<!\w)(?P<secret>A(?:KIA|SIA)[0-9A-Z]{16})(?!\w)"),
    _shape("a key of Google", "AIza", r"(?<!\w)(?P<secret>AIza[\w-]{35})"),
    _shape("a token of Grafana", "gl", r"(?<!\w)(?P<secret>gl(?:sa|c)_[A-Za-z0-9+/=_]{32,300})"),
    _shape("a key of Stripe", "k_live_", r"(?<!\w)(?P<secret>[rs]k_live_[A-Za-z0-9]{20,300})"),
    _shape("a token of npm", "npm_", r"(?<!\w)(?P<secret>npm_[A-Za-z0-9]{36})(?!\w)"),
    _shape("a token of PyPI", "pypi-", r"(?<!\w)(?P<secret>pypi-AgEI[\w-]{50,300})"),
    _shape("a key of SendGrid", "SG.", r"(?<!\w)(?P<secret>SG\.[\w-]{20,300}\.[\w-]{30,300})"),
    _shape("a token of a Telegram bot", ":", r"(?<!\w)(?P<secret>[0-9]{8,10}:AA[\w-]{33})(?!\w)"),
    _shape("a key of age", "AGE-SECRET", r"(?P<secret>AGE-SECRET-KEY-1[0-9A-Z]{50,300})"),
    _shape("a token of Vault", "hv", r"(?<!\w)(?P<secret>hv[bs]\.[\w-]{24,300})"),
    _shape(
        "a JSON web token",
        "eyJ",
        r"(?<!\w)(?P<secret>eyJ[\w-]{10,300}\.eyJ[\w-]{10,300}\.[\w-]{10,300})",
    ),
    _shape(
        "a bearer token",
        "earer ",
        r"\b[Bb]earer (?P<secret>(?=[\w.~+/-]{0,300}[0-9])(?=[\w.~+/-]{0,300}[A-Za-z])"
        r"[\w.~+/-]{20,300}={0,2})",
    ),
    _shape(
        "a user and password",
        "asic ",
        r"\b[Bb]asic (?P<secret>(?=[A-Za-z+/]{0,300}[0-9])(?=[a-z0-9+/]{0,300}[A-Z])"
        r"[A-Za-z0-9+/]{16,300}={0,2})",
    ),
)
_NAMED = re.compile(
    r"(?<![\w-])(?P<name>[\"']?(?:(?:\w{1,60}_)?(?:password|passwd|passphrase|secret|api_?key|apikey|"
    r"access_?key|auth_?token|bearer_?token|access_?token|client_?secret|private_?key))[\"']?"
    r"\s*[:=]\s*[\"']?)"
    r"(?P<secret>(?=[^\s\"',}\]]{0,300}[0-9])(?=[^\s\"',}\]]{0,300}[A-Za-z])[^\s\"',}{\]\[()$/<>|]{8,300})",
    re.IGNORECASE,
)
"""`password: hunter2hunter2`, in a comment or under a key that any name is good for."""
_HINT = (
    "keep it in a file on the machine that needs it, name that file here, and replace the secret"
)
_HINT_OF_ADDRESS = (
    "write the address without it, and replace the secret; what logs in reads it from a file"
)
MAX_SECRETS = 100
"""Secrets of one file that are told; the others when these are gone."""
_SHOWN = 4
"""Characters of a secret that a finding still shows, so that its owner knows which one it is."""


def secrets_in(file: str, text: str) -> tuple[Finding, ...]:
    """An error for every secret of a spec's text, at its place, with the secret itself masked."""
    shapes = [shape for shape in _SHAPES if shape.mark in text]
    findings = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        spans = dict(_spans(line, shapes))
        masked = _masked(line, spans)
        for (start, end), told in sorted(spans.items()):
            place = Place(file, number, start + 1, end - start, masked)
            findings.append(error("secret-in-spec", f"this is {told}", place, _hint(told)))
            if len(findings) == MAX_SECRETS:
                return tuple(findings)
    return tuple(findings)


def without_repeats(findings: Iterable[Finding], secrets: Iterable[Finding]) -> tuple[Finding, ...]:
    """All findings, the same secret once: what a reader says of a value wins over its shape.

    Lines with a secret are masked in every finding that shows them.
    """
    secrets = tuple(secrets)
    lines = {(f.place.file, f.place.line): f.place.source for f in secrets if f.place}
    kept = tuple(_shown(f, lines) for f in findings)
    told = {
        (f.place.file, f.place.line)
        for f in kept
        if f.code == "secret-in-spec" and f.place is not None
    }
    return (*kept, *(f for f in secrets if f.place and (f.place.file, f.place.line) not in told))


def _shown(finding: Finding, lines: dict[tuple[str, int], str]) -> Finding:
    place = finding.place
    if place is None or (place.file, place.line) not in lines:
        return finding
    return replace(finding, place=replace(place, source=lines[place.file, place.line]))


def _hint(told: str) -> str:
    return _HINT_OF_ADDRESS if told.endswith("in an address") else _HINT


def _spans(line: str, shapes: Iterable[_Shape]) -> Iterator[tuple[tuple[int, int], str]]:
    """(start, end) of the secrets of a line and what each is; the first shape that fits wins."""
    taken: list[tuple[int, int]] = []
    for shape in shapes:
        for match in shape.pattern.finditer(line):
            span = match.span("secret")
            if not _overlaps(span, taken):
                taken.append(span)
                yield span, shape.told
    for match in _NAMED.finditer(line):
        span = match.span("secret")
        if not _overlaps(span, taken) and not _harmless(match["name"], match["secret"]):
            taken.append(span)
            yield span, "a secret by its name"


def _harmless(name: str, value: str) -> bool:
    """Paths, templates and PromQL's own words are no secrets."""
    return value.startswith(("/", "~", ".", "[", "{", "$")) or "_file" in name or "(" in value


def _overlaps(span: tuple[int, int], taken: Iterable[tuple[int, int]]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in taken)


def _masked(line: str, spans: dict[tuple[int, int], str]) -> str:
    for start, end in spans:
        shown = _SHOWN if end - start >= 4 * _SHOWN else 0
        line = line[: start + shown] + "*" * (end - start - shown) + line[end:]
    return line
