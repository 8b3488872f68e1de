"""Seeded random PromQL, thousands of sentences a second: well-typed ones, and broken ones.

Hypothesis makes and shrinks single cases (`expressions.py`); judges that answer over HTTP or in
one batch need a corpus, and the same one on every machine.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from generator.promql.functions import SIGNATURES, Signature
from generator.values import Version

_T = TypeVar("_T")

CASES = int(os.environ.get("TOCSIN_CASES", "0"))
"""How many cases each corpus test runs; 0 stands for the test's own number."""
SEED = os.environ.get("TOCSIN_SEED", "tocsin")
"""Another seed is another corpus; a failure names the one it came from."""

_OPERATORS = (
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless",
)  # fmt: skip
_TOKEN = re.compile(
    r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`|\#[^\n]*\n?|[A-Za-z_:][\w:]*"""
    r"""|[0-9][\w.]*|[=!]~|[=!<>]=|\s+|.""",
    re.DOTALL,
)
_STRAY = (
    "(", ")", "{", "}", "[", "]", ",", ":", "@", "=", "!=", "=~", "+", "-", "^", "==", "5m", "0",
    "-1", "1e3", "by", "on", "bool", "offset", "group_left()", "and", "or", "unless", "start()",
    "end()", "step()", "sum", "rate", "x{}", '"s"', "'é'", "`r`", "inf", "NaN", "#", "5m1h", "[5m]",
    "[5m:]", '{__name__="a"}', "smoothed", "anchored", "fill(0)", "ignoring(a)", "$x", "0x1F",
    "1_0", "x:y", "</", ">/",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What sentences are made of; `target` and `experimental` choose the functions and syntax.

    `evaluated`: no name, number or time that would make every result empty or an error.
    """

    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    values: tuple[str, ...]
    target: Version
    experimental: bool
    grouping: tuple[str, ...] = ()
    """Labels of `by`, `without`, `on`, `ignoring` and `group_left`, where they are others."""
    evaluated: bool = False
    times: tuple[str, ...] = ("1609746000", "start()", "end()", "-1", "0x10", "1.5", "START( )")


ANY = Words(
    metrics=(
        "up", "http_requests_total", "a:b:rate5m", ":x", "sum", "by", "offset", "and", "start",
        "tenant", "ALERTS", "inf_", "x_bucket", "step", "anchored", "fill", "Rate", "bool_",
    ),
    labels=("job", "le", "by", "on", "sum", "offset", "code", "_a", "bool", "start", "tenant_"),
    values=("a", "", "a b", "é", "日本", "}", "{x}", "#", "\\\\", "tenant=", "]", "5m", ","),
    target=Version(3, 5),
    experimental=True,
)  # fmt: skip


class Sentences:
    """Random sentences of one vocabulary; the same seed gives the same ones."""

    def __init__(self, words: Words, seed: str) -> None:
        self.words = words
        self.random = random.Random(f"{SEED} {seed}")
        self.grouping = words.grouping or words.labels
        self.modern = words.target >= Version(3, 4)
        self.quoted = words.target >= Version(2, 55)
        self.functions = [
            (name, s)
            for name, s in sorted(SIGNATURES.items())
            if s.since <= words.target < s.until and (words.experimental or not s.experimental)
        ]
        self.by_type: dict[str, list[tuple[str, Signature]]] = {"scalar": [], "instant vector": []}
        for name, signature in self.functions:
            self.by_type[signature.returns].append((name, signature))

    def distinct(self, count: int, make: Callable[[], str] | None = None) -> list[str]:
        """So many different sentences."""
        found: dict[str, None] = {}
        while len(found) < count:
            found[(make or self.sentence)()] = None
        return list(found)

    def sentence(self) -> str:
        """A well-typed expression that returns an instant vector, sometimes another type."""
        if not self.words.evaluated and self.chance(0.06):
            return self.pick((self.scalar, self.range))(3)
        return self.vector(self.random.choice((1, 2, 2, 3, 3, 4)))

    def broken(self) -> str:
        """A sentence after one to three mutations of its tokens; by luck it may still be valid."""
        tokens = _TOKEN.findall(self.sentence())
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            at = self.random.randrange(len(tokens)) if tokens else 0
            match self.random.randrange(7):
                case 0:
                    del tokens[at : at + 1]
                case 1:
                    tokens.insert(at, self.pick(_STRAY))
                case 2 if len(tokens) > 1:
                    other = self.random.randrange(len(tokens))
                    tokens[at], tokens[other] = tokens[other], tokens[at]
                case 3:
                    tokens[at : at + 1] = [self.pick(_STRAY)]
                case 4:
                    tokens = _TOKEN.findall("".join(tokens)[: self.random.randrange(200)])
                case 5:
                    tokens[at : at + 1] = [self.of_a_type("instant vector"), " "]
                case _:
                    tokens.insert(at, tokens[at] if at < len(tokens) else ")")
        return "".join(tokens)

    # parts -------------------------------------------------------------------------------------

    def of_a_type(self, but: str) -> str:
        """An expression of any type but one, for arguments of the wrong type."""
        makers = {"scalar": self.scalar, "range": self.range, "instant vector": self.vector}
        return self.pick([make for type_, make in makers.items() if type_ != but])(1)

    def vector(self, depth: int) -> str:
        if depth <= 0:
            return self.selector() + self.moved()
        make = self.pick(
            (self.aggregate, self.aggregate, self.call, self.call, self.call, self.binary,
             self.binary, self.paren, self.sign, self.selected)
        )  # fmt: skip
        return make(depth - 1)

    def selected(self, depth: int) -> str:
        del depth
        return self.selector() + self.moved()

    def paren(self, depth: int) -> str:
        return f"({self.space()}{self.vector(depth)}{self.close()})"

    def sign(self, depth: int) -> str:
        return self.pick("-+") + self.space() + self.vector(depth)

    def selector(self) -> str:
        words = self.words
        matchers = [self.matcher() for _ in range(self.random.choice((0, 0, 0, 1, 1, 2)))]
        metric = self.pick(words.metrics)
        if self.chance(0.15):
            name = self.pick((f'__name__="{metric}"', f'__name__=~"{metric}|x"'))
            if self.quoted and self.chance(0.5):
                name = f'"{metric}"' if words.evaluated else self.pick(('"my.metric"', '"é"'))
            matchers.insert(0, name)
            metric = ""
        if not matchers:
            return metric + self.pick(("", "", "", "{}", "{ }"))
        comma = self.space() + "," + self.space()
        tail = self.pick(("", "", "", ",", " , "))
        return f"{metric}{self.space()}{{{self.space()}{comma.join(matchers)}{tail}}}"

    def matcher(self) -> str:
        words, op = self.words, self.pick(("=", "=", "!=", "=~", "!~"))
        label = self.pick(words.labels)
        if self.quoted and self.chance(0.1):
            label = f'"{label}"' if words.evaluated else self.pick(('"a.b"', '"é"', "'job'"))
        value = self.string(self.pick(words.values))
        if op in ("=~", "!~"):
            value = self.pick(('".*"', '".+"', "'a|b'", '"[^}]+"', "`\\d+`", '"x{2}"', '""'))
        return f"{label}{self.space()}{op}{self.space()}{value}"

    def string(self, value: str) -> str:
        return self.pick((f'"{value}"', f"'{value}'", f"`{value}`", f'"{value}"'))

    def moved(self) -> str:
        offset = self.pick(("", "", "", f" offset {self.offset()}"))
        at = self.pick(("", "", "", "", f" @{self.space()}{self.pick(self.words.times)}"))
        return offset + at if self.chance(0.5) else at + offset

    def offset(self) -> str:
        plain = self.pick(("5m", "-5m", "1h30m", "- 90s", "1m"))
        if not self.modern:
            return plain
        signs = self.pick((plain, plain, "300", "-1.5e2"))
        if self.words.experimental and self.chance(0.2):
            return self.pick(("(5m*2)", "(1m+ 30s)", "-(5m)", "(2^3)", "(1h/2)"))
        return signs

    def duration(self) -> str:
        plain = self.pick(("5m", "10m", "1h", "1h30m", "90s", "30m"))
        if not self.modern:
            return plain
        if self.words.experimental and self.chance(0.15):
            return self.pick(("5m+1m", "2*5m", "(10m)", "1h-30m", "5m * 2", "1h % 37m"))
        return self.pick((plain, plain, plain, "600", "1_000"))

    def range(self, depth: int) -> str:
        if depth > 0 and self.chance(0.35):
            inner = self.vector(depth - 1)
            step = self.pick(("", "1m", " 30s ", "2m"))
            return f"({inner}{self.close()})[{self.duration()}:{step}]{self.moved()}"
        return f"{self.selector()}{self.space()}[{self.duration()}]{self.moved()}"

    def scalar(self, depth: int) -> str:
        numbers = ["1", "2.5", "0", "100", ".5", "1e3"]
        if not self.words.evaluated:
            numbers += ["Inf", "NaN", "0x1F", "017", "-1", "5m", "1_000"]
        if depth <= 0 or self.chance(0.5):
            return self.pick(numbers)
        if self.chance(0.3):
            op = self.pick(("+", "-", "*", "> bool", "== bool"))
            return f"({self.scalar(depth - 1)} {op} {self.scalar(depth - 1)})"
        name, signature = self.pick(self.by_type["scalar"])
        return self.called(name, signature, depth - 1)

    def call(self, depth: int) -> str:
        name, signature = self.pick(self.by_type["instant vector"])
        return self.called(name, signature, depth)

    def called(self, name: str, signature: Signature, depth: int) -> str:
        types = list(signature.args)
        if signature.variadic:
            least = len(types) - 1
            most = least + (signature.variadic if signature.variadic > 0 else 3)
            count = self.random.randint(least, most)
            types = (types + [types[-1]] * count)[:count]
        if name == "info":
            selector = self.pick(("{}", '{job="a"}', '{ code = "x" , }'))
            return f"info({self.vector(depth)}{self.close()}, {selector})"
        args = [self.argument(type_, depth) for type_ in types]
        if name in ("label_replace", "label_join", "sort_by_label", "sort_by_label_desc"):
            args[1:] = self.label_arguments(name)
        return f"{name}{self.space()}({(self.close() + ',').join(args)}{self.close()})"

    def argument(self, type_: str, depth: int) -> str:
        match type_:
            case "instant vector":
                return self.vector(depth)
            case "range vector":
                return self.range(depth)
            case "scalar":
                return self.scalar(depth)
            case _:
                return self.string(self.pick(self.words.values))

    def label_arguments(self, name: str) -> list[str]:
        source, other = self.pick(self.words.labels), self.pick(self.words.labels)
        match name:
            case "label_replace":
                return ['"dst"', self.pick(('"$1"', "'x'")), f'"{source}"', '"(.*)"']
            case "label_join":
                return ['"dst"', '"-"', f'"{source}"', f"'{other}'"]
            case _:
                return [f'"{source}"', f'"{other}"']

    def aggregate(self, depth: int) -> str:
        plain = ["sum", "avg", "max", "min", "count", "group", "stddev", "stdvar", "SUM", "Max"]
        ops = [*plain, "topk", "bottomk", "quantile", "count_values"]
        if self.modern and self.words.experimental:
            ops += ["limitk", "limit_ratio"]
        op, inner = self.pick(ops), self.vector(depth) + self.close()
        if op == "count_values":
            inner = f'"val", {inner}'
        elif op not in plain:
            inner = f"{self.scalar(depth)}{self.close()}, {inner}"
        grouping = f"{self.pick(('by', 'without', 'BY'))}{self.space()}({self.label_list()})"
        match self.random.randrange(3):
            case 0:
                return f"{op}{self.space()}({inner})"
            case 1:
                return f"{op} {grouping}{self.space()}({inner})"
            case _:
                return f"{op}({inner}) {grouping}"

    def label_list(self) -> str:
        labels = list(self.random.sample(self.grouping, self.random.choice((0, 1, 1, 2))))
        if self.quoted and not self.words.evaluated and self.chance(0.1):
            labels.append('"a.b"')
        return ", ".join(labels) + (self.pick(("", ",")) if labels else "")

    def binary(self, depth: int) -> str:
        op, left = self.pick(_OPERATORS), self.vector(depth)
        is_set = op in ("and", "or", "unless")
        if not is_set and self.chance(0.3):
            number = self.scalar(1)
            sides = (left, number) if self.chance(0.6) else (number, left)
            boolean = self.pick(("", " bool")) if op[0] in "=!<>" else ""
            return f"{sides[0]}{self.gap()}{op}{boolean}{self.gap()}{sides[1]}"
        right = self.vector(depth)
        words = " bool" if op[0] in "=!<>" and self.chance(0.3) else ""
        if self.chance(0.5):
            labels = self.random.sample(self.grouping, self.random.choice((0, 1, 2)))
            words += f" {self.pick(('on', 'ignoring', 'ON'))}{self.space()}({', '.join(labels)})"
            if not is_set and self.chance(0.4):
                free = [label for label in self.grouping if label not in labels]
                include = self.pick(("", "()", f"({self.pick(free)})"))
                words += f" {self.pick(('group_left', 'group_right'))} {include}"
        text = f"{left}{self.gap()}{op.upper() if self.chance(0.05) else op}{words}{self.gap()}"
        return text + right

    # letters -----------------------------------------------------------------------------------

    def space(self) -> str:
        return self.pick(("", "", "", "", "", " ", "\n", "\t", " # { or }\n"))

    def gap(self) -> str:
        return self.pick((" ", " ", " ", "\n", "\t ", " # note )\n"))

    def close(self) -> str:
        return self.pick(("", "", "", "", " ", "\n"))

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def pick(self, choices: Sequence[_T]) -> _T:
        return self.random.choice(choices)
