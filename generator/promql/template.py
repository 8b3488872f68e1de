"""Alert templates (Go's text/template with Prometheus' functions), lexed and checked.

The text is never expanded or changed here. `query` reads every tenant and is refused.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from generator.findings import Finding, Level, Text, error, in_order
from generator.lints import declare
from generator.promql.isolate import Scope
from generator.promql.labels import LabelSet

declare({"template-label": Level.ERROR})

_GO = "and call html index slice js len not or print printf println urlquery eq ge gt le lt ne"
_PROMETHEUS = (
    "first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink "
    "tableLink sortByLabel stripPort stripDomain humanize humanize1024 humanizeDuration "
    "humanizePercentage humanizeTimestamp toTime pathPrefix externalURL parseDuration tmpl"
)
FUNCTIONS = frozenset(_GO.split()) | frozenset(_PROMETHEUS.split())
"""Go's and Prometheus' template functions, the same from 2.42 to 3.5; `query` left out."""
_KEYWORDS = frozenset(
    {"if", "else", "end", "range", "with", "define", "template", "block", "break", "continue"}
)
_CONSTANTS = frozenset({"true", "false", "nil"})
_OPENING = frozenset({"if", "range", "with", "define", "block"})
_MOVES_DOT = frozenset({"range", "with", "define", "block"})
_VARIABLES = frozenset({"labels", "externalLabels", "externalURL", "value"})
_ROOT = frozenset({"Labels", "ExternalLabels", "ExternalURL", "Value"})
_BEFORE_OPERAND = frozenset({"(", "|", ",", "=", ":="})
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<string>"[^"\\\n]*(?:\\.[^"\\\n]*)*"|`[^`]*`|'[^'\\\n]*(?:\\.[^'\\\n]*)*')
      | (?P<number>[+-]?\.?[0-9][0-9A-Za-z_.]*)
      | (?P<variable>\$[A-Za-z0-9_]*)
      | (?P<field>\.[A-Za-z_][A-Za-z0-9_]*)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<symbol>:=|[|(),=.])
      | (?P<bad>.)""",
    re.ASCII | re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int


