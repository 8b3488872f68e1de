"""The template language of packs: Jinja2 cut down to what a pack needs, and bounded.

A text may name values, choose by a condition, compute with numbers, join texts and walk over a
mapping. Everything else (calls, macros, assignments, attributes of objects) is refused before it
runs. What is left is counted, not timed, so that a template ends the same way on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import filters, nodes
from jinja2.environment import TemplateExpression
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment

from generator.values import Duration, plain

MAX_SOURCE = 10_000
"""Characters of one text of a pack."""
MAX_RENDERED = 20_000
"""Characters that one text may become, and that any part of it may have on the way."""
MAX_STEPS = 10_000
"""Turns of all the loops of one text."""
MAX_DEPTH = 30
"""Levels of blocks and operators inside one another."""
_MAX_OPERANDS = 50
_MAX_NUMBER = 10**30

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.If,
    nodes.For,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Neg,
    nodes.Pos,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Div,
    nodes.Concat,
    nodes.Getattr,
    nodes.Getitem,
    nodes.List,
    nodes.Tuple,
    nodes.Pair,
    nodes.Keyword,
)
_WORDS: Mapping[type[nodes.Node], str] = {
    nodes.Call: "a call",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "a macro",
    nodes.Pow: "a power",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Extends: "extends",
}
_LOOP = frozenset({"index", "index0", "first", "last", "length"})


class TemplateRefused(jinja2.TemplateError):
    """A template asks for what packs do not have, or for too much of it."""


def render(source: str, context: Mapping[str, Any]) -> str:
    """A text with its values filled in.

    Raises jinja2.TemplateError (TemplateRefused when a limit is met), ArithmeticError, TypeError
    and ValueError for what the author did wrong.
    """
    template = _template(source)
    _JINJA.steps = 0
    parts: list[str] = []
    size = 0
    for part in template.generate(context):
        size += len(part)
        if size > MAX_RENDERED:
            raise TemplateRefused(f"the text grows beyond {MAX_RENDERED:,} characters")
        parts.append(part)
    return "".join(parts)


def holds(condition: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition is true. Raises what `render` raises."""
    judged = _condition(condition)
    _JINJA.steps = 0
    return bool(judged(**context))


@lru_cache(maxsize=4096)
def _template(source: str) -> jinja2.Template:
    """A text ready to be filled in: the packs' own are the same for every tenant."""
    tree = _checked(source, lambda: _JINJA.parse(source))
    code = _guarded(lambda: _JINJA.compile(tree))
    return jinja2.Template.from_code(_JINJA, code, {})


@lru_cache(maxsize=1024)
def _condition(source: str) -> TemplateExpression:
    _checked(source, lambda: _JINJA.parse(f"[[ {source} ]]"))
    return _JINJA.compile_expression(source, undefined_to_none=False)


def _checked(source: str, parse: Callable[[], nodes.Template]) -> nodes.Template:
    """The tree of a text, with every loop counted. Raises TemplateRefused."""
    if len(source) > MAX_SOURCE:
        raise TemplateRefused(f"the text has more than {MAX_SOURCE:,} characters")
    tree: nodes.Template = _guarded(parse)
    _check(tree, 0)
    for loop in tree.find_all(nodes.For):
        if loop.recursive:
            raise TemplateRefused("a recursive loop is not part of a pack's language")
        loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
    return tree


def _guarded(step: Callable[[], Any]) -> Any:
    """Jinja2 and Python read by recursion: a text nested too deeply for them is refused."""
    try:
        return step()
    except (RecursionError, MemoryError, SyntaxError):
        raise TemplateRefused(f"the text is nested deeper than {MAX_DEPTH} levels") from None


def _check(node: nodes.Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise TemplateRefused(f"the text is nested deeper than {MAX_DEPTH} levels")
    if not isinstance(node, _ALLOWED):
        told = _WORDS.get(type(node), type(node).__name__.lower())
        raise TemplateRefused(f"{told} is not part of a pack's language")
    if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
        raise TemplateRefused(f"there is no filter {node.name!r}; there are: {_LISTED}")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise TemplateRefused(f"there is no test {node.name!r}")
    if isinstance(node, nodes.Const) and _beyond(node.value):
        raise TemplateRefused("a number is too large")
    if isinstance(node, nodes.Concat | nodes.List | nodes.Tuple):
        operands = node.nodes if isinstance(node, nodes.Concat) else node.items
        if len(operands) > _MAX_OPERANDS:
            raise TemplateRefused(f"more than {_MAX_OPERANDS} parts in one expression")
    for child in node.iter_child_nodes():
        _check(child, depth + 1)


class _Bounded(SandboxedEnvironment):
    """No attributes of Python's objects, and no value that grows without limit."""

    intercepted_binops = frozenset({"+", "-", "*", "/"})
    steps = 0

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping, or where a loop stands; anything else is undefined."""
        if isinstance(obj, LoopContext) and attribute in _LOOP:
            return getattr(obj, attribute)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a mapping or an item of a list."""
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int) and argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic of numbers: text times a number would be a bomb."""
        for value in (left, right):
            if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
                told = type(value).__name__ if not isinstance(value, str) else "text"
                raise TemplateRefused(f"{operator} takes numbers, not {told}; write | float first")
        result = self.binop_table[operator](left, right)
        if _beyond(result):
            raise TemplateRefused("a number is too large")
        return result


def _beyond(value: object) -> bool:
    return isinstance(value, int | float) and not -_MAX_NUMBER <= value <= _MAX_NUMBER


# --------------------------------------------------------------------------- filters


def _seconds(value: str) -> str:
    return plain(Duration.parse(value).seconds)


def _percent(value: str) -> str:
    return plain(Decimal(value) * 100)


def _complement(value: str) -> str:
    """What a ratio leaves of the whole: 0.99 of 0.01."""
    return plain(1 - Decimal(value))


def _counted(values: Any) -> Iterator[Any]:
    """The same values; every one of them is a step."""
    for value in values:
        _JINJA.steps += 1
        if _JINJA.steps > MAX_STEPS:
            raise TemplateRefused(f"the loops take more than {MAX_STEPS:,} turns")
        yield value


def _joined(values: Sequence[Any], separator: str = "") -> str:
    texts = [str(value) for value in values]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_RENDERED:
        raise TemplateRefused(f"the text grows beyond {MAX_RENDERED:,} characters")
    return separator.join(texts)


_FILTERS: Mapping[str, Callable[..., Any]] = {
    "seconds": _seconds,
    "percent": _percent,
    "complement": _complement,
    "float": filters.FILTERS["float"],
    "int": filters.FILTERS["int"],
    "round": filters.FILTERS["round"],
    "abs": filters.FILTERS["abs"],
    "default": filters.FILTERS["default"],
    "length": len,
    "lower": filters.FILTERS["lower"],
    "upper": filters.FILTERS["upper"],
    "trim": filters.FILTERS["trim"],
    "items": lambda value: sorted(value.items()),
    "join": _joined,
}
_LISTED = ", ".join(sorted(_FILTERS))
_TESTS = frozenset({"defined", "undefined", "none", "in", "eq", "ne", "lt", "le", "gt", "ge"})

_JINJA = _Bounded(
    variable_start_string="[[",
    variable_end_string="]]",
    block_start_string="[%",
    block_end_string="%]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # the result is YAML text and PromQL, never HTML
    optimized=False,  # folding constants would run what was not checked yet
)
_JINJA.filters = {**_FILTERS, "counted": _counted}
_JINJA.globals.clear()
