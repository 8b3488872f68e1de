"""The checks Prometheus makes when it parses: functions, argument counts, types, target version.

What a declared metric's type allows is `check.py`.
"""

from __future__ import annotations

import difflib
import re

from generator.promql import gates
from generator.promql.functions import SIGNATURES, Signature, functions
from generator.promql.problems import Problem, in_order
from generator.promql.regex import regex_error, regex_matches_empty
from generator.promql.tree import (
    AGGREGATIONS,
    COMPARISON,
    PARAMETRIC,
    SET,
    Aggregate,
    Binary,
    Call,
    Expr,
    Matcher,
    Number,
    Paren,
    RangeSelector,
    String,
    Subquery,
    Unary,
    Variable,
    VectorSelector,
    walk,
)
from generator.values import Version

_V, _M, _S, _T = "instant vector", "range vector", "scalar", "string"

_BUILT_IN_SCALARS = re.compile(
    r"\$\{?(?:__(?:range_s|range_ms|interval_ms|rate_interval_ms|from|to)\b.*)|\[\[__.*"
)


def check_types(expr: Expr, target: Version, *, experimental: bool = False) -> list[Problem]:
    """Everything the target would refuse to parse, beyond the grammar, in the order of the text.

    Unknown functions, argument counts and types, operands, syntax newer than the target, and
    experimental features, which need a flag that `experimental` says is set.
    """
    check = _Check(target, experimental)
    check.of(expr)
    return list(in_order(check.problems))


def type_of(expr: Expr) -> str:
    """`instant vector`, `range vector`, `scalar` or `string`; `unknown` for most variables."""
    while isinstance(expr, Paren | Unary):
        expr = expr.expr
    match expr:
        case VectorSelector() | Aggregate():
            return _V
        case RangeSelector() | Subquery():
            return _M
        case Number():
            return _S
        case String():
            return _T
        case Call():
            known = SIGNATURES.get(expr.function)
            return known.returns if known else "unknown"
        case Binary():
            types = {type_of(expr.lhs), type_of(expr.rhs)}
            if _V in types:
                return _V
            return "unknown" if "unknown" in types else _S
        case Variable():
            return _S if _BUILT_IN_SCALARS.fullmatch(expr.text) else "unknown"
        case _:
            return "unknown"


