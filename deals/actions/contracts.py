"""What a customer signed: the contract of a won deal, what each partner earns on it, and what happens to it since.

Signing pins everything that a partner's earnings depend on, under the terms of the day of the win: plan, rate and tier,
the points of the registration under the terms of its approval, the verdict and the credit. What changes afterwards
reaches back to none of it. Commission on the deal itself is accrued at once, recurring shares with each payment of the
customer; a reseller's margin is a price and makes no line, its list price is kept with the contract.

Deals that came in as won history were paid for elsewhere: they get no contract, no commission and no clawback.

Source: program rules §5. Locks are taken in the order opportunity, contract, commissions by key, ledger.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from deals.actions import commissions, spiff_awards
from deals.choices import (
    CommissionKind,
    CommissionStatus,
    ContractStatus,
    DealKind,
    PlanModel,
    RegistrationStatus,
)
from deals.models import Commission, Contract, EarningTerms, Opportunity, Registration, Verdict
from deals.queries.earning_situations import Standing, deal_kind_of, standing_on
from deals.queries.program import Program, program_at
from deals.rules.commissions import Inputs, calculate, inputs_of
from deals.rules.earning_states import final_on
from deals.rules.margins import list_price_of, quote
from partners.models import Partner
from partners.queries.program import calendar_terms, incentive_terms, registration_terms
from partners.rules.incentive_terms import PlanTerm
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.bulk import insert_many
from prm.core.business_time import add_months
from prm.core.codes import new_code
from prm.core.explain import Line, to_json
from prm.core.money import MoneyError, round_money
from prm.core.refused import Refused

ZERO = Decimal(0)
AT_SIGNATURE = (PlanModel.FLAT, PlanModel.FIRST_YEAR, PlanModel.HYBRID, PlanModel.BRACKETS)
SIGNED_KINDS = (CommissionKind.FIRST_YEAR, CommissionKind.HYBRID, CommissionKind.BRACKET)


class ContractRefused(Refused):
    """The contract can't be changed like that."""

    code = "deals.contract.refused"
    text = _("This contract can’t be changed like that.")


@dataclass
class Pinned:
    """One partner's terms on a contract that is being made, and the lines that they earn at once."""

    terms: EarningTerms
    standing: Standing
    partner: Partner
    verdict: Verdict
    list_amount: Decimal | None = None
    lines: list[Commission] = field(default_factory=list)
    given: list[tuple[Commission, spiff_awards.Given]] = field(default_factory=list)


def sign_contract(*, opportunity: Opportunity, by: Actor, at: datetime, list_amount: Decimal | None = None) -> Contract:
    """The contract of a deal that has just been won and judged, with everything that is earned by signing it.

    Runs in the transaction of the confirmation, which holds the deal's lock; the deal has its amount and its verdicts.
    ``list_amount`` is the price before a reseller's margin; without it the net amount tells it. Partners whose verdict
    earns nothing get no terms, but for the one that resells. A contract that exists already is given back as it is.
    """
    known = Contract.objects.filter(opportunity=opportunity).first()
    if known is not None:
        return known
    deal = _loaded(opportunity)
    if deal.won_on is None or deal.amount is None or deal.arr is None:
        raise AssertionError("a won deal has an amount and a date")
    program = program_at(at)
    contract = Contract(
        code=new_code("CT"),
        opportunity=deal,
        deal_kind=DealKind.COMMISSION,
        currency=deal.currency,
        amount=deal.amount,
        annual_amount=first_year(deal),
        current_annual_amount=first_year(deal),
        term_months=deal.term_months,
        signed_on=deal.won_on,
        started_on=deal.won_on,
        created_at=at,
    )
    pinned = [
        _pin(contract, deal, verdict, program, list_amount, at)
        for verdict in verdicts_of(deal)
        if _earns(deal, verdict)
    ]
    for each in pinned:
        if each.terms.plan.get("model") == PlanModel.MARGIN:
            contract.deal_kind, contract.list_amount = DealKind.RESALE, each.list_amount
    contract.save(force_insert=True)
    for each in pinned:
        each.terms.contract = contract
        _earn_by_signing(contract, deal, each, at)
    insert_many([each.terms for each in pinned])
    booked = commissions.book_lines(lines=[line for each in pinned for line in each.lines], by=by, at=at)
    if len(booked) != sum(len(each.lines) for each in pinned):
        raise AssertionError("a new contract has no lines yet")
    spiff_awards.keep_awards(given=[pair for each in pinned for pair in each.given], key=contract.code, at=at)
    audit.record(
        code="deals.contract.signed",
        by=by,
        at=at,
        ref=contract.ref,
        organization_id=deal.partner_id,
        changes={
            "signed_on": contract.signed_on,
            "amount": contract.amount,
            "annual_amount": contract.annual_amount,
            "currency": contract.currency,
            "plans": {each.partner.code: each.terms.plan_code for each in pinned},
        },
    )
    outbox.emit(name="deals.contract.signed", ref=contract.ref, data={"partner_id": deal.partner_id}, at=at)
    return contract


