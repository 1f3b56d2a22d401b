"""Taking, ending and handing over accounts. The database decides who was first; this puts its answer into words."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange, NumericRange
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import EXCLUDED, settled, sqlstate
from deals.choices import ClaimBasis, RegistrationStatus
from deals.models import Claim, Registration
from deals.queries.conflicts import lines_of
from deals.queries.people import may_decide
from deals.queries.program import Program, program_at
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refused import Refused

LIVE = (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED, RegistrationStatus.APPROVED)


class ClaimRefused(Refused):
    """The account can't be given to this registration."""

    code = "deals.claim.refused"
    text = _("This account can’t be handed over.")


def take_claims(*, registration: Registration, at: datetime, until: datetime | None = None, **origin: object) -> bool:
    """Take the account for a registration's product lines from now on; False when another partner holds it.

    Runs in the caller's transaction. All lines or none: a holder of one of them is a holder. Lines are taken in order,
    so that two rivals wait for each other in the same order.
    """
    lines = lines_of(registration.products.all())
    rows = [
        Claim(
            code=new_code("CL"),
            registration=registration,
            partner_id=registration.partner_id,
            basis=ClaimBasis.DOMAIN if registration.domain_key else ClaimBasis.NAME,
            account_key=registration.account_key,
            key_version=registration.key_version,
            product_line=line,
            period=DateTimeTZRange(at, until),
            started_at=at,
            **origin,
        )
        for line in [NumericRange(number, number + 1) for number in lines] or [NumericRange(None, None)]
    ]
    try:
        with transaction.atomic():
            Claim.objects.bulk_create(rows)
    except IntegrityError as error:
        if sqlstate(error) != EXCLUDED:
            raise
        return False
    return True


def holds_claim(*, registration: Registration, at: datetime) -> bool:
    """Whether the registration holds its account at a moment."""
    return Claim.objects.filter(registration=registration, ended_at=None, period__contains=at).exists()


def set_end_of_claims(*, registration: Registration, until: datetime | None, at: datetime) -> bool:
    """Move the end of a registration's running claims; False when another partner holds part of the new time."""
    running = Claim.objects.filter(registration=registration, ended_at=None, period__contains=at)
    try:
        with transaction.atomic():
            for claim in running.order_by("pk"):
                claim.period = DateTimeTZRange(claim.period.lower, until)
                claim.save(update_fields=["period"])
    except IntegrityError as error:
        if sqlstate(error) != EXCLUDED:
            raise
        return False
    return True


_CUT = """
UPDATE deals_claim
   SET period = tstzrange(lower(period), GREATEST(lower(period), LEAST(COALESCE(upper(period), %(at)s), %(at)s))),
       ended_at = %(at)s, ended_because = %(why)s
 WHERE registration_id = ANY(%(ids)s) AND ended_at IS NULL
"""


def end_claims(*, registration_ids: list[int], because: str, at: datetime) -> int:
    """Cut the periods of running claims short; nothing is deleted. A claim already past its end keeps it."""
    if not registration_ids:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_CUT, {"at": at, "why": because, "ids": registration_ids})
        return cursor.rowcount


@settled
def transfer_claim(*, registration: Registration, by: Actor, at: datetime, reason: str) -> list[Claim]:
    """Give the account to this registration and take it from whoever holds it; returns the claims that ended.

    Needs the right to overrule, for both partners, and a reason. The one that loses it stays what it is; what it
    loses is exclusivity: an approved one is protected until yesterday at most, an open one is in conflict from now on.
    """
    if not reason.strip():
        raise ClaimRefused("deals.claim.reason_missing", _("Please say why the account changes hands."))
    with transaction.atomic():
        return hand_over(registration=registration, by=by, at=at, reason=reason)


