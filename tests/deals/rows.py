"""Deals in the world of the access sweep: each company's registrations in every state, referrals, deals and claims."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from deals.actions.attachments import add_attachment
from deals.actions.extensions import request_extension
from deals.actions.referrals import accept_referral, submit_referral
from deals.actions.touches import record_touch
from deals.models import Attachment, Claim, Opportunity, Referral, Registration, Touch
from deals.purposes import APPROVE, EXTEND
from prm.core.signed_links import LinkRequest, make_link
from tests.core.corpus import pdf
from tests.deals import earning_rows, incentive_rows, payout_rows, proof_rows, stage  # noqa: F401 - they register rows
from tests.world import Person, Rows, World, register

_numbers = count(1)


def _typed(world: World, owner: str) -> dict[str, Any]:
    """Another customer each time, with the owner's words in every text."""
    number = next(_numbers)
    return {
        "customer_name": world.words(owner, f"Customer {number}"),
        "customer_domain": f"customer{number}-of-{owner}.com",
        "customer_address": world.words(owner, "Main street 1"),
        "contact_name": world.words(owner, "Eva"),
        "competitor": world.words(owner, "Contoso"),
        "notes": world.words(owner, "Met at the fair"),
        "expected_close_on": (world.at + timedelta(days=90)).date(),
        "first_contact_on": (world.at - timedelta(days=9)).date(),
    }


def _seller(world: World, owner: str) -> Person:
    return world.sara if owner == "northwind" else world.rita


_STATES = {
    "registration_edit": "draft",
    "registration_answer": "returned",
    "registration_extend": "approved",
    "registration_update": "approved",
    "registration_report_won": "approved",
    "registration_report_lost": "approved",
    "registration_appeal": "rejected",
    "registration_overrule": "in conflict",
}


def _state_of(route: str) -> str:
    return _STATES.get(route, "submitted")


def _registration(world: World, owner: str, route: str) -> Registration:
    person, typed = _seller(world, owner), _typed(world, owner)
    match _state_of(route):
        case "draft":
            return stage.draft(person, at=world.at, **typed)
        case "returned":
            return stage.returned(world, person, at=world.at, fields=("notes",), **typed)
        case "approved":
            return stage.approved(world, person, at=world.at, **typed)
        case "rejected":
            return stage.rejected(world, person, at=world.at, **typed)
        case "in conflict":
            other = world.rita if owner == "northwind" else world.sara
            stage.submitted(other, at=world.at, **typed | {"customer_name": "Held by somebody else", "notes": ""})
    return stage.submitted(person, at=world.at, **typed)


def _extension(world: World, owner: str, route: str) -> Registration:
    registration = stage.approved(world, _seller(world, owner), at=world.at, **_typed(world, owner))
    request_extension(
        registration=registration, by=_seller(world, owner).actor, at=world.at + timedelta(days=1), activity="A demo"
    )
    registration.refresh_from_db()
    return registration


def _win(world: World, owner: str, route: str) -> Registration:
    return stage.reported(world, _seller(world, owner), at=world.at, **_typed(world, owner))


def _attachment(world: World, owner: str, route: str) -> Attachment:
    person, typed = _seller(world, owner), _typed(world, owner)
    make = stage.draft if route == "attachment_remove" else stage.submitted
    file = SimpleUploadedFile(f"{world.words(owner, 'minutes')}.pdf", pdf(), content_type="application/pdf")
    return add_attachment(registration=make(person, at=world.at, **typed), by=person.actor, at=world.at, file=file)


def _opportunity(world: World, owner: str, route: str) -> Opportunity:
    make = stage.won if route == "opportunity_correct" else stage.approved
    return make(world, _seller(world, owner), at=world.at, **_typed(world, owner)).opportunity


def _referral(world: World, owner: str, route: str) -> Referral:
    person, typed = _seller(world, owner), _typed(world, owner)
    names = ("customer_name", "customer_domain", "contact_name", "notes")
    referral = submit_referral(
        partner=stage.partner_of(person),
        by=person.actor,
        at=world.at,
        values={name: typed[name] for name in names} | {"customer_country": "DE"},
    )
    if route == "referral_qualify":
        return accept_referral(referral=referral, by=world.dan.actor, at=world.at)
    return referral


