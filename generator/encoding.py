"""Frozen values of ours as JSON and back, by the types of their fields.

A dataclass is a list of its fields in their order, so that what is read must have been written by
the same code: files of it bear the code's hash in their name.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
Turn = Callable[[Any], Any]


def encoded(value: Any, kind: Any) -> str:
    """A value of a type as JSON text. Raises TypeError for a type that has no form here."""
    return json.dumps(_turns(kind)[0](value), ensure_ascii=False, separators=(",", ":"))


def decoded(kind: type[Value], text: str | bytes) -> Value:
    """The value again. Raises ValueError, TypeError or LookupError for what is no such JSON."""
    try:
        value: Value = _turns(cast(Hashable, kind))[1](json.loads(text))
    except ArithmeticError as problem:  # a Decimal that is none
        raise ValueError(str(problem)) from None
    return value


@cache
def _turns(kind: Hashable) -> tuple[Turn, Turn]:
    """How values of a type become plain data, and how they come back."""
    if kind in (str, int, float, bool, type(None), Any):
        return _same, _same
    if kind is datetime or kind is date:
        return lambda value: value.isoformat(), kind.fromisoformat
    if kind is Decimal:
        return str, Decimal
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: value.value, kind
    if is_dataclass(kind):
        return _of_dataclass(kind)
    return _of_collection(kind, get_origin(kind), get_args(kind))


def _same(value: Any) -> Any:
    return value


def _of_dataclass(kind: Any) -> tuple[Turn, Turn]:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    turns = [_turns(hints[name]) for name in names]
    out = [(name, turn) for name, (turn, _) in zip(names, turns, strict=True)]
    back = [turn for _, turn in turns]

    def write(value: Any) -> list[Any]:
        return [turn(getattr(value, name)) for name, turn in out]

    def read(data: Any) -> Any:
        return kind(*[turn(item) for turn, item in zip(back, data, strict=True)])

    return write, read


def _of_collection(kind: Any, origin: Any, inner: tuple[Any, ...]) -> tuple[Turn, Turn]:
    if origin in (Union, types.UnionType) and len(inner) == 2 and type(None) in inner:
        write, read = _turns(next(one for one in inner if one is not type(None)))
        return (
            lambda value: None if value is None else write(value),
            lambda data: None if data is None else read(data),
        )
    if origin is tuple and len(inner) == 2 and inner[1] is Ellipsis:
        write, read = _turns(inner[0])
        return lambda value: [write(one) for one in value], lambda data: tuple(map(read, data))
    if origin is tuple:
        return _of_tuple([_turns(one) for one in inner])
    if origin is frozenset:
        write, read = _turns(inner[0])
        return lambda value: sorted(map(write, value)), lambda data: frozenset(map(read, data))
    if origin in (dict, Mapping) and inner[0] is str:
        write, read = _turns(inner[1])
        return (
            lambda value: {key: write(one) for key, one in value.items()},
            lambda data: {key: read(one) for key, one in data.items()},
        )
    raise TypeError(f"{kind} has no form here")


def _of_tuple(turns: list[tuple[Turn, Turn]]) -> tuple[Turn, Turn]:
    def write(value: Any) -> list[Any]:
        return [turn(one) for (turn, _), one in zip(turns, value, strict=True)]

    def read(data: Any) -> Any:
        return tuple(turn(one) for (_, turn), one in zip(turns, data, strict=True))

    return write, read