def first_year(deal: Opportunity) -> Decimal:
    """What a deal is worth in its first year: the ARR, or the amount where it runs for less than a year."""
    if deal.amount is None or deal.arr is None:
        raise AssertionError("a won deal has an amount")
    return deal.amount if deal.term_months is not None and deal.term_months < 12 else deal.arr


def verdicts_of(deal: Opportunity) -> list[Verdict]:
    """The verdicts in force, by partner; the deal was judged before. One statement."""
    found = Verdict.objects.current().filter(opportunity=deal)
    return list(found.select_related("partner__organization", "partner__track", "partner__tier").order_by("partner_id"))


def _loaded(opportunity: Opportunity) -> Opportunity:
    """The deal as it is being saved, with what its terms depend on."""
    related = Opportunity.objects.select_related("registration__program_version", "product", "account")
    deal = related.get(pk=opportunity.pk)
    for name in ("amount", "arr", "won_on", "term_months", "currency"):
        setattr(deal, name, getattr(opportunity, name))
    return deal


def _earns(deal: Opportunity, verdict: Verdict) -> bool:
    return verdict.factor_percent > 0 or (
        verdict.partner_id == deal.partner_id and deal_kind_of(deal, verdict.partner) == DealKind.RESALE
    )


def _pin(
    contract: Contract,
    deal: Opportunity,
    verdict: Verdict,
    program: Program,
    list_amount: Decimal | None,
    at: datetime,
) -> Pinned:
    """A partner's terms under the program of the day of signature."""
    kind = deal_kind_of(deal, verdict.partner)
    standing = standing_on(
        partner=verdict.partner, deal=deal, deal_kind=kind, on=contract.signed_on, fallback=program.version
    )
    chosen, lines = standing.chosen, list(standing.lines)
    is_margin = chosen is not None and chosen.plan.model == PlanModel.MARGIN
    points = registration_points(deal) if is_margin else ZERO
    list_price = None
    if chosen is not None and is_margin:
        list_price, more = _margin(contract, chosen.rate_percent or ZERO, points, list_amount)
        lines += more
    if not is_margin:
        values = {"kind": verdict.kind, "percent": verdict.factor_percent}
        lines.append(Line("earning.verdict", values, unit="percent"))
    terms = EarningTerms(
        contract=contract,
        partner=verdict.partner,
        program_version=standing.version,
        plan_code=chosen.plan.code if chosen else "",
        plan_name=chosen.plan.name if chosen else "",
        plan=chosen.plan.to_dict() if chosen else {},
        tier_code=standing.tier.code if standing.tier else "",
        tier_name=tier_name(standing, verdict.partner),
        verdict_kind=verdict.kind,
        rate_percent=(chosen.rate_percent if chosen else None) or ZERO,
        points=points,
        factor_percent=verdict.factor_percent,
        credit_bps=verdict.credit_bps,
        lines=to_json(lines),
        pinned_at=at,
    )
    return Pinned(terms, standing, verdict.partner, verdict, list_price)


def tier_name(standing: Standing, partner: Partner) -> str:
    """The tier's name as the program of the day writes it."""
    if standing.tier is None:
        return ""
    names = Program(standing.version, standing.version.created_at).tier_names(partner.track.code)
    return names.get(standing.tier.code, standing.tier.code)


