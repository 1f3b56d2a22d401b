"""Rates agreed with single partners above the plan's, dated, each with its reason.

An own rate replaces the rate of whatever plan is chosen, from its first day on and for contracts signed from then on;
what was signed before keeps its terms. Two never hold at once for the same partner and plan.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.models import OwnRate
from partners.models import Partner
from partners.queries.program import incentive_terms, program_today, version_in_force
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.refused import Refused


class OwnRateRefused(Refused):
    """The rate can't be agreed or ended like that. ``field`` is where the problem is."""

    code = "deals.own_rate.refused"
    text = _("This rate can’t be agreed like that.")

    @property
    def field(self) -> str:
        """The name of the field that is wrong; empty for the whole."""
        return str(self.values.get("field", ""))


@settled
def set_own_rate(
    *,
    partner: Partner,
    rate_percent: Decimal,
    valid_from: date,
    reason: str,
    by: Actor,
    at: datetime,
    plan_code: str = "",
    valid_until: date | None = None,
) -> OwnRate:
    """Agree a rate with a partner, for one plan or (blank) for any that has a rate.

    Raises OwnRateRefused for a day in the past, a plan that the program does not know, and where another agreement
    for the same plan already holds on one of the days.
    """
    _must_edit(by)
    if not reason.strip():
        raise OwnRateRefused("deals.own_rate.reason_missing", _("Please say why."), {"field": "reason"})
    if not 0 <= rate_percent <= 100:
        raise OwnRateRefused("deals.own_rate.range", _("A rate is 0 to 100 %%."), {"field": "rate_percent"})
    if valid_from < program_today(at):
        raise OwnRateRefused(
            "deals.own_rate.reaches_back",
            _("Terms never reach back. Choose today or a later day."),
            {"field": "valid_from"},
        )
    if valid_until is not None and valid_until < valid_from:
        raise OwnRateRefused("deals.own_rate.period", _("It ends before it begins."), {"field": "valid_until"})
    if plan_code and incentive_terms(version_in_force(at)).plan(plan_code) is None:
        raise OwnRateRefused("deals.own_rate.plan", _("The program in force has no such plan."), {"field": "plan_code"})
    with transaction.atomic():
        Partner.objects.select_for_update(no_key=True, of=("self",)).get(pk=partner.pk)
        _must_be_free(partner, plan_code, valid_from, valid_until)
        row = OwnRate.objects.create(
            partner=partner,
            plan_code=plan_code,
            rate_percent=rate_percent,
            valid_from=valid_from,
            valid_until=valid_until,
            reason=reason.strip(),
            created_by_id=by.user_id,
            created_at=at,
        )
        _tell("set", row, by, at, reason.strip())
    return row


@settled
def end_own_rate(*, own_rate: OwnRate, last_day: date, reason: str, by: Actor, at: datetime) -> None:
    """Let an agreement end with a day, yesterday at the earliest; one that has not begun is given up altogether."""
    _must_edit(by)
    if not reason.strip():
        raise OwnRateRefused("deals.own_rate.reason_missing", _("Please say why."), {"field": "reason"})
    with transaction.atomic():
        row = OwnRate.objects.select_for_update(of=("self",)).select_related("partner").get(pk=own_rate.pk)
        if last_day < program_today(at) - timedelta(days=1):
            raise OwnRateRefused(
                "deals.own_rate.reaches_back",
                _("Terms never reach back. Choose yesterday or a later day."),
                {"field": "last_day"},
            )
        if row.valid_until is not None and row.valid_until <= last_day:
            raise OwnRateRefused(
                "deals.own_rate.ends_before",
                _("It ends on %(day)s anyway."),
                {"field": "last_day", "day": row.valid_until.isoformat()},
            )
        if last_day < row.valid_from:
            _tell("ended", row, by, at, reason.strip())
            row.delete()
            return
        row.valid_until = last_day
        row.save(update_fields=["valid_until"])
        _tell("ended", row, by, at, reason.strip())


def _must_edit(by: Actor) -> None:
    if not by.can("deals.plan_edit"):
        raise OwnRateRefused("deals.own_rate.not_allowed", _("You do not agree rates with partners."))


def _must_be_free(partner: Partner, plan_code: str, valid_from: date, valid_until: date | None) -> None:
    """The database refuses an overlap in any case; here it is said which one."""
    rows = OwnRate.objects.filter(partner=partner, plan_code=plan_code)
    rows = rows.filter(Q(valid_until=None) | Q(valid_until__gte=valid_from))
    if valid_until is not None:
        rows = rows.filter(valid_from__lte=valid_until)
    known = rows.order_by("valid_from").first()
    if known is not None:
        raise OwnRateRefused(
            "deals.own_rate.overlaps",
            _("%(rate)s %% is agreed from %(from)s to %(until)s already. End that first, or choose other days."),
            {
                "field": "valid_from",
                "rate": f"{known.rate_percent.normalize():f}",
                "from": known.valid_from.isoformat(),
                "until": known.valid_until.isoformat() if known.valid_until else "…",
            },
        )


def _tell(word: str, row: OwnRate, by: Actor, at: datetime, reason: str) -> None:
    audit.record(
        code=f"deals.own_rate.{word}",
        by=by,
        at=at,
        ref=row.partner.ref,
        organization_id=row.partner_id,
        changes={
            "plan": row.plan_code,
            "rate_percent": row.rate_percent,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
        },
        reason=reason,
    )
    outbox.emit(
        name=f"deals.own_rate.{word}",
        ref=row.partner.ref,
        data={"partner_id": row.partner_id, "plan": row.plan_code},
        at=at,
    )
