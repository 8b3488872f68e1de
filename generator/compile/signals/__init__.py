"""Kinds of alert: one file each, registered by `compiles`; `compile_alert` finds the right one."""

from generator.compile.signals import (
    absent,
    anomaly,
    correlate,
    expression,
    forecast,
    threshold,
)
from generator.compile.signals.registry import COMPILERS, compile_alert

__all__ = [
    "COMPILERS",
    "absent",
    "anomaly",
    "compile_alert",
    "correlate",
    "expression",
    "forecast",
    "threshold",
]