def registration_points(deal: Opportunity) -> Decimal:
    """Points of margin for registering, under the terms of the approval; none once another partner's was approved."""
    own = deal.registration
    if own is None or own.program_version is None or own.status == RegistrationStatus.REJECTED:
        return ZERO
    if own.account_id is not None and own.decided_at is not None:
        later = Registration.objects.filter(
            account_id=own.account_id, program_version__isnull=False, decided_at__gt=own.decided_at
        )
        if later.exclude(partner_id=own.partner_id).exists():
            return ZERO
    return registration_terms(own.program_version).margin_points


def _margin(
    contract: Contract, rate: Decimal, points: Decimal, list_amount: Decimal | None
) -> tuple[Decimal | None, tuple[Line, ...]]:
    """The list price of a resold deal and the arithmetic of its margin; none where all of the price is margin."""
    try:
        price = list_amount or list_price_of(contract.amount, rate, bool(points), points, contract.currency)
        given = quote(price, rate, bool(points), points, contract.currency)
    except MoneyError:
        return None, (Line("earning.no_list_price", {"percent": rate + points}, unit="percent"),)
    return given.list_price, given.lines


def _earn_by_signing(contract: Contract, deal: Opportunity, each: Pinned, at: datetime) -> None:
    """The lines that signing earns, with the SPIFFs that count; why others don't is kept with the terms."""
    chosen = each.standing.chosen
    awards = spiff_awards.awards_on_deal(
        spiffs=spiff_awards.running_spiffs(contract.signed_on),
        deal=deal,
        partner=each.partner,
        verdict=each.verdict,
        standing=each.standing,
        on=contract.signed_on,
    )
    said = awards.lines
    line = new_line(
        contract=contract,
        terms=each.terms,
        source_key=f"contract:{contract.code}:{each.partner.code}",
        title=title_of(deal),
        earned_on=contract.signed_on,
        at=at,
    )
    if chosen is not None and chosen.plan.model in AT_SIGNATURE:
        inputs = inputs_of(
            chosen.plan,
            base_amount=contract.annual_amount,
            currency=contract.currency,
            rate_percent=chosen.rate_percent,
            rate_source=chosen.rate_source,
            verdict_factor_percent=each.terms.factor_percent,
            credit_bps=each.terms.credit_bps,
            volume_before=volume_before(each.terms, contract.signed_on, contract.currency),
        )
        inputs, given, refused = spiff_awards.with_awards(inputs, awards)
        said = spiff_awards.after_refusals(said, refused)
        if fill_line(line, inputs, (*chosen.lines, *said)):
            each.lines.append(line)
            each.given += [(line, part) for part in given]
    else:
        said = spiff_awards.after_refusals(said, spiff_awards.without_rate(awards))
    flat, refused = spiff_awards.flat_lines(awards=awards, like=line)
    each.lines += [extra for extra, _given in flat]
    each.given += flat
    each.terms.lines += to_json(spiff_awards.after_refusals(said, refused))


def new_line(
    *, contract: Contract, terms: EarningTerms, source_key: str, title: str, earned_on: date, at: datetime, **more: Any
) -> Commission:
    """An unsaved line under pinned terms, waiting for what the plan waits for. Kind and amount are still to come."""
    incentives = incentive_terms(terms.program_version)
    plan = plan_of(terms)
    return Commission(
        code=new_code("CM"),
        partner_id=terms.partner_id,
        source_key=source_key,
        opportunity_id=contract.opportunity_id,
        contract=contract,
        program_version=terms.program_version,
        plan_code=terms.plan_code,
        plan_name=terms.plan_name,
        title=title[:250],
        currency=contract.currency,
        earned_on=earned_on,
        waits_for=incentives.trigger_of(plan),
        holdback_days=incentives.holdback_of(plan),
        final_on=final_on(contract.started_on, incentives.clawback),
        created_at=at,
        **more,
    )


def plan_of(terms: EarningTerms) -> PlanTerm | None:
    """The plan as it was signed."""
    return PlanTerm.from_dict(terms.plan) if terms.plan else None


