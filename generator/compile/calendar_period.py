"""Calendar months and quarters in PromQL, in UTC: which one it is, how long, how much is over.

PromQL has no range that begins with the month. So each sample is recorded with a label that names
its period (`count_values` turns the number of the period into one), and a range as long as the
longest period is summed over samples of the current period alone.
"""

from __future__ import annotations

from generator.values import Duration

PERIOD_LABEL = "period"
"""Label of base series that names a sample's period: months or quarters since the year 0."""

LONGEST = {"month": Duration.of(days=31), "quarter": Duration.of(days=92)}

_INDEX = {"month": "year() * 12 + month()", "quarter": "year() * 4 + floor((month() - 1) / 3)"}
_LEAP = "(year() % 4 == bool 0) - (year() % 100 == bool 0) + (year() % 400 == bool 0)"
_DAYS = {
    "month": "days_in_month()",
    # 90 days, or 91 in a leap year, then 91, 92 and 92
    "quarter": f"(month() <= bool 3) * (90 + {_LEAP}) + (month() > bool 3) * 91 "
    "+ (month() > bool 6)",
}
_DAYS_BEFORE = {
    "month": "day_of_month() - 1",
    "quarter": f"day_of_year() - 1 - (month() > bool 3) * (90 + {_LEAP}) "
    "- (month() > bool 6) * 91 - (month() > bool 9) * 92",
}


def current_period(calendar: str) -> str:
    """A series of value 1 whose label says which period it is now."""
    return f'count_values("{PERIOD_LABEL}", {_INDEX[calendar]})'


def labelled(series: str, calendar: str) -> str:
    """A series whose samples carry the period in which they are taken."""
    return f"{series} * on () group_left ({PERIOD_LABEL}) {current_period(calendar)}"


def within(sums: str, calendar: str) -> str:
    """An expression over labelled series, for the current period alone and without its label."""
    return (
        f"sum without ({PERIOD_LABEL}) ({sums} and on ({PERIOD_LABEL}) {current_period(calendar)})"
    )


def days(calendar: str) -> str:
    """How many days the current period has."""
    return _DAYS[calendar]


def elapsed(calendar: str) -> str:
    """The part of the current period that is over, from 0 to 1, by the minute."""
    over = f"({_DAYS_BEFORE[calendar]}) * 1440 + hour() * 60 + minute()"
    return f"({over}) / (({days(calendar)}) * 1440)"
