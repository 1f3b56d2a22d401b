"""Who else decides for a manager's partners: whole territories, and days of absence."""

from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partners.models import Delegation, TerritoryCover
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.models import Membership, User
from prm.core.refs import Ref
from prm.core.refused import Refused
from prm.core.roles import at_least

PERMISSION = "core.staff_manage"


class CoverRefused(Refused):
    """Nobody can stand in this way."""

    code = "partners.cover.refused"
    text = _("This stand-in can't be kept.")


def cover_territory(*, user: User, territory: str, by: Actor, at: datetime) -> TerritoryCover:
    """Let a manager decide for every partner of a territory."""
    _require(by, user)
    territory = " ".join(territory.split())
    if not territory:
        raise CoverRefused("partners.cover.territory", _("Name a territory."))
    try:
        with transaction.atomic():
            cover = TerritoryCover.objects.create(user=user, territory=territory, created_at=at)
            _record("partners.cover.started", user, {"territory": territory}, by, at)
    except IntegrityError:
        raise CoverRefused("partners.cover.known", _("This person covers this territory already.")) from None
    return cover


def uncover_territory(*, cover: TerritoryCover, by: Actor, at: datetime) -> None:
    """A manager no longer decides for a territory."""
    _require(by)
    with transaction.atomic():
        _record("partners.cover.ended", cover.user, {"territory": cover.territory}, by, at)
        cover.delete()


def delegate(
    *, giver: User, taker: User, starts_on: date, ends_on: date, by: Actor, at: datetime, reason: str = ""
) -> Delegation:
    """Let another manager decide for somebody's portfolio, both days included."""
    _require(by, taker)
    if ends_on < starts_on or giver == taker:
        raise CoverRefused("partners.delegation.range", _("Name another person, and a last day after the first."))
    with transaction.atomic():
        delegation = Delegation.objects.create(
            giver=giver, taker=taker, starts_on=starts_on, ends_on=ends_on, reason=reason.strip(), created_at=at
        )
        changes = {"taker": taker.pk, "from": starts_on, "until": ends_on}
        _record("partners.delegation.given", giver, changes, by, at, reason)
    return delegation


def undelegate(*, delegation: Delegation, by: Actor, at: datetime) -> None:
    """Take a delegation back."""
    _require(by)
    with transaction.atomic():
        _record("partners.delegation.taken_back", delegation.giver, {"taker": delegation.taker_id}, by, at)
        delegation.delete()


def _require(by: Actor, stand_in: User | None = None) -> None:
    if not by.can(PERMISSION):
        raise CoverRefused("partners.cover.not_allowed", _("You may not change who decides."))
    if stand_in is not None:
        working = Membership.objects.active().filter(user=stand_in, organization__kind="vendor", role__in=at_least(1))
        if not working.exists():
            raise CoverRefused("partners.cover.person", _("Only staff who decide can stand in."))


def _record(code: str, user: User, changes: dict, by: Actor, at: datetime, reason: str = "") -> None:
    audit.record(code=code, by=by, at=at, ref=Ref("core.user", str(user.pk)), changes=changes, reason=reason)