def title_of(deal: Opportunity) -> str:
    """What a line is for, in words that its partner knows: the customer."""
    if deal.account is not None:
        return deal.account.name
    return deal.code


def volume_before(terms: EarningTerms, on: date, currency: str) -> Decimal:
    """What the partner's deals under a plan of brackets came to since the fiscal year began, before this one.

    Cancelled contracts don't count, downgraded ones with what is left. Holds the partner's row, so that two deals
    signed at once don't both begin where the first one did.
    """
    plan = plan_of(terms)
    if plan is None or not plan.brackets:
        return ZERO
    Partner.objects.select_for_update(no_key=True, of=("self",)).get(pk=terms.partner_id)
    month = calendar_terms(terms.program_version).fiscal_start_month
    begins = add_months(on.replace(day=1), -((on.month - month) % 12))
    rows = Commission.objects.filter(
        partner_id=terms.partner_id,
        kind=CommissionKind.BRACKET,
        plan_code=terms.plan_code,
        currency=currency,
        earned_on__range=(begins, on),
        contract__status=ContractStatus.ACTIVE,
    ).exclude(status=CommissionStatus.VOID)
    return rows.aggregate(total=Sum(F("contract__current_annual_amount")))["total"] or ZERO


def fill_line(line: Commission, inputs: Inputs, before: Sequence[Line] = ()) -> bool:
    """Give a line its amount and its explanation, after the lines ``before``; False where it earns nothing."""
    result = calculate(inputs)
    line.kind = result.kind
    line.amount, line.base_amount, line.rate_percent = result.amount, inputs.base_amount, inputs.rate_percent
    line.inputs = inputs.to_json()
    line.lines = to_json((*before, *result.lines))
    return bool(result.amount)


def must_be_correctable(*, opportunity: Opportunity, changes: Mapping[str, Any]) -> None:
    """Refuse corrections that a signed contract can't follow. Raises ContractRefused."""
    if "currency" in changes and Contract.objects.filter(opportunity=opportunity).exists():
        raise ContractRefused(
            "deals.contract.currency", _("The contract is signed in its currency. Record a cancellation instead.")
        )


def correct_contract(*, opportunity: Opportunity, by: Actor, at: datetime, reason: str) -> Contract | None:
    """Let a contract and what was earned by signing it follow a corrected deal; None where there is no contract.

    Lines stay as they are: each gets an adjustment by what the corrected amount would have earned more or less, under
    the terms signed. Nothing more than is left of a line is taken back. Runs in the caller's transaction.
    """
    contract = Contract.objects.select_for_update().filter(opportunity=opportunity).first()
    if contract is None or opportunity.amount is None:
        return None
    before, after = contract.annual_amount, first_year(opportunity)
    if (contract.amount, contract.term_months, before) == (opportunity.amount, opportunity.term_months, after):
        return contract
    contract.amount, contract.term_months = opportunity.amount, opportunity.term_months
    contract.annual_amount = after
    kept = contract.current_annual_amount * after / before if before else after
    contract.current_annual_amount = round_money(kept, contract.currency)
    if contract.list_amount is not None:
        terms = contract.earning_terms.get(partner_id=opportunity.partner_id)
        contract.list_amount = list_price_of(
            contract.amount, terms.rate_percent, bool(terms.points), terms.points, contract.currency
        )
    contract.version += 1
    contract.save()
    signed = Commission.objects.select_for_update().filter(contract=contract, kind__in=SIGNED_KINDS).order_by("pk")
    for line in signed.exclude(status=CommissionStatus.VOID):
        worth = line.amount + (
            line.corrections.filter(kind=CommissionKind.ADJUSTMENT, source_key__startswith="correction:").aggregate(
                total=Sum("amount")
            )["total"]
            or ZERO
        )
        right = calculate(replace(Inputs.from_json(line.inputs), base_amount=after)).amount
        left = line.amount - commissions.taken_of([line.pk]).get(line.pk, ZERO)
        difference = max(right - worth, -left)
        if difference:
            commissions.correct_line(
                commission=line,
                amount=difference,
                reason=reason,
                source_key=f"correction:{contract.code}:{contract.version}:{line.code}",
                by=by,
                at=at,
            )
    return contract
