"""Quarterly pushes: percent on top of a quarter's commission for partners that met the quota.

A push counts for the fiscal quarter in which its window ends, and is awarded after that quarter. The quota is measured
in sourced won revenue of the quarter, without what was cancelled or downgraded; the percentage is taken of the
quarter's commission on sourced deals, without SPIFFs, less what was taken back of it. Both in the SPIFF's currency. A
push is awarded once, and what is taken back later does not reach it. Source: program rules §5.
"""

from datetime import date, datetime
from decimal import Decimal

from django.db import OperationalError, transaction
from django.db.models import F, Sum

from deals.actions.chunks import Skip
from deals.actions.commissions import book_lines
from deals.actions.spiff_awards import Given, keep_awards, rule_of
from deals.choices import CommissionKind, CommissionStatus, SpiffKind, SpiffStatus, VerdictKind
from deals.models import Commission, Contract, EarningTerms, Spiff, SpiffAward
from deals.queries.earning_situations import tier_on
from deals.rules import spiffs as rules
from partners.models import Partner, ProgramVersion
from partners.queries.program import calendar_terms, incentive_terms, version_at
from prm.core.actors import Actor
from prm.core.business_time import Quarter, last_complete_quarter, quarter_of
from prm.core.codes import new_code
from prm.core.explain import to_json

ZERO = Decimal(0)
COUNTED = (
    CommissionKind.FLAT,
    CommissionKind.FIRST_YEAR,
    CommissionKind.BRACKET,
    CommissionKind.HYBRID,
    CommissionKind.RECURRING,
    CommissionKind.RENEWAL,
)


def award_quarterly_pushes(*, on: date, by: Actor, at: datetime, skip: Skip | None = None) -> int:
    """Award the pushes of the last quarter that is complete on a day; the number of lines written."""
    version = version_at(on)
    month = calendar_terms(version).fiscal_start_month
    quarter = last_complete_quarter(on, month)
    pushes = Spiff.objects.filter(
        kind=SpiffKind.QUARTERLY_PUSH, status=SpiffStatus.ACTIVE, ends_on__range=(quarter.start, quarter.end)
    )
    done = 0
    for push in pushes.prefetch_related("products").order_by("pk"):
        done += _award(push, quarter_of(push.ends_on, month), version, by, at, skip)
    return done


def _award(push: Spiff, quarter: Quarter, version: ProgramVersion, by: Actor, at: datetime, skip: Skip | None) -> int:
    key = f"quarter:{quarter.end.isoformat()}"
    revenue = _revenue(push.currency, quarter)
    awarded = SpiffAward.objects.filter(spiff=push, award_key=key).values("partner_id")
    partners = Partner.objects.filter(pk__in=revenue).exclude(pk__in=awarded).select_related("track", "tier")
    done = 0
    for partner in partners.order_by("pk"):
        try:
            with transaction.atomic():
                done += _award_one(push, partner, revenue[partner.pk], quarter, version, key, by, at)
        except OperationalError:
            raise
        except Exception as error:
            if skip is None:
                raise
            skip(partner.code, error)
    return done


def _award_one(
    push: Spiff,
    partner: Partner,
    revenue: Decimal,
    quarter: Quarter,
    version: ProgramVersion,
    key: str,
    by: Actor,
    at: datetime,
) -> int:
    locked = Spiff.objects.select_for_update(no_key=True).get(pk=push.pk)
    tier = tier_on(partner, push.ends_on)
    facts = rules.SpiffFacts(
        verdict=VerdictKind.SOURCED,
        won_on=push.ends_on,
        currency=push.currency,
        type=partner.type,
        tier=tier.code if tier else "",
        quota_reached=revenue,
    )
    ruling = rules.award(rule_of(push), facts, incentive_terms(version))
    if ruling.award is None:
        return 0
    result = rules.push(
        rules.PushInputs(
            commission_amount=commission_of(partner.pk, push.currency, quarter),
            percent=ruling.award.percent,
            currency=push.currency,
            quarter=quarter.label,
            spiff=push.code,
        )
    )
    if not result.amount or locked.spent_amount + result.amount > locked.budget_amount:
        return 0
    lines = book_lines(
        lines=[
            Commission(
                code=new_code("CM"),
                partner=partner,
                kind=CommissionKind.PUSH,
                source_key=f"push:{push.code}:{partner.code}:{quarter.end.isoformat()}",
                spiff=push,
                program_version=version,
                title=f"{push.name} · {quarter.label}"[:250],
                base_amount=result.inputs.commission_amount,
                rate_percent=result.inputs.percent,
                amount=result.amount,
                currency=push.currency,
                inputs=result.inputs.to_json(),
                lines=to_json((*ruling.lines, *result.lines)),
                earned_on=quarter.end,
                triggered_on=quarter.end,
                payable_on=quarter.end,
                final_on=quarter.end,
                created_at=at,
            )
        ],
        by=by,
        at=at,
    )
    keep_awards(given=[(line, Given(locked, line.amount)) for line in lines], key=key, at=at)
    return len(lines)


def _revenue(currency: str, quarter: Quarter) -> dict[int, Decimal]:
    """Sourced revenue of the quarter by partner, of deals in one currency and in it. One statement."""
    rows = EarningTerms.objects.filter(
        verdict_kind=VerdictKind.SOURCED,
        contract__currency=currency,
        contract__signed_on__range=(quarter.start, quarter.end),
        contract__opportunity__rate__isnull=False,
    )
    own = F("contract__opportunity__amount_program") / F("contract__opportunity__rate")
    totals = rows.values("partner_id").annotate(total=Sum(own))
    return dict(totals.values_list("partner_id", "total"))


def commission_of(partner_id: int, currency: str, quarter: Quarter) -> Decimal:
    """The quarter's commission on sourced deals, less what was taken back of it; at least nothing. Two statements."""
    sourced = Contract.objects.filter(
        earning_terms__partner_id=partner_id, earning_terms__verdict_kind=VerdictKind.SOURCED
    )
    earned = Commission.objects.filter(
        partner_id=partner_id,
        currency=currency,
        kind__in=COUNTED,
        earned_on__range=(quarter.start, quarter.end),
        contract__in=sourced,
    ).exclude(status=CommissionStatus.VOID)
    total = earned.aggregate(total=Sum("amount"))["total"] or ZERO
    back = Commission.objects.filter(origin__in=earned).exclude(status=CommissionStatus.VOID)
    return max(total + (back.aggregate(total=Sum("amount"))["total"] or ZERO), ZERO)