def hand_over(*, registration: Registration, by: Actor, at: datetime, reason: str) -> list[Claim]:
    """The heart of ``transfer_claim``, inside the caller's transaction. Locks registrations in order of their ids."""
    if not by.can("deals.registration_overrule"):
        raise ClaimRefused("deals.claim.not_allowed", _("Only a director can hand an account over."))
    holders = rivals_of(registration=registration, at=at)
    ids = sorted({registration.pk, *(claim.registration_id for claim in holders)})
    locked = {each.pk: each for each in Registration.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
    taker = locked[registration.pk]
    if taker.status not in LIVE:
        raise ClaimRefused(
            "deals.claim.not_open", _("Only an open registration can take an account."), {"state": taker.status}
        )
    holders = rivals_of(registration=taker, at=at)
    if not {claim.registration_id for claim in holders} <= set(locked):
        raise ClaimRefused("deals.claim.moved", _("The account changed hands at this moment. Please look again."))
    if holds_claim(registration=taker, at=at):
        raise ClaimRefused("deals.claim.holds_already", _("This registration holds the account already."))
    for partner_id in {taker.partner_id, *(claim.partner_id for claim in holders)}:
        if not may_decide(by, partner_id, at):
            raise ClaimRefused("deals.claim.not_allowed", _("You do not decide for both partners."))
    program = program_at(at)
    for pk in sorted({claim.registration_id for claim in holders}):
        _lose(locked[pk], program, by, at, reason)
    until = program.end_of(taker.protected_until) if taker.protected_until else None
    if not take_claims(
        registration=taker,
        at=at,
        until=until,
        transferred_from=holders[0] if holders else None,
        reason=reason,
    ):
        raise ClaimRefused("deals.claim.moved", _("The account changed hands at this moment. Please look again."))
    taker.in_conflict = False
    taker.version += 1
    taker.save(update_fields=["in_conflict", "version"])
    audit.record(
        code="deals.claim.transferred",
        by=by,
        at=at,
        ref=taker.ref,
        organization_id=taker.partner_id,
        changes={"account_key": taker.account_key, "from": [claim.code for claim in holders]},
        reason=reason,
    )
    outbox.emit(name="deals.claim.transferred", ref=taker.ref, data={"partner_id": taker.partner_id}, at=at)
    registration.refresh_from_db()
    return holders


def rivals_of(*, registration: Registration, at: datetime) -> list[Claim]:
    """Claims of other partners that stand in the way of this registration now."""
    lines = lines_of(registration.products.all())
    claims = (
        Claim.objects.filter(account_key=registration.account_key, ended_at=None, period__contains=at)
        .exclude(partner_id=registration.partner_id)
        .select_related("partner__organization", "registration")
        .order_by("pk")
    )
    wanted = [NumericRange(number, number + 1) for number in lines]
    return [claim for claim in claims if not wanted or any(_overlap(claim.product_line, each) for each in wanted)]


def _overlap(a: NumericRange, b: NumericRange) -> bool:
    starts_before_end = a.lower is None or b.upper is None or a.lower < b.upper
    ends_after_start = a.upper is None or b.lower is None or a.upper > b.lower
    return starts_before_end and ends_after_start


def _lose(loser: Registration, program: Program, by: Actor, at: datetime, reason: str) -> None:
    """Take the account from one that holds it; what the partner reads names nobody."""
    end_claims(registration_ids=[loser.pk], because="transferred", at=at)
    changed: dict[str, list[Any]] = {"in_conflict": [loser.in_conflict, True]}
    loser.in_conflict = True
    fields = ["in_conflict", "version"]
    if loser.status == RegistrationStatus.APPROVED and loser.protected_until and loser.protected_from:
        yesterday = program.today - timedelta(days=1)
        last_day = max(min(loser.protected_until, yesterday), loser.protected_from)
        changed["protected_until"] = [loser.protected_until, last_day]
        loser.protected_until = last_day
        fields.append("protected_until")
    loser.version += 1
    loser.save(update_fields=fields)
    audit.record(
        code="deals.claim.lost",
        by=by,
        at=at,
        ref=loser.ref,
        organization_id=loser.partner_id,
        changes=changed,
        reason=reason,
    )
    outbox.emit(name="deals.claim.lost", ref=loser.ref, data={"partner_id": loser.partner_id}, at=at)