def _touch(world: World, owner: str, route: str) -> Touch:
    """Something the owner did for its deal, with a file, as its seller wrote it down."""
    file = SimpleUploadedFile(f"{world.words(owner, 'demo')}.pdf", pdf(), content_type="application/pdf")
    person = _seller(world, owner)
    return record_touch(
        opportunity=_opportunity(world, owner, route),
        by=person.actor,
        at=world.at + timedelta(days=1),
        kind="demo",
        occurred_on=world.at.date(),
        person=world.words(owner, "Eva"),
        evidence=world.words(owner, "Demo of the analytics"),
        file=file,
    )


def _part(world: World, owner: str, route: str) -> Opportunity:
    """The owner's deal with its verdict and a touch of its own."""
    return _touch(world, owner, route).opportunity


def _own_code(owner_deal: Opportunity) -> str:
    partner = owner_deal.partner
    assert partner is not None
    return partner.code


def _claim(world: World, owner: str, route: str) -> Claim:
    return Claim.objects.get(registration=stage.submitted(_seller(world, owner), at=world.at, **_typed(world, owner)))


@dataclass(frozen=True)
class MailedLink:
    """A link as only its reader's mailbox holds it, and who that is."""

    token: str
    holder: str


def _link(world: World, owner: str, route: str) -> MailedLink:
    """Staff approve with the one, the owner's admin asks for more time with the other."""
    person, typed = _seller(world, owner), _typed(world, owner)
    if route == "link_approve":
        holder, purpose, registration = "dan", APPROVE, stage.submitted(person, at=world.at, **typed)
    else:
        holder = {"northwind": "paul", "rival": "rita"}[owner]
        purpose, registration = EXTEND, stage.approved(world, person, at=world.at, **typed)
    address = make_link(
        request=LinkRequest(purpose, good_for=timedelta(days=20)),
        membership=world.people[holder].membership,
        ref=registration.ref,
        at=world.at,
    )
    return MailedLink(address.rstrip("/").split("/")[-2], holder)


@dataclass(frozen=True)
class Bodies:
    """What forms can't say by the types of their fields."""

    @staticmethod
    def deal(world: World, row: Any) -> dict[str, Any]:
        """A complete registration."""
        return {
            "customer_name": f"Swept {next(_numbers)}",
            "customer_domain": f"swept{next(_numbers)}.com",
            "customer_country": "DE",
            "products": [str(stage.product().pk)],
            "amount": "1000",
            "currency": "USD",
            "expected_close_on": (world.now + timedelta(days=90)).date().isoformat(),
            "first_contact_on": world.at.date().isoformat(),
            "quote_sent_on": "",
            "version": "",
            "do": "submit",
        }

    @staticmethod
    def lost(world: World, row: Any) -> dict[str, Any]:
        """A reason."""
        return {"lost-lost_reason": "price", "lose-lost_reason": "price"}


def _day(world: World) -> str:
    return (world.at + timedelta(days=2)).date().isoformat()


