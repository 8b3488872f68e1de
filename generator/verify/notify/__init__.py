"""Who is told, and when: a model of Alertmanager's routing, time intervals and inhibition.

It reads configurations as plain values and is proven against the real Alertmanager
(tests/verify/test_oracle.py, test_oracle_times.py). It does not model silences, several alerts in
one group, or clusters. Sources: dispatch/route.go, inhibit/inhibit.go,
timeinterval/timeinterval.go and notify/notify.go of Alertmanager 0.25 to 0.33.
"""

from generator.verify.notify.document import escalation_doc, ladders, moments
from generator.verify.notify.incident import incident
from generator.verify.notify.inhibition import inhibited_by, mutings
from generator.verify.notify.routing import group_key, leaves, receivers_for, taken
from generator.verify.notify.times import holds

__all__ = [
    "escalation_doc",
    "group_key",
    "holds",
    "incident",
    "inhibited_by",
    "ladders",
    "leaves",
    "moments",
    "mutings",
    "receivers_for",
    "taken",
]
