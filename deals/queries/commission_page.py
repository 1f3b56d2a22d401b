"""A commission as the vendor reads it: the terms signed, what it was computed from, its postings and corrections."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet, Sum

from deals.choices import CommissionStatus
from deals.models import Commission, Dispute, EarningTerms, LedgerEntry, PayoutLine, Spiff, SpiffAward
from prm.core.actors import Actor


def commission_rows(actor: Actor) -> QuerySet[Commission]:
    """Lines with what a list prints."""
    return Commission.objects.visible_to(actor).select_related("partner__organization")


@dataclass(frozen=True)
class Page:
    """Everything about one line. ``left`` is what may still be taken back of it."""

    line: Commission
    terms: EarningTerms | None
    corrections: list[Commission]
    entries: list[LedgerEntry]
    payouts: list[PayoutLine]
    disputes: list[Dispute]
    awards: list[SpiffAward]
    left: Decimal
    names: dict[str, str] = field(default_factory=dict)


def commission_page(line: Commission) -> Page:
    """Eight statements at most, however long the line's history."""
    terms = (
        EarningTerms.objects.filter(contract_id=line.contract_id, partner_id=line.partner_id)
        .select_related("program_version")
        .first()
        if line.contract_id
        else None
    )
    corrections = list(line.corrections.order_by("earned_on", "pk"))
    taken = sum(
        (each.amount for each in corrections if each.amount < 0 and each.status != CommissionStatus.VOID), Decimal(0)
    )
    awards = list(line.spiff_awards.select_related("spiff"))
    mentioned = {
        str(each.get("values", {}).get("spiff", "")) for each in [*line.lines, *(terms.lines if terms else ())]
    }
    names = dict(Spiff.objects.filter(code__in=mentioned - {""}).values_list("code", "name"))
    if terms is not None and terms.tier_code:
        names[terms.tier_code] = terms.tier_name
    return Page(
        line=line,
        terms=terms,
        corrections=corrections,
        entries=list(
            line.entries.select_related("transaction", "item__run").order_by("transaction__posted_on", "transaction_id")
        ),
        payouts=list(line.payout_lines.select_related("item__run").order_by("pk")),
        disputes=list(line.disputes.order_by("-opened_at")),
        awards=awards,
        left=max(line.amount + taken, Decimal(0)) if line.amount > 0 else Decimal(0),
        names=names,
    )


def totals(rows: QuerySet[Commission]) -> list[tuple[str, Decimal]]:
    """What lines add up to, by currency. One statement."""
    counted = rows.order_by().exclude(status=CommissionStatus.VOID)
    return list(counted.values_list("currency").annotate(total=Sum("amount")).order_by("currency"))
