"""What happens to a contract after it was signed: payments, milestones, renewals, and the ways in which it shrinks.

An event is recorded once: sent again with the same outside number and the same content it is the first one, with other
content it is refused. In the same transaction it does what follows from it: what waited for the customer gets its day,
recurring shares and renewals are earned, commission is taken back by the days since the start, and the won deal keeps
the part of its revenue that is left.

A clawback follows the line that it corrects: accrued with it while that is accrued, else payable at once, so that the
next payout is smaller. Nothing more is taken back than was earned; the rows are locked while that is counted. Fraud
takes everything back, holds what has not been paid, and asks the director to end the partnership.

Source: program rules §5. Locks are taken in the order opportunity, contract, commissions by key, ledger.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import F, Q, Sum
from django.utils.translation import gettext_lazy as _

from deals.actions import commissions
from deals.actions.contention import settled
from deals.actions.contracts import ContractRefused, fill_line, new_line, plan_of, title_of, volume_before
from deals.actions.revenue import value_deal
from deals.choices import (
    CommissionKind,
    CommissionStatus,
    ContractEventKind,
    DisputeStatus,
    EarningTrigger,
    HoldReason,
    PlanModel,
    RecordSource,
)
from deals.kinds import FRAUD
from deals.models import Commission, Contract, ContractEvent, Dispute, EarningTerms, Opportunity
from deals.queries.earning_situations import deal_kind_of, standing_on
from deals.queries.people import may_decide
from deals.queries.program import Program, program_at
from deals.rules.clawbacks import Cause, ClawbackInputs, clawback, days_from
from deals.rules.commissions import inputs_of, months_since
from deals.rules.earning_states import CONTRACT, may_happen, payable_on
from partners.queries.program import incentive_terms
from prm.core.actions import audit, outbox, work_items
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.explain import to_json
from prm.core.money import MoneyError, round_money
from prm.core.queries.organizations import vendor

Kind = ContractEventKind
ZERO = Decimal(0)
NEEDS_AMOUNT = (Kind.PAID, Kind.REFUNDED, Kind.DOWNGRADED, Kind.RENEWED)
AHEAD = (Kind.CANCELLED, Kind.DOWNGRADED, Kind.RENEWED)
SHRINKS = (Kind.DOWNGRADED, Kind.CANCELLED, Kind.FRAUD)
ONCE = (Kind.IMPLEMENTED, Kind.TRIAL_COMPLETED, Kind.FRAUD)
TRIGGERS = {
    Kind.PAID: EarningTrigger.FIRST_PAYMENT,
    Kind.IMPLEMENTED: EarningTrigger.IMPLEMENTATION,
    Kind.TRIAL_COMPLETED: EarningTrigger.TRIAL,
}
EARNED = (
    CommissionStatus.ACCRUED,
    CommissionStatus.PAYABLE,
    CommissionStatus.IN_PAYOUT,
    CommissionStatus.PAID,
    CommissionStatus.FINAL,
)


@settled
def record_contract_event(
    *,
    contract: Contract,
    kind: str,
    effective_on: date,
    by: Actor,
    at: datetime,
    amount: Decimal | None = None,
    external_id: str | None = None,
    source: str = RecordSource.HAND,
    note: str = "",
) -> ContractEvent:
    """Record what happened and everything that follows from it; the event, or the first one with this outside number.

    ``amount`` is what was paid or refunded, or the new value of a year after a downgrade or renewal, in the contract's
    currency. Raises ContractRefused for what can't be, and for an outside number that meant something else before.
    """
    program = program_at(at)
    external_id = (external_id or "").strip() or None
    with transaction.atomic():
        deal = Opportunity.objects.select_for_update(of=("self",)).get(pk=contract.opportunity_id)
        held = Contract.objects.select_for_update().get(pk=contract.pk)
        _must_record(by, deal, at)
        known = ContractEvent.objects.filter(external_id=external_id).first() if external_id else None
        if known is not None:
            if (known.contract_id, known.kind, known.effective_on, known.amount) != (
                held.pk, kind, effective_on, amount,
            ):  # fmt: skip
                raise ContractRefused(
                    "deals.contract.event_differs",
                    _("%(number)s was recorded before with other content."),
                    {"number": external_id},
                )
            return known
        _must_be_possible(held, kind, effective_on, amount, program)
        event = ContractEvent.objects.create(
            code=new_code("CE"),
            contract=held,
            kind=kind,
            effective_on=effective_on,
            amount=amount,
            external_id=external_id,
            source=source,
            note=note.strip(),
            recorded_by_id=by.user_id,
            created_at=at,
        )
        _Following(event, held, deal, program, by, at).do()
        audit.record(
            code=f"deals.contract.{kind}",
            by=by,
            at=at,
            ref=held.ref,
            organization_id=deal.partner_id,
            changes={"effective_on": effective_on, "amount": amount, "event": event.code, "number": external_id},
            reason=note.strip(),
        )
        outbox.emit(
            name=f"deals.contract.{kind}",
            ref=held.ref,
            data={"partner_id": deal.partner_id, "event": event.code},
            at=at,
        )
    contract.refresh_from_db()
    return event


def _must_record(by: Actor, deal: Opportunity, at: datetime) -> None:
    allowed = by.can("deals.contract_record") and (
        by.is_system
        or by.role in ("finance", "admin")
        or deal.partner_id is None
        or may_decide(by, deal.partner_id, at)
    )
    if not allowed:
        raise ContractRefused("deals.contract.not_allowed", _("You do not record events of this contract."))


def _must_be_possible(
    contract: Contract, kind: str, effective_on: date, amount: Decimal | None, program: Program
) -> None:
    if kind not in Kind.values:
        raise ContractRefused("deals.contract.kind", _("Please choose what happened."))
    if not may_happen(contract.status, kind):
        raise ContractRefused("deals.contract.ended", _("This contract is cancelled; only money still moves on it."))
    if effective_on < min(contract.signed_on, contract.started_on):
        raise ContractRefused("deals.contract.too_early", _("That day lies before the contract."))
    if effective_on > program.today and kind not in AHEAD:
        raise ContractRefused("deals.contract.in_future", _("That day has not come yet."))
    if kind == Kind.RENEWED:
        _must_be_a_new_year(contract, effective_on)
    if kind in ONCE and contract.events.filter(kind=kind).exists():
        raise ContractRefused("deals.contract.once", _("This was recorded already."))
    _must_have_amount(contract, kind, amount)


def _must_be_a_new_year(contract: Contract, on: date) -> None:
    """A renewal comes after the start, and once on a day: recorded a second time it would pay the year twice."""
    if on <= contract.started_on:
        raise ContractRefused("deals.contract.not_a_new_year", _("A new year begins after the contract’s start."))
    if contract.events.filter(kind=Kind.RENEWED, effective_on=on).exists():
        raise ContractRefused("deals.contract.once", _("This was recorded already."))


def _must_have_amount(contract: Contract, kind: str, amount: Decimal | None) -> None:
    if kind not in NEEDS_AMOUNT:
        if amount is not None:
            raise ContractRefused("deals.contract.amount_unwanted", _("This event has no amount."))
        return
    try:
        is_good = amount is not None and round_money(amount, contract.currency) == amount and amount >= 0
    except MoneyError:
        is_good = False
    if amount is None or not is_good or (kind != Kind.DOWNGRADED and not amount):
        raise ContractRefused(
            "deals.contract.amount", _("Please give the amount in %(currency)s."), {"currency": contract.currency}
        )
    if kind == Kind.DOWNGRADED and amount >= contract.current_annual_amount:
        raise ContractRefused(
            "deals.contract.not_less",
            _("A downgrade is below what a year is worth now: %(amount)s %(currency)s."),
            {
                "amount": f"{round_money(contract.current_annual_amount, contract.currency)}",
                "currency": contract.currency,
            },
        )
    if kind == Kind.REFUNDED and not contract.events.filter(kind=Kind.PAID).exists():
        raise ContractRefused("deals.contract.nothing_paid", _("Nothing was paid yet: record the payment first."))


@dataclass(frozen=True)
class Year:
    """The contract year an event falls into: when it began, its value, and what was paid and refunded in it so far."""

    since: date
    value: Decimal
    paid: Decimal
    refunded: Decimal


@dataclass
class _Following:
    """What follows from one event, with the rows that its transaction holds."""

    event: ContractEvent
    contract: Contract
    deal: Opportunity
    program: Program
    by: Actor
    at: datetime

    def do(self) -> None:
        """Everything, in order: money first, then the contract, then the deal."""
        kind = self.event.kind
        if kind in TRIGGERS:
            self._trigger(TRIGGERS[Kind(kind)])
        if kind == Kind.PAID:
            self._share_payment()
        elif kind == Kind.RENEWED:
            self._renew()
        elif kind in (Kind.REFUNDED, *SHRINKS):
            self._take_back()
        self._change_contract()
        if kind in SHRINKS:
            value_deal(deal=self.deal, currency=self.program.currency)
            self.deal.touched_at = self.at
            self.deal.version += 1
            self.deal.save(update_fields=["arr", "rate", "amount_program", "arr_program", "touched_at", "version"])
        if kind == Kind.FRAUD:
            self._hold_and_escalate()

    @property
    def on(self) -> date:
        """The day on which it takes effect."""
        return self.event.effective_on

    def _terms(self) -> list[EarningTerms]:
        found = self.contract.earning_terms.select_related("program_version", "partner__track", "partner__tier")
        return list(found.order_by("partner_id"))

    def _trigger(self, trigger: str) -> None:
        """Give a day to everything accrued that waited for this; corrections have the day of what they correct."""
        due: dict[int, list[int]] = {}
        for line in (
            self.contract.commissions.select_for_update(of=("self",))
            .filter(status=CommissionStatus.ACCRUED, waits_for=trigger, triggered_on=None)
            .order_by("pk")
        ):
            follows = any(line.origin_id in ids for ids in due.values())
            if follows or (line.origin_id is None and line.earned_on <= self.on):
                due.setdefault(line.holdback_days, []).append(line.pk)
        for days, ids in due.items():
            self.contract.commissions.filter(pk__in=ids).update(
                triggered_on=self.on, payable_on=payable_on(self.on, days), version=F("version") + 1
            )

    def _triggered(self, line: Commission, since: date) -> None:
        """Give a new line its day, where what it waits for has happened: a payment since a day, or a milestone."""
        events = self.contract.events.all()
        if line.waits_for == EarningTrigger.FIRST_PAYMENT:
            day = (
                events.filter(kind=Kind.PAID, effective_on__gte=since)
                .order_by("effective_on", "pk")
                .values_list("effective_on", flat=True)
                .first()
            )
        else:
            milestone = {trigger: kind for kind, trigger in TRIGGERS.items()}[EarningTrigger(line.waits_for)]
            reached = events.filter(kind=milestone).values_list("effective_on", flat=True).first()
            day = max(reached, since) if reached else None
        if day is not None:
            line.triggered_on, line.payable_on = day, payable_on(day, line.holdback_days)

    def _share_payment(self) -> None:
        """The recurring share of what the customer paid, while the plan's months last; nothing once it was fraud."""
        if self.contract.events.filter(kind=Kind.FRAUD).exists():
            return
        lines = []
        for terms in self._terms():
            plan = plan_of(terms)
            if plan is None or plan.model != PlanModel.RECURRING or terms.factor_percent == 0:
                continue
            line = self._line(terms)
            inputs = inputs_of(
                plan,
                base_amount=self.event.amount or ZERO,
                currency=self.contract.currency,
                rate_percent=terms.rate_percent,
                rate_source="signed",
                verdict_factor_percent=terms.factor_percent,
                credit_bps=terms.credit_bps,
                months_since_start=months_since(self.contract.started_on, self.on),
            )
            if fill_line(line, inputs):
                self._triggered(line, self.on)
                lines.append(line)
        commissions.book_lines(lines=lines, by=self.by, at=self.at)

    def _renew(self) -> None:
        """Commission on the value of the new year, by the plan and the renewal rate of the day of renewal."""
        lines = []
        for terms in self._terms():
            partner = terms.partner
            standing = standing_on(
                partner=partner,
                deal=self.deal,
                deal_kind=deal_kind_of(self.deal, partner),
                on=self.on,
                fallback=terms.program_version,
            )
            chosen = standing.chosen
            if chosen is None or chosen.plan.model == PlanModel.MARGIN or terms.factor_percent == 0:
                continue
            if chosen.plan.months and months_since(self.contract.started_on, self.on) < chosen.plan.months:
                continue  # its payments still earn the recurring share
            now = EarningTerms(
                contract=self.contract,
                partner=partner,
                program_version=standing.version,
                plan_code=chosen.plan.code,
                plan_name=chosen.plan.name,
                plan=chosen.plan.to_dict(),
            )
            line = self._line(now)
            inputs = inputs_of(
                chosen.plan,
                base_amount=self.event.amount or ZERO,
                currency=self.contract.currency,
                rate_percent=chosen.rate_percent,
                rate_source=chosen.rate_source,
                verdict_factor_percent=terms.factor_percent,
                credit_bps=terms.credit_bps,
                volume_before=volume_before(now, self.on, self.contract.currency),
                is_renewal=True,
            )
            if fill_line(line, inputs, chosen.lines):
                self._triggered(line, self.on)
                lines.append(line)
        commissions.book_lines(lines=lines, by=self.by, at=self.at)

    def _line(self, terms: EarningTerms) -> Commission:
        return new_line(
            contract=self.contract,
            terms=terms,
            source_key=f"event:{self.event.code}:{terms.partner.code}",
            title=title_of(self.deal),
            earned_on=self.on,
            at=self.at,
            event=self.event,
        )

    def _take_back(self) -> None:
        """A clawback for each line that the contract earned, of what the event takes back of it.

        A refund concerns the contract year in which it is given, which begins with the signature or the last renewal.
        One that comes with a cancellation or after it takes nothing more: the bands decided about that business.
        """
        rows = self.contract.commissions.select_for_update(of=("self",)).filter(amount__gt=0, status__in=EARNED)
        year = self._year()
        if self.event.kind == Kind.REFUNDED:
            if self.contract.cancelled_on is not None and self.on >= self.contract.cancelled_on:
                return
            rows = rows.filter(earned_on__gte=year.since)
        earned = list(rows.select_related("program_version").order_by("pk"))
        taken = commissions.taken_of([line.pk for line in earned])
        lines = []
        for origin in earned:
            result = clawback(
                ClawbackInputs(
                    commission_amount=origin.amount,
                    already_taken=taken.get(origin.pk, ZERO),
                    days=days_from(self.contract.started_on, self.on),
                    cause=self._cause(origin, year),
                    bands=incentive_terms(origin.program_version).clawback,
                    currency=origin.currency,
                    commission=origin.code,
                )
            )
            if result.amount:
                lines.append(
                    Commission(
                        code=new_code("CM"),
                        partner_id=origin.partner_id,
                        kind=CommissionKind.CLAWBACK,
                        source_key=f"clawback:{self.event.code}:{origin.code}",
                        opportunity_id=origin.opportunity_id,
                        contract=self.contract,
                        event=self.event,
                        origin=origin,
                        program_version=origin.program_version,
                        plan_code=origin.plan_code,
                        plan_name=origin.plan_name,
                        title=origin.title,
                        base_amount=origin.amount,
                        amount=result.amount,
                        currency=origin.currency,
                        inputs=result.inputs.to_json(),
                        lines=to_json(result.lines),
                        earned_on=self.program.today,
                        created_at=self.at,
                        **commissions.as_correction(origin, today=self.program.today),
                    )
                )
        booked = commissions.book_lines(lines=lines, by=self.by, at=self.at)
        origins = [line.origin_id for line in booked if line.origin_id]
        disputed = set(
            Dispute.objects.filter(commission_id__in=origins, status=DisputeStatus.OPEN).values_list(
                "commission_id", flat=True
            )
        )
        if disputed:  # what corrects a disputed line waits with it, and is free again once that is settled
            ids = [line.pk for line in booked if line.origin_id in disputed]
            commissions.hold_lines(ids=ids, reason=HoldReason.DISPUTE, by=self.by, at=self.at, note=self.event.code)

    def _cause(self, origin: Commission, year: Year) -> Cause:
        """Which part of the business that a line was earned on is gone.

        What a cancellation ends is what was left: not what was downgraded or refunded before, whose commission is gone
        already.
        """
        now, original = self.contract.current_annual_amount, self.contract.annual_amount
        match self.event.kind:
            case Kind.CANCELLED:
                if not year.refunded or origin.earned_on < year.since:
                    return Cause.cancelled(now, original)
                if origin.kind == CommissionKind.RECURRING:
                    return Cause.cancelled(max(year.paid - year.refunded, ZERO), year.paid)
                return Cause.cancelled(max(now - year.refunded, ZERO), original)
            case Kind.DOWNGRADED:
                return Cause.downgraded(now, self.event.amount or ZERO, original)
            case Kind.REFUNDED:
                # Shares of payments were earned on what was paid, commission on the deal on the value of its year.
                whole = year.paid if origin.kind == CommissionKind.RECURRING else max(year.paid, year.value)
                return Cause.refunded(whole, self.event.amount or ZERO)
        return Cause.fraud()

    def _year(self) -> Year:
        """The contract year of the event, with what was paid and refunded before it."""
        events = self.contract.events
        last = events.filter(kind=Kind.RENEWED, effective_on__lte=self.on).order_by("-effective_on", "-pk").first()
        since = last.effective_on if last else min(self.contract.signed_on, self.contract.started_on)
        sums = (
            events.filter(effective_on__gte=since)
            .exclude(pk=self.event.pk)
            .aggregate(
                paid=Sum("amount", filter=Q(kind=Kind.PAID)), refunded=Sum("amount", filter=Q(kind=Kind.REFUNDED))
            )
        )
        value = (last.amount or ZERO) if last else self.contract.annual_amount
        return Year(since, value, sums["paid"] or ZERO, sums["refunded"] or ZERO)

    def _change_contract(self) -> None:
        contract, event = self.contract, self.event
        if event.kind == Kind.PAID and (contract.first_paid_on is None or self.on < contract.first_paid_on):
            contract.first_paid_on = self.on
        elif event.kind in (Kind.DOWNGRADED, Kind.RENEWED):
            contract.current_annual_amount = event.amount or ZERO
        elif event.kind in (Kind.CANCELLED, Kind.FRAUD):
            action = "cancel" if event.kind == Kind.CANCELLED else "expose_fraud"
            contract.status = CONTRACT.target(contract.status, action)
            contract.cancelled_on = min(self.on, contract.cancelled_on or self.on)
        contract.version += 1
        contract.save(update_fields=["first_paid_on", "current_annual_amount", "status", "cancelled_on", "version"])

    def _hold_and_escalate(self) -> None:
        """Hold what has not left yet, and ask the director whether the partnership goes on."""
        rows = self.contract.commissions.filter(status__in=commissions.OPEN).select_related("origin")
        unpaid = [line for line in rows if line.origin is None or line.origin.status in commissions.OPEN]
        commissions.hold_lines(
            ids=[line.pk for line in unpaid], reason=HoldReason.FRAUD, by=self.by, at=self.at, note=self.event.code
        )
        words = {"contract": self.contract.code, "customer": title_of(self.deal)}
        work_items.open_work_item(
            kind=FRAUD,
            ref=self.contract.ref,
            organization_id=vendor().pk,
            about_id=self.deal.partner_id,
            title=str(_("Fraud at %(customer)s: end the partnership?") % words),
            at=self.at,
            role="director",
            context={"event": self.event.code},
        )


@settled
def close_fraud_case(*, contract: Contract, by: Actor, at: datetime, note: str = "") -> None:
    """The director has decided: the question is closed. A partnership is ended, and lines are freed, where they are.

    Raises ContractRefused for anybody who does not overrule others, and where no question is open.
    """
    if not by.can("deals.registration_overrule"):
        raise ContractRefused("deals.contract.not_allowed", _("The director decides about fraud."))
    with transaction.atomic():
        closed = work_items.close_work_items(ref=contract.ref, kind=FRAUD, outcome="decided", by=by, at=at)
        if not closed:
            raise ContractRefused("deals.contract.no_case", _("No question is open here."))
        audit.record(
            code="deals.contract.fraud_decided",
            by=by,
            at=at,
            ref=contract.ref,
            organization_id=contract.opportunity.partner_id,
            reason=note.strip(),
        )