def check_template(
    text: Text,
    *,
    labels: LabelSet | None,
    scope: Scope,
    static: Mapping[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Everything wrong with an annotation's or a label's template, at its place in the spec.

    `labels` are those that the alert's expression can return (None: not known, labels are not
    checked). `static` are the rule's own labels: templates do not see them, so their value is
    offered to be written out; the tenant label always counts among them.
    """
    known = {**(static or {}), scope.label: scope.tenant}
    if "{{" not in text.value:
        return ()
    check = _Check(text, labels, known)
    position = 0
    while (opening := text.value.find("{{", position)) >= 0:
        action, position = _action(text, opening)
        if action is None:
            check.say("template-syntax", "this `{{` is never closed", opening, 2, "close it: }}")
            break
        check.action(action, opening)
    check.finish()
    return in_order(check.findings)


def _action(text: Text, opening: int) -> tuple[list[_Token] | None, int]:
    """The tokens between `{{` and `}}`, and where the text goes on."""
    source = text.value
    position = opening + 2
    if source[position : position + 1] == "-" and source[position + 1 : position + 2].isspace():
        position += 1
    comment = re.compile(r"\s*/\*.*?\*/\s*-?\}\}", re.DOTALL).match(source, position)
    if comment:
        return [], comment.end()
    found: list[_Token] = []
    while position < len(source):
        if source.startswith("}}", position):
            return found, position + 2
        if source.startswith("-}}", position):
            return found, position + 3
        match = _TOKEN.match(source, position)
        assert match is not None
        if match.lastgroup != "space":
            found.append(_Token(str(match.lastgroup), match[0], position))
        position = match.end()
    return None, position


@dataclass(slots=True)
class _Check:
    """The state of one template: open blocks, declared variables, findings so far."""

    text: Text
    labels: LabelSet | None
    static: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)
    blocks: list[tuple[str, int]] = field(default_factory=list)
    declared: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    used: list[tuple[str, _Token]] = field(default_factory=list)

    def say(self, code: str, message: str, at: int, length: int, hint: str | None = None) -> None:
        self.findings.append(error(code, message, self.text.at(at, length), hint))

    def action(self, tokens: list[_Token], opening: int) -> None:
        if not tokens:
            return
        first = tokens[0].text if tokens[0].kind == "word" else ""
        if first == "end":
            if self.blocks:
                self.blocks.pop()
            else:
                self.say("template-syntax", "this `end` closes nothing", tokens[0].start, 3)
        elif first == "else" and not self.blocks:
            self.say("template-syntax", "this `else` belongs to no `if`", tokens[0].start, 4)
        self.declare(tokens)
        self.names(first, tokens)
        self.parentheses(tokens)
        for index, token in enumerate(tokens):
            self.token(token, index, tokens)
        if first in _OPENING:
            self.blocks.append((first, opening))

    def declare(self, tokens: list[_Token]) -> None:
        """Variables that this action introduces: `$x :=`, `range $i, $v :=`."""
        texts = [token.text for token in tokens]
        if ":=" in texts:
            before = tokens[: texts.index(":=")]
            self.declared.update(t.text[1:] for t in before if t.kind == "variable")

    def names(self, first: str, tokens: list[_Token]) -> None:
        """Templates defined and used by name."""
        if len(tokens) > 1 and tokens[1].kind == "string" and first in ("define", "block"):
            self.defined.add(tokens[1].text[1:-1])
        for token, following in pairwise(tokens):
            if token.text in ("template", "tmpl") and following.kind == "string":
                self.used.append((following.text[1:-1], following))

    def parentheses(self, tokens: list[_Token]) -> None:
        depth = 0
        for token in tokens:
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth < 0:
                self.say("template-syntax", "this `)` closes nothing", token.start, 1)
                return
        if depth:
            last = next(t for t in reversed(tokens) if t.text == "(")
            self.say("template-syntax", "this `(` is not closed", last.start, 1)

    def token(self, token: _Token, index: int, tokens: list[_Token]) -> None:
        match token.kind:
            case "bad":
                self.say("template-syntax", f"unexpected {token.text!r}", token.start, 1)
            case "word":
                self.word(token)
            case "variable":
                self.variable(token, index, tokens)
            case "field":
                self.root_field(token, index, tokens)
            case _:
                pass
        if token.text == "index" and token.kind == "word":
            self.indexed(tokens[index + 1 :])

    def word(self, token: _Token) -> None:
        name = token.text
        if name == "query":
            self.say(
                "template-query",
                "`query` in a template reads the series of every tenant",
                token.start,
                len(name),
                "put what it reads into the alert's expression; templates see its labels and value",
            )
        elif name not in FUNCTIONS and name not in _KEYWORDS and name not in _CONSTANTS:
            near = difflib.get_close_matches(name, sorted(FUNCTIONS), 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else None
            self.say(
                "template-function",
                f"no template function {name}",
                token.start,
                len(name),
                hint,
            )

    def variable(self, token: _Token, index: int, tokens: list[_Token]) -> None:
        name = token.text[1:]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if name in self.declared or not name:
            if not name and following is not None and following.kind == "field":
                self.member(following, tokens, index + 1, root=True)
            return
        if name not in _VARIABLES:
            near = difflib.get_close_matches(name, sorted(_VARIABLES | self.declared), 1, 0.6)
            hint = f"did you mean ${near[0]}?" if near else "alerts have $labels and $value"
            self.say(
                "template-variable",
                f"no variable ${name}",
                token.start,
                len(token.text),
                hint,
            )
        elif name == "labels" and following is not None and _touches(token, following):
            self.label(following.text[1:], following.start + 1)

    def root_field(self, token: _Token, index: int, tokens: list[_Token]) -> None:
        """A field of the dot, where the dot is still the alert's data."""
        before = tokens[index - 1] if index else None
        if before is not None and _touches(before, token) and before.text not in _BEFORE_OPERAND:
            return
        if not any(kind in _MOVES_DOT for kind, _ in self.blocks):
            self.member(token, tokens, index, root=True)

    def member(self, token: _Token, tokens: list[_Token], index: int, *, root: bool) -> None:
        name = token.text[1:]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if root and name not in _ROOT:
            near = difflib.get_close_matches(name, sorted(_ROOT), 1, 0.6)
            hint = f"did you mean .{near[0]}?" if near else "alerts have .Labels and .Value"
            self.say(
                "template-variable",
                f"no field .{name}",
                token.start,
                len(token.text),
                hint,
            )
        elif name == "Labels" and following is not None and _touches(token, following):
            self.label(following.text[1:], following.start + 1)

    def indexed(self, rest: list[_Token]) -> None:
        """`index $labels "x"` and `index .Labels "x"`."""
        if len(rest) < 2 or rest[1].kind != "string":
            return
        dotted = rest[0].text == ".Labels" and not any(k in _MOVES_DOT for k, _ in self.blocks)
        if rest[0].text == "$labels" or dotted:
            self.label(rest[1].text[1:-1], rest[1].start + 1)

    def label(self, name: str, at: int) -> None:
        if self.labels is None or self.labels.can_have(name):
            return
        if name in self.static:
            message = (
                f"templates see the expression's labels only, and {name} is not among them: "
                "this would be empty"
            )
            hint = f"write it out: {self.static[name]}"
        else:
            message = f"the expression cannot return the label {name}: this would be empty"
            near = difflib.get_close_matches(name, sorted(self.labels.named), 1, 0.6)
            named = ", ".join(sorted(self.labels.named - {"__name__"}))
            hint = (
                f"did you mean {near[0]}?"
                if near
                else (
                    f"it returns {named}"
                    if named
                    else "it returns no labels; keep some with by (…)"
                )
            )
        self.say("template-label", message, at, max(1, len(name)), hint)

    def finish(self) -> None:
        for word, at in self.blocks:
            self.say(
                "template-syntax", f"this `{word}` is never ended", at, 2, "close it: {{ end }}"
            )
        for name, token in self.used:
            if name not in self.defined:
                self.say(
                    "template-function",
                    f'there is no template "{name}"',
                    token.start,
                    len(token.text),
                    "alert templates know only what the same text defines",
                )


def _touches(one: _Token, other: _Token) -> bool:
    return other.kind == "field" and one.start + len(one.text) == other.start
