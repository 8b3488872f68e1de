"""Grafana's variables in an expression, put in by token as Grafana puts them.

In a string the values stand as a regular expression would need them; elsewhere as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from generator.promql.lexer import VARIABLE, tokens

_VARIABLE = re.compile(VARIABLE, re.ASCII)
_NAME = re.compile(r"\w+", re.ASCII)
_FORMAT = re.compile(r":([a-z]+)", re.ASCII)
_SPECIAL = re.compile(r"[\\^$*+?.()|\[\]{}]")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a variable stands for: its values, and whether it may have several."""

    values: tuple[str, ...]
    several: bool = False
    whole: str = ""
    """What stands for all of them (`allValue`), as it is; empty: the values themselves."""

    def text(self) -> str:
        """As people read it: in titles and legends."""
        return "All" if self.whole else " + ".join(self.values)


def interpolated(expr: str, chosen: Mapping[str, Chosen]) -> str:
    """An expression without its variables; those that are not known stay.

    Raises PromqlSyntaxError where the text has no tokens.
    """
    out, done = [], 0
    for kind, text, at in tokens(expr, variables=True):
        if kind not in ("variable", "string"):
            continue
        out.append(expr[done:at])
        out.append(_one(text, chosen, '"') if kind == "variable" else _string(text, chosen))
        done = at + len(text)
    return "".join((*out, expr[done:]))


def titled(text: str, chosen: Mapping[str, Chosen]) -> str:
    """A title, a legend or Markdown with its variables' values."""
    return _VARIABLE.sub(
        lambda found: chosen[name].text() if (name := _name(found[0])) in chosen else found[0],
        text,
    )


def _string(literal: str, chosen: Mapping[str, Chosen]) -> str:
    return _VARIABLE.sub(lambda found: _one(found[0], chosen, literal[0]), literal)


def _one(variable: str, chosen: Mapping[str, Chosen], quote: str) -> str:
    value = chosen.get(_name(variable))
    if value is None:
        return variable
    if value.whole:
        return value.whole
    wanted = _FORMAT.search(variable)
    form = wanted[1] if wanted else ("regex" if value.several else "single")
    match form:
        case "raw" | "text":
            return ",".join(value.values)
        case "csv":
            return ",".join(value.values)
        case "pipe":
            return "|".join(value.values)
        case "doublequote":
            return ",".join(json.dumps(one, ensure_ascii=False) for one in value.values)
        case "regex":
            return _alternatives(value.values, quote)
        case _:
            return "".join(value.values)


def _alternatives(values: tuple[str, ...], quote: str) -> str:
    """The values as one regular expression inside a string literal."""
    made = [_SPECIAL.sub(r"\\\g<0>", one) for one in values]
    if quote != "`":
        made = [one.replace("\\", "\\\\").replace(quote, f"\\{quote}") for one in made]
    return made[0] if len(made) == 1 else f"({'|'.join(made)})"


def _name(variable: str) -> str:
    found = _NAME.search(variable)
    return found[0] if found else ""