register(
    Rows(
        kind="deals.registration",
        make=_registration,
        state_of=_state_of,
        bodies={
            "registration_new": Bodies.deal,
            "registration_edit": Bodies.deal,
            "registration_check": lambda world, row: {"customer_domain": f"asked{next(_numbers)}.com"},
            "registration_withdraw": lambda world, row: {"withdraw-reason": "No budget"},
            "registration_answer": lambda world, row: {"answer-answer": "The north", "answer-notes": "More"},
            "registration_extend": lambda world, row: {"extend-activity": "Two workshops"},
            "registration_update": lambda world, row: {"update-stage": "proposal", "update-note": "A demo"},
            "registration_report_won": lambda world, row: {"won-won_on": _day(world), "won-evidence": "Order 17"},
            "registration_report_lost": Bodies.lost,
            "registration_appeal": lambda world, row: {"appeal-grounds": "See the minutes"},
            "registration_approve": lambda world, row: {"approve-note": "Good luck"},
            "registration_return": lambda world, row: {"return-note": "Which unit?", "return-fields_to_fix": ["notes"]},
            "registration_reject": lambda world, row: {"reject-note": "No project"},
            "registration_overrule": lambda world, row: {"transfer-reason": "Customer's letter"},
        },
    )
)
register(
    Rows(
        kind="deals.attachment",
        make=_attachment,
        kwargs=lambda row: {"code": row.registration.code, "file": row.file.code},
        state_of=lambda route: "draft" if route == "attachment_remove" else "sent",
        bodies={
            "attachment_add": lambda world, row: {
                "attach-file": SimpleUploadedFile("more.pdf", pdf(), content_type="application/pdf")
            },
            "attachment_remove": lambda world, row: {},
        },
    )
)
register(
    Rows(
        kind="deals.extension",
        make=_extension,
        bodies={
            "extension_grant": lambda world, row: {"grant-note": "Fine", "version": row.version},
            "extension_decline": lambda world, row: {"decline_extension-note": "Too early", "version": row.version},
        },
    )
)
register(
    Rows(
        kind="deals.win",
        make=_win,
        bodies={
            "win_confirm": lambda world, row: {
                "confirm-won_on": _day(world),
                "confirm-amount": "1000",
                "confirm-currency": "USD",
                "confirm-term_months": "",
            },
            "win_decline": lambda world, row: {"decline_win-note": "Which order?"},
        },
    )
)
register(
    Rows(
        kind="deals.opportunity",
        make=_opportunity,
        state_of=lambda route: "won" if route == "opportunity_correct" else "open",
        bodies={
            "opportunity_update": lambda world, row: {"update-stage": "proposal", "update-expected_close_on": ""},
            "opportunity_confirm": lambda world, row: {
                "confirm-won_on": _day(world),
                "confirm-amount": "1000",
                "confirm-currency": "USD",
                "confirm-term_months": "",
            },
            "opportunity_lose": Bodies.lost,
            "opportunity_correct": lambda world, row: {
                "correct-won_on": _day(world),
                "correct-amount": "77",
                "correct-currency": "USD",
                "correct-term_months": "",
                "correct-product": "",
                "correct-reason": "Invoice 42",
            },
        },
    )
)
register(
    Rows(
        kind="deals.referral",
        make=_referral,
        state_of=lambda route: "accepted" if route == "referral_qualify" else "sent",
        bodies={
            "referral_new": lambda world, row: {
                "customer_name": f"Swept {next(_numbers)}",
                "customer_country": "DE",
                "contact_name": "Ole",
                "customer_domain": "",
                "amount": "",
                "currency": "USD",
                "product": "",
                "first_contact_on": "",
            },
            "referral_accept": lambda world, row: {"accept-note": "Thank you"},
            "referral_decline": lambda world, row: {"decline-note": "Known to us"},
            "referral_qualify": lambda world, row: {
                "qualify-amount": "1000",
                "qualify-currency": "USD",
                "qualify-term_months": "",
                "qualify-expected_close_on": "",
            },
        },
    )
)
register(Rows(kind="deals.claim", make=_claim))
register(
    Rows(
        kind="deals.attribution",
        make=_part,
        bodies={
            "attribution_record": lambda world, row: {
                "touch-side": "direct",
                "touch-other": "",
                "touch-kind": "meeting",
                "touch-occurred_on": world.at.date().isoformat(),
                "touch-evidence": "A call",
            },
            "attribution_overrule": lambda world, row: {
                "overrule-partner": _own_code(row),
                "overrule-kind": "not_attributed",
                "overrule-reason": "Only signed",
            },
        },
    )
)
register(
    Rows(
        kind="deals.touch",
        make=_touch,
        bodies={
            "touch_strike": lambda world, row: {"strike-reason": "Another customer"},
            "touch_mark": lambda world, row: {"is_material": "yes"},
        },
    )
)
register(
    Rows(
        kind="deals.link",
        make=_link,
        kwargs=lambda row: {"token": row.token},
        state_of=lambda route: route,
        bodies={"link_extend": lambda world, row: {"activity": "Two workshops"}},
    )
)
