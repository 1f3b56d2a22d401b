"""What SPIFFs give: on a deal when its contract is signed, and for a quarter that met its quota.

A SPIFF gives within its budget only: one guarded UPDATE moves what is awarded and checks the budget in the same breath,
so two deals at once can't overdraw it. What does not fit is not given at all, and the explanation says so. Budgets are
in the SPIFF's currency, so a SPIFF counts for deals of that currency only. Source: program rules §5.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import F

from deals.choices import CommissionKind, SpiffKind, SpiffStatus
from deals.models import Commission, Opportunity, Spiff, SpiffAward, Verdict
from deals.queries.earning_situations import Standing, products_of
from deals.rules import spiffs as rules
from deals.rules.commissions import Addition, Inputs, due_to
from deals.rules.fixed_amounts import FixedInputs, fix
from partners.models import Partner
from partners.queries.program import incentive_terms
from prm.core.bulk import insert_many
from prm.core.codes import new_code
from prm.core.explain import Line, to_json


@dataclass(frozen=True)
class Given:
    """A part of a booked line that is due to a SPIFF."""

    spiff: Spiff
    amount: Decimal


@dataclass
class Awards:
    """What SPIFFs give one partner on one deal: points and a multiplier on the rate, flat amounts, and why not more."""

    points: tuple[Spiff, ...] = ()
    multiplier: Spiff | None = None
    flat: tuple[Spiff, ...] = ()
    lines: tuple[Line, ...] = ()


def rule_of(spiff: Spiff) -> rules.Spiff:
    """The SPIFF as the rules read it. ``products`` must be prefetched or few."""
    values = {
        SpiffKind.FIRST_DEAL: spiff.amount,
        SpiffKind.DISPLACEMENT: spiff.amount,
        SpiffKind.PRODUCT_LAUNCH: spiff.multiplier,
        SpiffKind.QUARTERLY_PUSH: spiff.percent,
        SpiffKind.BUNDLE: spiff.points,
    }
    return rules.Spiff(
        code=spiff.code,
        kind=spiff.kind,
        value=values[SpiffKind(spiff.kind)] or Decimal(0),
        starts_on=spiff.starts_on,
        ends_on=spiff.ends_on,
        currency=spiff.currency,
        products=frozenset(product.name for product in spiff.products.all()),
        competitor=spiff.competitor,
        types=frozenset(spiff.partner_types),
        tiers=frozenset(spiff.tiers),
        quota_amount=spiff.quota_amount,
        name=spiff.name,
    )


def running_spiffs(on: date) -> list[Spiff]:
    """SPIFFs on deals whose window includes a day and that were not ended. Two statements."""
    running = Spiff.objects.filter(status=SpiffStatus.ACTIVE, starts_on__lte=on, ends_on__gte=on)
    return list(running.exclude(kind=SpiffKind.QUARTERLY_PUSH).prefetch_related("products").order_by("code"))


def awards_on_deal(
    *, spiffs: Sequence[Spiff], deal: Opportunity, partner: Partner, verdict: Verdict, standing: Standing, on: date
) -> Awards:
    """Which of the running SPIFFs pay this partner on this deal. Those that do are locked until the commit."""
    if not spiffs:
        return Awards()
    facts = rules.SpiffFacts(
        verdict=verdict.kind,
        won_on=on,
        currency=deal.currency,
        type=partner.type,
        tier=standing.tier.code if standing.tier else "",
        products=products_of(deal),
        competitor=deal.registration.competitor if deal.registration else "",
        is_first_deal=not Opportunity.objects.filter(partner=partner, status="won").exclude(pk=deal.pk).exists(),
        joined_on=partner.agreement_signed_on or partner.partner_since,
    )
    terms, given, lines = incentive_terms(standing.version), [], []
    for spiff in spiffs:
        ruling = rules.award(rule_of(spiff), facts, terms)
        if ruling.award is not None and spiff.currency != deal.currency:
            lines.append(_not_given(spiff, "other_currency"))
            continue
        lines += ruling.lines
        if ruling.award is not None:
            given.append(ruling.award)
    wanted = [each.spiff for each in given]
    locked = {
        each.code: each for each in Spiff.objects.select_for_update(no_key=True).filter(code__in=wanted).order_by("pk")
    }
    together = rules.combine(given)
    return Awards(
        points=tuple(locked[each.spiff] for each in together.points),
        multiplier=locked[together.multiplier.spiff] if together.multiplier else None,
        flat=tuple(locked[each.spiff] for each in together.bonuses),
        lines=tuple(lines),
    )


def with_awards(inputs: Inputs, awards: Awards) -> tuple[Inputs, list[Given], tuple[Line, ...]]:
    """A commission's inputs with the points and the multiplier that fit in their SPIFFs' budgets.

    Also what each gives, to be written by ``keep_awards``, and the lines of what did not fit.
    """
    points, multiplier = list(awards.points), awards.multiplier
    refused: list[Line] = []
    while True:
        tried = replace(
            inputs,
            points=(*inputs.points, *(Addition(each.code, each.points or Decimal(0)) for each in points)),
            multiplier=(multiplier.multiplier or Decimal(1)) if multiplier else inputs.multiplier,
            multiplier_source=multiplier.code if multiplier else inputs.multiplier_source,
        )
        parts = due_to(tried)
        given = [Given(each, parts.get(each.code, Decimal(0))) for each in (*points, multiplier) if each is not None]
        failed = next((each.spiff for each in given if not _fits(each)), None)
        if failed is None:
            return tried, [each for each in given if each.amount], tuple(refused)
        refused.append(_not_given(failed, "budget_spent"))
        points = [each for each in points if each is not failed]
        multiplier = None if multiplier is failed else multiplier


def without_rate(awards: Awards) -> list[Line]:
    """Why points and multipliers give nothing on a deal that earns no commission by a rate when it is signed."""
    return [_not_given(each, "no_rate") for each in (*awards.points, awards.multiplier) if each is not None]


def flat_lines(*, awards: Awards, like: Commission) -> tuple[list[tuple[Commission, Given]], tuple[Line, ...]]:
    """A line of its own for each flat amount that fits, with the dates and the terms of ``like``."""
    found, refused = [], []
    for spiff in awards.flat:
        fixed = fix(
            FixedInputs(amount=spiff.amount or Decimal(0), currency=spiff.currency, reason="spiff", source=spiff.code)
        )
        given = Given(spiff, fixed.amount)
        if not _fits(given):
            refused.append(_not_given(spiff, "budget_spent"))
            continue
        line = Commission(
            code=new_code("CM"),
            partner_id=like.partner_id,
            kind=CommissionKind.SPIFF,
            source_key=f"spiff:{spiff.code}:{like.source_key}"[:120],
            opportunity_id=like.opportunity_id,
            contract_id=like.contract_id,
            spiff=spiff,
            program_version_id=like.program_version_id,
            title=spiff.name,
            amount=fixed.amount,
            currency=spiff.currency,
            inputs=fixed.inputs.to_json(),
            lines=to_json(fixed.lines),
            earned_on=like.earned_on,
            waits_for=like.waits_for,
            holdback_days=like.holdback_days,
            final_on=like.final_on,
            created_at=like.created_at,
        )
        found.append((line, given))
    return found, tuple(refused)


def after_refusals(lines: Sequence[Line], refused: Sequence[Line]) -> tuple[Line, ...]:
    """What is said of SPIFFs once some that would have counted did not: not both that they pay and that they don't."""
    gone = {line.values["spiff"] for line in refused}
    kept = (line for line in lines if not (line.code == "spiff.awarded" and line.values["spiff"] in gone))
    return (*kept, *refused)


