"""Records entered by hand: NPS answers, strategic fit, strategic value. Each with its day and a reason."""

from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partners.actions.partners import require_change
from partners.choices import FitRating as Fit
from partners.choices import RecordSource
from partners.models import FitRating, NpsAnswer, Partner, ValueRating
from partners.queries.program import program_today
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refs import Ref
from prm.core.refused import Refused

PERMISSION = "partners.record_edit"
CHANGED = "partners.record.changed"
NPS_MOST = 10
VALUE_LEAST, VALUE_MOST = 1, 5


class RecordRefused(Refused):
    """A record can't be kept this way."""

    code = "partners.record.refused"
    text = _("This record can't be kept.")


def add_nps_answer(
    *,
    partner: Partner,
    score: int,
    answered_on: date,
    by: Actor,
    at: datetime,
    reason: str,
    email: str = "",
    comment: str = "",
    source: str = RecordSource.MANUAL,
) -> NpsAnswer:
    """Keep an answer, 0 to 10, that reached us on another way than the survey."""
    check_nps(score)
    with transaction.atomic():
        check_entry(partner, answered_on, reason, by, at)
        answer = NpsAnswer.objects.create(
            code=new_code("NP"),
            partner=partner,
            email=email.strip().lower(),
            score=score,
            comment=comment.strip(),
            answered_on=answered_on,
            source=source,
            reason=reason.strip(),
            by_id=by.user_id,
            created_at=at,
        )
        tell_entry("partners.nps.added", partner, answer.ref, {"score": score, "on": answered_on}, reason, by, at)
    return answer


def set_fit(*, partner: Partner, rating: str, set_on: date, by: Actor, at: datetime, reason: str) -> FitRating:
    """Judge strategic fit; the latest day counts, earlier judgements stay as history."""
    if rating not in Fit.values:
        raise RecordRefused("partners.record.fit", _("Fit is strong, moderate or weak."))
    with transaction.atomic():
        check_entry(partner, set_on, reason, by, at)
        row = FitRating.objects.create(
            code=new_code("FT"),
            partner=partner,
            rating=rating,
            set_on=set_on,
            reason=reason.strip(),
            source=RecordSource.MANUAL,
            by_id=by.user_id,
            created_at=at,
        )
        tell_entry("partners.fit.set", partner, row.ref, {"rating": rating, "on": set_on}, reason, by, at)
    return row


def set_value(*, partner: Partner, score: int, rated_on: date, by: Actor, at: datetime, reason: str) -> ValueRating:
    """Rate strategic value, 1 to 5; the latest day counts."""
    check_value(score)
    with transaction.atomic():
        check_entry(partner, rated_on, reason, by, at)
        row = ValueRating.objects.create(
            code=new_code("VR"),
            partner=partner,
            score=score,
            rated_on=rated_on,
            reason=reason.strip(),
            source=RecordSource.MANUAL,
            by_id=by.user_id,
            created_at=at,
        )
        tell_entry("partners.value.rated", partner, row.ref, {"score": score, "on": rated_on}, reason, by, at)
    return row


def check_nps(score: int) -> None:
    """Refuse an answer that the question does not offer."""
    if not 0 <= score <= NPS_MOST:
        raise RecordRefused("partners.record.nps", _("An answer is 0 to 10."))


def check_value(score: int) -> None:
    """Refuse a value outside its scale."""
    if not VALUE_LEAST <= score <= VALUE_MOST:
        raise RecordRefused("partners.record.value", _("Strategic value is 1 to 5."))


def check_entry(partner: Partner, day: date, reason: str, by: Actor, at: datetime) -> None:
    """Refuse an entry by somebody who does not decide for the partner, without a reason, or of a day to come."""
    require_change(by, partner, at, PERMISSION)
    if not reason.strip():
        raise RecordRefused("partners.record.reason_missing", _("Please give a reason."))
    if day > program_today(at):
        raise RecordRefused("partners.record.future", _("The day can't lie in the future."))


def tell_entry(code: str, partner: Partner, ref: Ref, changes: dict, reason: str, by: Actor, at: datetime) -> None:
    """The audit line of an entry, and the event that its partner's figures moved."""
    audit.record(
        code=code,
        by=by,
        at=at,
        ref=partner.ref,
        organization_id=partner.pk,
        changes={**changes, "record": ref.code},
        reason=reason.strip(),
    )
    outbox.emit(name=CHANGED, ref=partner.ref, data={"partner_id": partner.pk}, at=at)
