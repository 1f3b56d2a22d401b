"""Partners in the world of the access sweep: each company with its people, records, exceptions, and the program."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from partners.actions.contacts import add_contact
from partners.actions.integrations import record_integration
from partners.actions.overrides import set_override
from partners.actions.partners import edit_partner
from partners.actions.programs import load_program
from partners.documents.program_file import blueprint_text, read_program_file
from partners.models import Integration, Partner, PartnerContact, ProgramVersion, Tier, TierOverride
from prm.core.actions import invitations
from prm.core.models import Invitation, Membership
from prm.core.uploads import accept_upload
from tests.partners import making
from tests.world import Rows, World, add_person, register

_numbers = count(1)
_UPLOADS: dict[str, str] = {}  # code of the uploaded file, by world
NPS = "external_id,partner,score,answered_on\nsweep-1,Northwind Solutions,9,2026-05-01\n"


def _partner(world: World, owner: str, route: str) -> Partner:
    """The company itself, with a promotion that waits and words of its own."""
    partner = Partner.objects.select_related("organization", "track").get(pk=world.company(owner).pk)
    gold = Tier.objects.get(track=partner.track, code="gold")
    Partner.objects.filter(pk=partner.pk).update(pending_tier=gold)
    changes = {"about": world.words(owner, "We sell and implement.")}
    return edit_partner(partner=partner, version=partner.version, changes=changes, by=making.SETUP, at=world.at)


def _contact(world: World, owner: str, route: str) -> PartnerContact:
    partner = Partner.objects.get(pk=world.company(owner).pk)
    number = next(_numbers)
    return add_contact(
        partner=partner, side="theirs", role="technical", name=world.words(owner, "Tech"),
        email=f"tech{number}@{owner}.example", by=making.SETUP, at=world.at,
    )  # fmt: skip


def _member(world: World, owner: str, route: str) -> Membership:
    number = next(_numbers)
    return add_person(
        world.company(owner), world.words(owner, f"Member {number}"), "seller", at=world.at,
        email=f"member{number}@{owner}.example",
    ).membership  # fmt: skip


def _invitation(world: World, owner: str, route: str) -> Invitation:
    number = next(_numbers)
    return invitations.invite_person(
        organization=world.company(owner), email=f"guest{number}@{owner}.example", name=world.words(owner, "Guest"),
        role="seller", by=making.SETUP, at=world.now,
    )  # fmt: skip


def _integration(world: World, owner: str, route: str) -> Integration:
    number = next(_numbers)
    return record_integration(
        partner=Partner.objects.get(pk=world.company(owner).pk), name=world.words(owner, f"Connector {number}"),
        product="Platform", url=f"https://{owner}.example/connector", live_on=world.at.date(),
        evidence="Shown to our engineers", by=making.SETUP, at=world.at,
    )  # fmt: skip


def _override(world: World, owner: str, route: str) -> TierOverride:
    partner = Partner.objects.select_related("track").get(pk=world.company(owner).pk)
    return set_override(
        partner=partner, kind="provisional", tier=Tier.objects.get(track=partner.track, code="silver"),
        reason=world.words(owner, "New team"), starts_on=world.at.date(), ends_on=world.now.date() + timedelta(days=99),
        by=making.SETUP, at=world.at,
    )  # fmt: skip


def _version(world: World, owner: str, route: str) -> ProgramVersion:
    """A draft beside the version in force; and, because it belongs to nobody's row, the file of an import."""
    stored = accept_upload(
        file=SimpleUploadedFile("nps.csv", NPS.encode(), content_type="text/csv"), by=world.dan.actor, at=world.at,
        organization_id=world.vendor.pk, kinds=("csv",),
    )  # fmt: skip
    _UPLOADS[world.canary] = stored.code
    read = read_program_file(blueprint_text("starter"))
    return load_program(program=read.program, source_text=read.text, by=world.ada.actor, at=world.at)


def _new_role(world: World, row: Any) -> dict[str, str]:
    return {f"{row.code}-role": "learner"}


def _program_file(world: World, row: Any) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("program.yaml", blueprint_text("starter").encode())}


def _csv(world: World, row: Any) -> dict[str, Any]:
    return {"kind": "nps", "file": SimpleUploadedFile("nps.csv", NPS.encode(), content_type="text/csv")}


def _rehearsed(world: World, row: Any) -> dict[str, Any]:
    """The file that Dan, who may do most here, has uploaded."""
    return {"kind": "nps", "file": _UPLOADS[world.canary], "day_order": "iso", "encoding": ""}


register(
    Rows(
        kind="partners.partner",
        make=_partner,
        bodies={
            "partner_create": lambda world, row: {"name": f"New {next(_numbers)}", "country": "DE", "website": ""},
            "partner_edit": lambda world, row: {"country": "FR", "website": "", "territory": "Elsewhere"},
            "partner_stage": lambda world, row: {"stage": "expand", "reason": "x"},
            "partner_owner": lambda world, row: {"owner": world.dan.user.pk},
            "partner_override": lambda world, row: {
                "kind": "strategic",
                "tier": Tier.objects.get(track=row.track, code="platinum").pk,
                "ends_on": (world.now.date() + timedelta(days=30)).isoformat(),
                "sourced_arr": "",
                "qualified_referrals": "",
                "certified_people": "",
            },
        },
    )
)
register(Rows(kind="partners.contact", make=_contact))
register(Rows(kind="partners.member", make=_member, bodies={"member_role": _new_role}))
register(Rows(kind="partners.invitation", make=_invitation))
register(
    Rows(
        kind="partners.integration",
        make=_integration,
        bodies={"integration_edit": lambda world, row: {"product": "Analytics", "ended_on": ""}},
    )
)
register(Rows(kind="partners.override", make=_override))
register(
    Rows(
        kind="partners.version",
        make=_version,
        owners=("vendor",),
        bodies={
            "version_create": _program_file,
            "version_delete": lambda world, row: {},
            "version_publish": lambda world, row: {"valid_from": (world.now.date() + timedelta(days=9)).isoformat()},
            "import_start": _csv,
            "import_confirm": _rehearsed,
            "import_errors": _rehearsed,
        },
    )
)
