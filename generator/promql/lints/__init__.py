"""Every lint of an expression; importing this package enters them all."""

from generator.promql.lints import absences, conditions, matching, metrics, shape
from generator.promql.lints.registry import FINDERS, Asked

__all__ = ["FINDERS", "Asked", "absences", "conditions", "matching", "metrics", "shape"]
