"""What a view could show and the spec does not declare: said in words, out of the way."""

from __future__ import annotations

from collections.abc import Sequence

from generator.compile.context import Context
from generator.compile.views.parts import row, text_panel, told_height
from generator.ir.dashboards import Row

Subject = tuple[str, tuple[str, ...]]
"""(what, the packs of which any shows it)."""
BUSINESS: Sequence[Subject] = (
    ("engagement of the listeners", ("engagement",)),
    ("quality of the recommendations", ("recommendation-quality", "ml-model")),
    ("conversion to playlists", ("playlist-conversion",)),
)
SECURITY: Sequence[Subject] = (
    ("authentication failures and blocked requests", ("intrusion",)),
    ("anomalies of access", ("access-anomaly",)),
    ("the health of the audit stream", ("audit-trail",)),
    ("the expiry of certificates", ("network",)),
    ("retention, encryption, backups and privacy requests", ("compliance",)),
)
MODELS: Sequence[Subject] = (
    ("quality, drift, latency, versions, trainings and freshness of a model", ("ml-model",)),
    ("what people do with recommendations", ("recommendation-quality",)),
)


def undeclared(context: Context, subjects: Sequence[Subject], shown: bool) -> tuple[Row, ...]:
    """A row with what to attach for the subjects that nothing shows; none where all are shown.

    `shown`: the view has something to show, so that the row stays closed.
    """
    used = {use.pack for service in context.tenant.services.values() for use in service.packs}
    missing = [(what, packs) for what, packs in subjects if not used & set(packs)]
    if not missing:
        return ()
    listed = "\n".join(
        f"- **{what}**: attach " + " or ".join(f"`{pack}`" for pack in packs)
        for what, packs in missing
    )
    words = (
        f"Nothing in the spec declares these. Attach a pack to the service that knows, "
        f"`services: {{x: {{packs: {{{missing[0][1][0]}: {{}}}}}}}}`, or add panels and alerts of "
        f"your own.\n\n{listed}"
    )
    panel = text_panel("undeclared", "What to declare", words, height=told_height(len(missing)))
    return (row("undeclared", "Not declared", [panel], collapsed=shown),)