def keep_awards(*, given: Sequence[tuple[Commission, Given]], key: str, at: datetime) -> None:
    """Write what booked lines owe to SPIFFs, and move it in their budgets. ``key`` names the deal or the quarter."""
    for _line, each in given:
        if not take_budget(each.spiff, each.amount):
            raise AssertionError("a locked budget does not move by itself")
    insert_many(
        [
            SpiffAward(
                spiff=each.spiff,
                partner_id=line.partner_id,
                commission=line,
                award_key=key,
                amount=each.amount,
                awarded_at=at,
            )
            for line, each in given
        ]
    )


def take_budget(spiff: Spiff, amount: Decimal) -> bool:
    """Move an amount of a SPIFF's budget to what is spent, if it fits and the SPIFF was not ended."""
    moved = Spiff.objects.filter(
        pk=spiff.pk, status=SpiffStatus.ACTIVE, spent_amount__lte=F("budget_amount") - amount
    ).update(spent_amount=F("spent_amount") + amount)
    spiff.spent_amount += amount if moved else 0
    return bool(moved)


def _fits(given: Given) -> bool:
    return given.spiff.spent_amount + given.amount <= given.spiff.budget_amount


def _not_given(spiff: Spiff, reason: str) -> Line:
    return Line("spiff.not_awarded", {"spiff": spiff.code, "kind": spiff.kind, "reason": reason})
