"""How a partner begins: company, people, ratings, exceptions; and how one ends."""

from datetime import date, datetime, timedelta

from partners.actions.contacts import add_contact
from partners.actions.overrides import set_override
from partners.actions.partners import change_stage, change_status, create_partner
from partners.actions.records import set_fit, set_value
from partners.models import Partner, Tier
from prm.core.actions.memberships import add_member
from prm.core.business_time import add_months
from prm.demo import cast
from prm.demo.cast import Profile
from prm.demo.chapters.history import plan_history
from prm.demo.chapters.referrals import plan_referrals
from prm.demo.chapters.registrations import plan_registrations
from prm.demo.chapters.technology import plan_technology
from prm.demo.stage import SETUP, Stage


def plan_partner(stage: Stage, profile: Profile) -> None:
    """A partner from its beginning to today."""
    signed = add_months(stage.today, -profile.signed) if profile.signed is not None else None
    begins = max(signed or stage.today - timedelta(days=12), stage.start)
    stage.plan(stage.moment(begins, 8.2), lambda at: _welcome(stage, profile, signed, at))
    if signed is None:
        return
    if profile.status == "ended":
        ends = stage.today - timedelta(days=60)
        stage.plan(stage.moment(ends, 16), lambda at: _end(stage, profile, at))
    if profile.type == "technology":
        plan_technology(stage, profile)
        return
    plan_history(stage, profile, begins)
    if profile.type in {"referral", "affiliate"}:
        plan_referrals(stage, profile, begins)
    else:
        plan_registrations(stage, profile, begins)


def _welcome(stage: Stage, profile: Profile, signed: date | None, at: datetime) -> None:
    partner = create_partner(
        name=profile.name,
        type=profile.type,
        by=SETUP,
        at=at,
        territory=profile.territory,
        country=profile.country,
        website=f"https://{profile.domain}",
        domain=profile.domain,
        owner=stage.staff[profile.owner].user,
        agreement_signed_on=signed,
        partner_since=signed,
        status="prospect" if profile.status == "prospect" else "active",
        stage="recruit" if signed is None else "onboard",
        external_id=profile.domain,
        time_zone=cast.TIME_ZONES[profile.country],
    )
    stage.partners[profile.name] = partner
    stage.members[profile.name] = [
        add_member(
            organization=partner.organization,
            email=_address(stage, name, profile, number),
            name=name,
            role=role,
            by=SETUP,
            at=at,
        )
        for number, (name, role) in enumerate(_people(stage, profile))
    ]
    _keep_people(stage, partner, profile, at)
    if profile.fit and signed:
        set_fit(
            partner=partner,
            rating=profile.fit,
            set_on=at.date(),
            by=SETUP,
            at=at,
            reason="Rated with the agreement",
        )
    if profile.value and signed:
        set_value(
            partner=partner,
            score=profile.value,
            rated_on=at.date(),
            by=SETUP,
            at=at,
            reason="Rated with the agreement",
        )
    if signed and (stage.today - signed).days > 120:
        stage = "expand" if profile.trend >= 20 else "engage" if profile.trend > -20 else "monitor"
        change_stage(partner=partner, stage=stage, reason="Active partner", by=SETUP, at=at + timedelta(minutes=5))
    _override(stage, partner, profile, at)


def _address(stage: Stage, name: str, profile: Profile, number: int) -> str:
    first = name.split()[0].lower()
    return f"{first}@example.com" if profile.people else f"{first}{number}@{profile.domain}"


def _people(stage: Stage, profile: Profile) -> list[tuple[str, str]]:
    if profile.people:
        return list(profile.people)
    count = 0 if profile.signed is None else max(profile.certified, 1) + 1
    roles = ["partner_admin", *(["seller"] * count)][: count + 1] if count else []
    return [(f"{stage.chance.choice(cast.FIRST_NAMES)} {stage.chance.choice(cast.LAST_NAMES)}", role) for role in roles]


def _keep_people(stage: Stage, partner: Partner, profile: Profile, at: datetime) -> None:
    for side, role, member in (
        ("theirs", "primary", stage.members[profile.name][0] if stage.members[profile.name] else None),
        ("ours", "manager", stage.staff[profile.owner]),
        ("ours", "sponsor", stage.staff["Vera Holm"] if profile.value >= 4 else None),
    ):
        if member is not None:
            add_contact(
                partner=partner,
                side=side,
                role=role,
                name=member.user.name,
                email=member.user.email,
                by=SETUP,
                at=at,
            )


def _override(stage: Stage, partner: Partner, profile: Profile, at: datetime) -> None:
    if profile.name == "Atlas Alliance Group":
        _set_override(stage, partner, "strategic", "platinum", 3 * 365, "Anchor alliance of the program", at)
    if profile.name == "Quanta Connectors":
        _set_override(stage, partner, "provisional", "certified", 240, "Integration is about to go live", at)


def _set_override(stage: Stage, partner: Partner, kind: str, tier: str, days: int, reason: str, at: datetime) -> None:
    day = at.date()
    set_override(
        partner=partner,
        kind=kind,
        tier=Tier.objects.get(track=partner.track, code=tier),
        reason=reason,
        starts_on=day,
        ends_on=day + timedelta(days=days) if kind == "strategic" else add_months(day, 6),
        by=SETUP,
        at=at + timedelta(minutes=10),
    )


def _end(stage: Stage, profile: Profile, at: datetime) -> None:
    change_status(
        partner=Partner.objects.get(pk=stage.partners[profile.name].pk),
        action="end",
        reason="No business in a year; agreement not renewed",
        by=SETUP,
        at=at,
    )