class _Check:
    def __init__(self, target: Version, experimental: bool) -> None:
        self.target = target
        self.experimental = experimental
        self.problems: list[Problem] = []
        self.gate = gates.Gate(target, experimental, self.problems)

    def report(
        self, message: str, start: int, end: int, hint: str | None = None, code: str = "promql-type"
    ) -> None:
        self.problems.append(Problem(code, message, start, max(1, end - start), hint))

    def of(self, expr: Expr) -> None:
        info_selectors: set[int] = set()
        for node in walk(expr):
            match node:
                case Call():
                    self.call(node)
                    if node.function == "info" and len(node.args) > 1:
                        info_selectors.add(id(node.args[1]))
                case Aggregate():
                    self.aggregate(node)
                case Binary():
                    self.binary(node)
                case Unary():
                    if type_of(node.expr) not in (_V, _S, "unknown"):
                        self.report(
                            f"a sign needs a number or a vector, not a {type_of(node.expr)}",
                            node.start,
                            node.end,
                        )
                case VectorSelector():
                    self.selector(node, id(node) in info_selectors)
                case RangeSelector():
                    self.gate.span(node.range)
                case Subquery():
                    self.subquery(node)
                case Number():
                    self.gate.number(node)
                case _:
                    pass
            offset = getattr(node, "offset", None)
            if offset is not None:
                self.gate.offset(offset)
            extended = getattr(node, "extended", None)
            if extended is not None:
                self.gate.extended(extended)
            at = getattr(node, "at", None)
            if at is not None:
                self.gate.at(at)

    def call(self, node: Call) -> None:
        name, count = node.function, len(node.args)
        known = SIGNATURES.get(name)
        if known is None or not known.since <= self.target < known.until:
            self.unknown(node, known)
            if known is None:
                return
        elif known.flagged(self.target) and not self.experimental:
            self.gate.flag(
                f"{name}() is experimental", node.start, node.start + len(name), "functions"
            )
        least = len(known.args) - (1 if known.variadic else 0)
        most = least + known.variadic if known.variadic >= 0 else None
        if count < least or (most is not None and count > most):
            wants = (
                f"{least}"
                if most == least
                else f"{least} or more"
                if most is None
                else (f"{least} to {most}")
            )
            self.report(
                f"{name}() takes {wants} argument{'' if wants == '1' else 's'}, here are {count}",
                node.start,
                node.end,
            )
            return
        for index, arg in enumerate(node.args):
            self.expect(arg, known.args[min(index, len(known.args) - 1)], f"{name}()")
        if name == "info" and count > 1:
            selector = node.args[1]
            if not isinstance(selector, VectorSelector) or selector.metric is not None:
                self.report(
                    "info() takes label matchers in braces as its second argument",
                    selector.start,
                    selector.end,
                )

    def unknown(self, node: Call, known: Signature | None) -> None:
        name, end = node.function, node.start + len(node.function)
        if known is None:
            names = sorted(functions(self.target, experimental=True) | AGGREGATIONS)
            near = difflib.get_close_matches(name, names, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else None
            self.report(f"there is no function {name}()", node.start, end, hint, "promql-function")
        elif self.target < known.since:
            self.gate.newer(f"{name}()", known.since, node.start, end)
        else:
            self.report(
                f"{name}() is gone since Prometheus {known.until}",
                node.start,
                end,
                "use double_exponential_smoothing(), which is experimental",
                "promql-version",
            )

    def expect(self, node: Expr, wanted: str, where: str) -> None:
        got = type_of(node)
        if got in (wanted, "unknown"):
            return
        hint = None
        if wanted == _M and isinstance(node, VectorSelector):
            hint = "give it a range: [5m]"
        elif wanted == _M and got == _V:
            hint = "give it a range with a subquery: [5m:]"
        elif wanted == _V and got == _M:
            hint = "drop the range, or reduce it with rate(), avg_over_time(), …"
        elif wanted == _S and got == _V:
            hint = "wrap it in scalar()"
        elif wanted == _V and got == _S:
            hint = "wrap it in vector()"
        self.report(
            f"{where} needs {_article(wanted)} here, not {_article(got)}",
            node.start,
            node.end,
            hint,
        )

    def aggregate(self, node: Aggregate) -> None:
        wants = 2 if node.op in PARAMETRIC else 1
        if node.op in ("limitk", "limit_ratio"):
            if self.target < gates.LIMITS:
                self.gate.newer(node.op, gates.LIMITS, node.start, node.start + len(node.op))
            elif not self.experimental:
                self.gate.flag(
                    f"{node.op} is experimental", node.start, node.start + len(node.op), "functions"
                )
        self.gate.grouping(node.labels, node.quoted, node.grouping_start, node.grouping_end)
        if len(node.args) != wants:
            self.report(
                f"{node.op} takes {wants} argument{'s' if wants > 1 else ''}, here are "
                f"{len(node.args)}",
                node.start,
                node.end,
                "labels to keep go into by (…)" if len(node.args) > wants else None,
            )
            return
        self.expect(node.args[-1], _V, node.op)
        if wants == 2:
            self.expect(node.args[0], _T if node.op == "count_values" else _S, node.op)

    def binary(self, node: Binary) -> None:
        left, right = type_of(node.lhs), type_of(node.rhs)
        where = (node.op_start, node.op_end)
        for side, type_ in ((node.lhs, left), (node.rhs, right)):
            if type_ not in (_V, _S, "unknown"):
                self.report(
                    f"{node.op} needs numbers or instant vectors, not {_article(type_)}",
                    side.start,
                    side.end,
                    "drop the range, or reduce it with rate(), avg_over_time(), …"
                    if type_ == _M
                    else None,
                )
        self.gate.operator(node)
        if node.fill and (node.op in SET or _S in (left, right)):
            self.report(f"{node.fill[0][0]}() works between instant vectors only", *where)
        if node.bool and node.op not in COMPARISON:
            self.report("`bool` goes with comparisons only", *where)
        if node.op in COMPARISON and not node.bool and left == right == _S:
            self.report(
                "two numbers can be compared with `bool` only", *where, f"write {node.op} bool"
            )
        if node.op in SET and _S in (left, right):
            self.report(
                f"{node.op} works between instant vectors, not numbers", *where, "use vector(…)"
            )
        if node.matching is not None:
            self.matching(node, left, right)

    def matching(self, node: Binary, left: str, right: str) -> None:
        assert node.matching is not None
        where = (node.op_start, node.op_end)
        names = node.matching.labels + node.matching.include
        self.gate.grouping(names, node.matching.quoted, *where)
        if node.matching.labels and _S in (left, right):
            self.report("on() and ignoring() work between instant vectors only", *where)
        if node.matching.group and node.op in SET:
            self.report(f"group_{node.matching.group} cannot go with {node.op}", *where)
        both = set(node.matching.labels) & set(node.matching.include)
        if node.matching.on and both:
            name = min(both)
            self.report(
                f"{name} stands in on() and in group_{node.matching.group}() at once", *where
            )

    def selector(self, node: VectorSelector, may_be_empty: bool) -> None:
        for matcher in node.matchers:
            if matcher.quoted and self.target < gates.QUOTED_NAMES:
                self.gate.newer(
                    "a quoted name in braces", gates.QUOTED_NAMES, matcher.start, matcher.end
                )
            if matcher.op in ("=~", "!~") and (why := regex_error(matcher.value)):
                self.report(
                    f"the regex of {matcher.name} is not valid: {why}",
                    matcher.start,
                    matcher.end,
                    "regexes are RE2: no look-around, no back-references",
                    "promql-regex",
                )
        if node.metric is None and not may_be_empty and all(map(_matches_empty, node.matchers)):
            self.report(
                "this selects every series: at least one matcher must not match the empty value",
                node.start,
                node.body_end,
                "name a metric",
            )

    def subquery(self, node: Subquery) -> None:
        if type_of(node.expr) not in (_V, "unknown"):
            self.report(
                f"a subquery needs an instant vector, not {_article(type_of(node.expr))}",
                node.expr.start,
                node.expr.end,
            )
        self.gate.span(node.range)
        if node.step is not None:
            self.gate.span(node.step)


def _article(type_: str) -> str:
    return f"an {type_}" if type_[0] in "aeiou" else f"a {type_}"


def _matches_empty(matcher: Matcher) -> bool:
    match matcher.op:
        case "=":
            return matcher.value == ""
        case "!=":
            return matcher.value != ""
        case op:
            return regex_matches_empty(matcher.value) == (op == "=~")
