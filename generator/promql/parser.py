"""Our own PromQL parser: precedence climbing over the tokens, every node with its span.

Accepts what Prometheus 2.42 to 3.5 accept, experimental syntax included; which of it a target
version knows, and whether types fit, is `functions.check_types`. Nothing here changes text.
"""

from __future__ import annotations

import re
from dataclasses import replace

from generator.promql.lexer import Token, tokens, unquote
from generator.promql.problems import PromqlSyntaxError
from generator.promql.tree import (
    AGGREGATIONS,
    Aggregate,
    At,
    Binary,
    Call,
    Expr,
    Matcher,
    Matching,
    Number,
    Paren,
    RangeSelector,
    Span,
    String,
    Subquery,
    Unary,
    Variable,
    VectorSelector,
)
from generator.values import Duration

MAX_DEPTH = 100
"""How deep parentheses, calls and braces may nest."""
MAX_HEIGHT = 200
"""How high the tree may grow, chains of operators included."""
_MAX_MS = 2**63 // 1_000_000

_PRECEDENCE = {
    "or": 1,
    "and": 2,
    "unless": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_UNARY = 6
_WORDS = frozenset({"and", "or", "unless", "atan2"})
_NUMBERS = frozenset({"inf", "nan"})
_NO_METRIC = frozenset({"bool", "on", "ignoring", "group_left", "group_right", "atan2"})
_NO_FUNCTION = _NO_METRIC | {"and", "or", "unless", "by", "without", "offset", "start", "end"}
_NO_LABEL = frozenset({"without", "inf", "nan"})
_OPERATORS = ("=", "!=", "=~", "!~")
_INTEGER = re.compile(r"0[xX]_?[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*|[0-9]+(?:_[0-9]+)*")
_FLOAT = re.compile(r"(?:[0-9]+(?:_[0-9]+)*\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def parse(text: str, *, variables: bool = False) -> Expr:
    """The syntax tree of one expression.

    With `variables`, Grafana's `$x`, `${x}`, `${x:fmt}`, `[[x]]` and the placeholder `$window`
    may stand for durations, labels and operands. Raises PromqlSyntaxError.
    """
    parser = _Parser(text, variables)
    if parser.kind == "end":
        raise PromqlSyntaxError("there is no expression here", 0, max(1, len(text)))
    expr = parser.expression(1)
    if parser.kind != "end":
        raise parser.unexpected("the expression is complete before it")
    return expr


class _Parser:
    """One pass over the tokens of `text`; `kind`, `text_` and `at` are the current token."""

    __slots__ = ("at", "depth", "height", "index", "kind", "source", "text_", "tokens")

    def __init__(self, source: str, variables: bool) -> None:
        self.source = source
        self.tokens: list[Token] = tokens(source, variables=variables)
        self.index = 0
        self.depth = 0
        self.height = 0
        self.kind, self.text_, self.at = self.tokens[0]

    # tokens ------------------------------------------------------------------------------

    def advance(self) -> None:
        self.index += 1
        self.kind, self.text_, self.at = self.tokens[self.index]

    def take(self, kind: str, what: str) -> int:
        """Consume a token of this kind and return the offset after it."""
        if self.kind != kind:
            raise self.unexpected(f"expected {what}")
        end = self.at + len(self.text_)
        self.advance()
        return end

    @property
    def following(self) -> Token:
        return self.tokens[min(self.index + 1, len(self.tokens) - 1)]

    def unexpected(self, why: str, hint: str | None = None) -> PromqlSyntaxError:
        if self.kind == "end":
            return PromqlSyntaxError(f"the expression ends too early: {why}", self.at, 1, hint)
        shown = self.text_ if len(self.text_) <= 40 else self.text_[:37] + "..."
        return PromqlSyntaxError(f"unexpected {shown}: {why}", self.at, len(self.text_), hint)

    # operators ---------------------------------------------------------------------------

    def operator(self) -> str | None:
        if self.kind in _PRECEDENCE:
            return self.kind
        if self.kind == "word":
            low = self.text_.lower()
            return low if low in _WORDS else None
        return None

    def expression(self, minimum: int) -> Expr:
        left = self.operand()
        height = self.height
        while (op := self.operator()) and (level := _PRECEDENCE[op]) >= minimum:
            op_start = self.at
            op_end = self.at + len(self.text_)
            self.advance()
            boolean, matching = False, None
            if self.kind == "word" and self.text_.lower() in ("bool", "on", "ignoring"):
                boolean, matching, op_end = self.modifiers(op_end)
            right = self.expression(level if op == "^" else level + 1)
            height = self.grown(max(height, self.height), op_start)
            left = Binary(
                left.start, right.end, op, left, right, boolean, matching, op_start, op_end
            )
        self.height = height
        return left

    def grown(self, height: int, at: int) -> int:
        if height >= MAX_HEIGHT:
            raise PromqlSyntaxError(
                f"this expression chains or nests more than {MAX_HEIGHT} operations",
                at,
                1,
                "split it with recording rules",
            )
        return height + 1

    def modifiers(self, end: int) -> tuple[bool, Matching | None, int]:
        boolean = self.text_.lower() == "bool"
        if boolean:
            end = self.take("word", "bool")
        word = self.text_.lower() if self.kind == "word" else ""
        if word not in ("on", "ignoring"):
            return boolean, None, end
        self.advance()
        labels, end = self.labels()
        side = self.text_.lower() if self.kind == "word" else ""
        if side not in ("group_left", "group_right"):
            return boolean, Matching(word == "on", labels), end
        end = self.take("word", side)
        include: tuple[str, ...] = ()
        if self.kind == "(":
            include, end = self.labels()
        return boolean, Matching(word == "on", labels, side[6:], include), end

    def labels(self) -> tuple[tuple[str, ...], int]:
        self.take("(", "`(` and label names")
        names: list[str] = []
        while self.kind != ")":
            names.append(self.label())
            if self.kind != ")":
                self.take(",", "`,` or `)` between label names")
        return tuple(names), self.take(")", "`)`")

    def label(self) -> str:
        if self.kind == "string":
            name = unquote(self.text_, self.at)
            if not name:
                raise self.unexpected("a label name cannot be empty")
        elif self.kind == "variable" or (
            self.kind == "word" and self.text_.lower() not in _NO_LABEL
        ):
            name = self.text_
        else:
            raise self.unexpected("expected a label name")
        self.advance()
        return name

    # operands ----------------------------------------------------------------------------

    def operand(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PromqlSyntaxError(
                f"this expression nests deeper than {MAX_DEPTH} levels",
                self.at,
                max(1, len(self.text_)),
                "split it with recording rules",
            )
        kind, start = self.kind, self.at
        if kind == "+" or kind == "-":
            self.advance()
            inner = self.expression(_UNARY)
            self.height = self.grown(self.height, start)
            expr: Expr = Unary(start, inner.end, kind, inner)
        else:
            expr = self.primary()
            if self.kind == "[" or self.kind == "@" or self.kind == "word":
                expr = self.postfix(expr)
        self.depth -= 1
        return expr

    def primary(self) -> Expr:
        kind, text, start = self.kind, self.text_, self.at
        self.height = 1
        if kind == "word":
            return self.word(text, start)
        if kind == "number" or kind == "duration":
            self.advance()
            value = self.seconds(kind, text, start)
            return Number(start, start + len(text), text, value, kind == "duration")
        if kind == "(":
            self.advance()
            inner = self.expression(1)
            end = self.take(")", "`)`")
            self.height = self.grown(self.height, start)
            return Paren(start, end, inner)
        if kind == "{":
            return self.selector(None, start, start, False)
        if kind == "string":
            value_ = unquote(text, start)
            self.advance()
            return String(start, start + len(text), value_)
        if kind == "variable":
            self.advance()
            if self.kind in ("{", "["):
                return self.selector(text, start, start + len(text), True)
            return Variable(start, start + len(text), text)
        raise self.unexpected("expected a metric, a number, a function or `(`")

    def word(self, text: str, start: int) -> Expr:
        low = text.lower()
        following, then, _ = self.following
        if low in AGGREGATIONS and (
            following == "(" or (following == "word" and then.lower() in ("by", "without"))
        ):
            return self.aggregate(low, start)
        if following == "(":
            if low in _NO_FUNCTION or low in _NUMBERS or ":" in text:
                raise self.unexpected("this is no function")
            return self.call(text, start)
        if low in _NUMBERS:
            self.advance()
            return Number(start, start + len(text), text, float(low))
        if low in _NO_METRIC:
            raise self.unexpected("this keyword cannot name a metric")
        self.advance()
        return self.selector(text, start, start + len(text), False)

    def call(self, name: str, start: int) -> Call:
        self.advance()
        paren = self.at
        args, end = self.arguments()
        self.height = self.grown(self.height, start)
        return Call(start, end, name, args, paren)

    def arguments(self) -> tuple[tuple[Expr, ...], int]:
        self.take("(", "`(`")
        args: list[Expr] = []
        height = 1
        while self.kind != ")":
            args.append(self.expression(1))
            height = max(height, self.height)
            if self.kind == ")":
                break
            self.take(",", "`,` or `)` after an argument")
            if self.kind == ")":
                raise self.unexpected("an argument is missing after the comma")
        self.height = height
        return tuple(args), self.take(")", "`)`")

    def aggregate(self, op: str, start: int) -> Aggregate:
        self.advance()
        grouping, begin, finish = "", -1, -1
        labels: tuple[str, ...] = ()
        if self.kind == "word":
            grouping, labels, begin, finish = self.grouping()
        paren = self.at
        args, close = self.arguments()
        height = self.height
        end = close
        if not grouping and self.kind == "word" and self.text_.lower() in ("by", "without"):
            grouping, labels, begin, finish = self.grouping()
            end = finish
        self.height = self.grown(height, start)
        return Aggregate(start, end, op, args, grouping, labels, paren, close, begin, finish)

    def grouping(self) -> tuple[str, tuple[str, ...], int, int]:
        start, word = self.at, self.text_.lower()
        self.advance()
        labels, end = self.labels()
        return word, labels, start, end

    # selectors ---------------------------------------------------------------------------

    def selector(self, metric: str | None, start: int, end: int, variable: bool) -> VectorSelector:
        brace = -1
        matchers: tuple[Matcher, ...] = ()
        if self.kind == "{":
            brace = self.at
            matchers, end = self.matchers()
            if metric is not None and not variable:
                for matcher in matchers:
                    if matcher.name == "__name__":
                        raise PromqlSyntaxError(
                            f"the metric's name is set twice: {metric} and {matcher.value}",
                            matcher.start,
                            matcher.end - matcher.start,
                        )
        return VectorSelector(start, end, metric, matchers, brace, end, None, None, variable)

    def matchers(self) -> tuple[tuple[Matcher, ...], int]:
        self.advance()
        found: list[Matcher] = []
        while self.kind != "}":
            found.append(self.matcher())
            if self.kind == "}":
                break
            if self.kind == "word" and self.text_.lower() == "or":
                raise self.unexpected(
                    "`or` inside braces is not PromQL (VictoriaMetrics only)",
                    "write two selectors with `or` between them, or one regex matcher",
                )
            self.take(",", "`,` or `}` after a matcher")
        return tuple(found), self.take("}", "`}`")

    def matcher(self) -> Matcher:
        kind, text, start = self.kind, self.text_, self.at
        if kind == "string":
            name = unquote(text, start)
        elif (kind == "word" and ":" not in text) or kind == "variable":
            name = text
        else:
            raise self.unexpected("expected a label name or `}`")
        end = start + len(text)
        self.advance()
        if kind == "string" and self.kind in (",", "}"):
            return Matcher(start, end, "__name__", "=", name, True, True)
        op = self.kind
        if op not in _OPERATORS:
            raise self.unexpected(
                "expected =, !=, =~ or !~ after the label name",
                "one `=` compares labels" if op == "==" else None,
            )
        self.advance()
        if self.kind != "string":
            raise self.unexpected("expected the label's value in quotes")
        value, end = unquote(self.text_, self.at), self.at + len(self.text_)
        self.advance()
        return Matcher(start, end, name, op, value, kind == "string", False, kind == "variable")

    # what follows an operand -------------------------------------------------------------

    def postfix(self, expr: Expr) -> Expr:
        while True:
            if self.kind == "[":
                expr = self.bracket(expr)
            elif self.kind == "@":
                expr = self.at_modifier(expr)
            elif self.kind == "word" and self.text_.lower() == "offset":
                expr = self.offset(expr)
            else:
                return expr

    def bracket(self, expr: Expr) -> Expr:
        opening = self.at
        self.advance()
        range_ = self.positive()
        if self.kind == ":":
            self.advance()
            step = None if self.kind == "]" else self.positive()
            end = self.take("]", "`]`")
            self.height = self.grown(self.height, opening)
            return Subquery(expr.start, end, expr, range_, step)
        end = self.take("]", "`:` or `]`")
        if isinstance(expr, Variable):
            expr = VectorSelector(
                expr.start, expr.end, expr.text, (), -1, expr.end, None, None, True
            )
        if not isinstance(expr, VectorSelector):
            raise PromqlSyntaxError(
                "a range can follow a selector only",
                opening,
                end - opening,
                "write a subquery: " + self.source[opening : end - 1] + ":]",
            )
        if expr.offset or expr.at:
            raise PromqlSyntaxError(
                "the range must stand before `offset` and `@`", opening, end - opening
            )
        return RangeSelector(expr.start, end, expr, range_)

    def offset(self, expr: Expr) -> Expr:
        start = self.at
        self.advance()
        if not isinstance(expr, VectorSelector | RangeSelector | Subquery):
            raise PromqlSyntaxError(
                "`offset` can follow a selector, a range or a subquery only", start, 6
            )
        if expr.offset:
            raise PromqlSyntaxError("`offset` is set twice", start, 6)
        span = self.offset_span()
        return replace(expr, offset=span, end=span.end)

    def offset_span(self) -> Span:
        start, sign = self.at, ""
        if self.kind in ("+", "-"):
            sign = self.kind
            self.advance()
        if self.kind in ("number", "duration", "variable"):
            span = self.literal()
            ms = -span.ms if sign == "-" and span.ms is not None else span.ms
            return replace(span, start=start, text=self.source[start : span.end], ms=ms)
        if self.kind not in ("(", "+", "-"):
            raise self.unexpected("expected a duration after `offset`")
        end = self.duration_expr(1)
        return Span(start, end, self.source[start:end], arithmetic=True)

    def at_modifier(self, expr: Expr) -> Expr:
        start = self.at
        self.advance()
        if not isinstance(expr, VectorSelector | RangeSelector | Subquery):
            raise PromqlSyntaxError(
                "`@` can follow a selector, a range or a subquery only", start, 1
            )
        if expr.at:
            raise PromqlSyntaxError("`@` is set twice", start, 1)
        at = self.timestamp(start)
        return replace(expr, at=at, end=at.end)

    def timestamp(self, start: int) -> At:
        if self.kind == "word" and self.text_.lower() in ("start", "end"):
            word = self.text_.lower()
            self.advance()
            self.take("(", f"`()` after {word}")
            return At(start, self.take(")", "`)`"), f"{word}()")
        begin = self.at
        if self.kind in ("+", "-"):
            self.advance()
        infinite = self.kind == "word" and self.text_.lower() in _NUMBERS
        if infinite or self.kind not in ("number", "duration", "variable"):
            raise self.unexpected("expected a Unix time, start() or end() after `@`")
        if self.kind != "variable" and self.seconds(self.kind, self.text_, self.at) >= 2**63:
            raise self.unexpected("this time is out of range")
        end = self.at + len(self.text_)
        self.advance()
        return At(start, end, self.source[begin:end])

    # durations and numbers ---------------------------------------------------------------

    def positive(self) -> Span:
        """A range or a step: a literal, a variable or arithmetic."""
        start, index = self.at, self.index
        if self.kind in ("number", "duration", "variable"):
            span = self.literal()
            if self.kind in (":", "]"):
                if span.ms is not None and span.ms <= 0:
                    raise PromqlSyntaxError(
                        "this duration must be greater than 0", start, span.end - start
                    )
                return span
            self.index = index - 1
            self.advance()
        end = self.duration_expr(1)
        text = self.source[start:end]
        if text[0] == "-" and text[1:2].isdigit() and self.index == index + 2:
            raise PromqlSyntaxError("this duration must be greater than 0", start, end - start)
        return Span(start, end, text, arithmetic=True)

    def literal(self) -> Span:
        kind, text, start = self.kind, self.text_, self.at
        ms = None if kind == "variable" else self.seconds(kind, text, start) * 1000
        if ms is not None and ms > _MAX_MS:
            raise self.unexpected("this duration is out of range")
        self.advance()
        return Span(start, start + len(text), text, ms, kind == "variable", False, kind == "number")

    def duration_expr(self, minimum: int) -> int:
        """Skip duration arithmetic; returns the offset after it."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.unexpected(f"this nests deeper than {MAX_DEPTH} levels")
        if self.kind in ("+", "-"):
            self.advance()
            end = self.duration_expr(_UNARY)
        elif self.kind == "(":
            self.advance()
            self.duration_expr(1)
            end = self.take(")", "`)`")
        elif self.kind in ("number", "duration", "variable"):
            end = self.literal().end
        else:
            raise self.unexpected("expected a duration", "durations are like 5m, 1h30m")
        while self.kind in ("+", "-", "*", "/", "%", "^"):
            op, level = self.kind, _PRECEDENCE[self.kind]
            if level < minimum:
                break
            self.advance()
            if op in "/%" and self.kind in ("number", "duration") and not self.literal_value():
                raise self.unexpected("division by zero")
            end = self.duration_expr(level if op == "^" else level + 1)
        self.depth -= 1
        return end

    def literal_value(self) -> float:
        return self.seconds(self.kind, self.text_, self.at)

    def seconds(self, kind: str, text: str, at: int) -> float:
        """The value of a number or a duration literal."""
        try:
            if kind == "duration":
                return float(Duration.parse(text).seconds)
            if _INTEGER.fullmatch(text):
                digits = text.replace("_", "").lower()
                if digits.startswith("0x"):
                    return float(int(digits, 16))
                octal = len(digits) > 1 and digits[0] == "0" and not set(digits) & {"8", "9"}
                return float(int(digits, 8 if octal else 10))
            if _FLOAT.fullmatch(text):
                return float(text)
        except (ValueError, OverflowError):
            pass
        raise PromqlSyntaxError(
            f"{text} is no valid {kind}",
            at,
            len(text),
            "units from the largest to the smallest, each once: 1d12h, 1h30m"
            if kind == "duration"
            else None,
        )
