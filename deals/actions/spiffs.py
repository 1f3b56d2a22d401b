"""Setting SPIFFs up and ending them. What they award is decided when deals are won: see ``spiff_awards``.

A SPIFF is never edited: partners sold towards what they read. One that was a mistake is ended, and another is set up.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.choices import SpiffKind, SpiffStatus
from deals.models import Product, Spiff
from deals.rules import spiffs as rules
from partners.queries.program import incentive_terms, program_today, version_in_force
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused

COLUMNS = {
    SpiffKind.FIRST_DEAL: "amount",
    SpiffKind.DISPLACEMENT: "amount",
    SpiffKind.PRODUCT_LAUNCH: "multiplier",
    SpiffKind.QUARTERLY_PUSH: "percent",
    SpiffKind.BUNDLE: "points",
}
"""Which column holds the value of a kind."""


class SpiffRefused(Refused):
    """The SPIFF can't be set up or ended like that. ``problems`` are the codes of ``rules.spiffs.problems``."""

    code = "deals.spiff.refused"
    text = _("This SPIFF can’t be set up like that.")

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, as codes; none for other refusals."""
        return tuple(self.values.get("problems", ()))


@settled
def create_spiff(
    *,
    name: str,
    kind: str,
    value: Decimal,
    starts_on: date,
    ends_on: date,
    currency: str,
    budget_amount: Decimal,
    by: Actor,
    at: datetime,
    products: Sequence[Product] = (),
    competitor: str = "",
    partner_types: Sequence[str] = (),
    tiers: Sequence[str] = (),
    quota_amount: Decimal | None = None,
    note: str = "",
) -> Spiff:
    """Set up a SPIFF within the limits of the program in force. It counts for deals won in its window.

    ``value`` is money, a factor, percent or points, as its kind says. A window that begins in the past is refused: what
    was won before is not paid again. Raises SpiffRefused with all problems at once.
    """
    _must_edit(by)
    version = version_in_force(at)
    given = rules.Spiff(
        code="",
        kind=kind,
        value=value,
        starts_on=starts_on,
        ends_on=ends_on,
        currency=currency,
        products=frozenset(product.name for product in products),
        competitor=competitor.strip(),
        types=frozenset(partner_types),
        tiers=frozenset(tiers),
        quota_amount=quota_amount,
        name=name,
    )
    problems = [*rules.problems(given, incentive_terms(version))]
    if starts_on < program_today(at):
        problems.append("window_in_past")
    if budget_amount <= 0:
        problems.append("budget_missing")
    elif COLUMNS.get(SpiffKind(kind)) == "amount" and budget_amount < value:
        problems.append("budget_too_small")
    if problems:
        raise SpiffRefused(values={"problems": problems})
    with transaction.atomic():
        spiff = Spiff.objects.create(
            code=new_code("SP"),
            name=name.strip(),
            kind=kind,
            starts_on=starts_on,
            ends_on=ends_on,
            currency=currency,
            quota_amount=quota_amount if kind == SpiffKind.QUARTERLY_PUSH else None,
            competitor=competitor.strip() if kind == SpiffKind.DISPLACEMENT else "",
            partner_types=list(partner_types),
            tiers=list(tiers),
            budget_amount=budget_amount,
            note=note.strip(),
            created_by_id=by.user_id,
            created_at=at,
            **{COLUMNS[SpiffKind(kind)]: value},
        )
        if kind in (SpiffKind.PRODUCT_LAUNCH, SpiffKind.BUNDLE):
            spiff.products.set(products)
        audit.record(
            code="deals.spiff.created",
            by=by,
            at=at,
            ref=spiff.ref,
            changes={
                "kind": kind,
                "value": value,
                "starts_on": starts_on,
                "ends_on": ends_on,
                "currency": currency,
                "budget_amount": budget_amount,
                "products": sorted(given.products),
            },
        )
        outbox.emit(name="deals.spiff.created", ref=spiff.ref, data={"kind": kind}, at=at)
    return spiff


@settled
def end_spiff(*, spiff: Spiff, reason: str, by: Actor, at: datetime, version: int | None = None) -> Spiff:
    """End a SPIFF before its window is over. What it awarded stays; from now on it awards nothing."""
    _must_edit(by)
    if not reason.strip():
        raise SpiffRefused("deals.spiff.reason_missing", _("Please say why."))
    with transaction.atomic():
        row = Spiff.objects.select_for_update().get(pk=spiff.pk)
        if row.status == SpiffStatus.ENDED:
            raise SpiffRefused("deals.spiff.ended", _("This SPIFF was ended already."))
        if version is not None and version != row.version:
            raise SpiffRefused("deals.spiff.stale", _("Somebody else changed this SPIFF in the meantime."))
        row.status, row.ended_at = SpiffStatus.ENDED, at
        row.version += 1
        row.save(update_fields=["status", "ended_at", "version"])
        audit.record(
            code="deals.spiff.ended",
            by=by,
            at=at,
            ref=row.ref,
            changes={"status": [SpiffStatus.ACTIVE, SpiffStatus.ENDED], "spent_amount": row.spent_amount},
            reason=reason.strip(),
        )
        outbox.emit(name="deals.spiff.ended", ref=row.ref, data={"kind": row.kind}, at=at)
    return row


def _must_edit(by: Actor) -> None:
    if not by.can("deals.spiff_edit"):
        raise SpiffRefused("deals.spiff.not_allowed", _("You do not set up SPIFFs."))
