"""Every action on a registration, in every state, by everybody: only the published triples change anything (T13)."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from deals.actions import decisions, extensions, opportunities, registrations
from deals.actions.expiries import expire_registrations, withdraw_unanswered
from deals.choices import RegistrationStatus as Status
from deals.models import Claim, Opportunity, Registration
from prm.core.actors import Actor
from prm.core.models import AuditEntry, WorkItem
from prm.core.refused import Refused
from tests.deals import stage
from tests.world import AT, World

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(days=5)
NIGHT = Actor.system("night")


def make(world: World, status: Status) -> Registration:
    """Northwind's registration in a state."""
    sara = world.sara
    match status:
        case Status.DRAFT:
            return stage.draft(sara)
        case Status.SUBMITTED:
            return stage.submitted(sara)
        case Status.INFO_REQUESTED:
            return stage.returned(world, sara)
        case Status.APPROVED:
            return stage.approved(world, sara)
        case Status.REJECTED:
            return stage.rejected(world, sara)
        case Status.WITHDRAWN:
            return registrations.withdraw_registration(registration=stage.submitted(sara), by=sara.actor, at=AT)
        case Status.WON:
            return stage.won(world, sara)
        case Status.LOST:
            registration = stage.approved(world, sara)
            opportunities.lose_opportunity(
                opportunity=registration.opportunity, by=sara.actor, at=LATER, reason="price"
            )
            registration.refresh_from_db()
            return registration
        case Status.EXPIRED:
            registration = stage.approved(world, sara)
            expire_registrations(on=date(2026, 8, 1), by=NIGHT, at=AT + timedelta(days=47))
            registration.refresh_from_db()
            return registration
    raise AssertionError(status)


def _opportunity(registration: Registration) -> Opportunity:
    found = Opportunity.objects.filter(registration=registration).first()
    if found is None:
        raise opportunities.OpportunityRefused
    return found


ACTIONS: dict[str, Callable[[Registration, Actor], object]] = {
    "submit": lambda r, by: registrations.submit_registration(registration=r, by=by, at=LATER),
    "answer": lambda r, by: registrations.answer_info(
        registration=r, by=by, at=LATER, answer="The second one.", values={}
    ),
    "withdraw": lambda r, by: registrations.withdraw_registration(registration=r, by=by, at=LATER),
    "appeal": lambda r, by: registrations.appeal_registration(registration=r, by=by, at=LATER, grounds="We met."),
    "extend": lambda r, by: extensions.request_extension(registration=r, by=by, at=LATER, activity="A demo."),
    "report_won": lambda r, by: opportunities.report_won(
        opportunity=_opportunity(r), by=by, at=LATER, won_on=LATER.date(), evidence="An order."
    ),
    "lose": lambda r, by: opportunities.lose_opportunity(opportunity=_opportunity(r), by=by, at=LATER, reason="price"),
    "request_info": lambda r, by: decisions.request_info(registration=r, by=by, at=LATER, question="Which?"),
    "approve": lambda r, by: decisions.approve_registration(registration=r, by=by, at=LATER),
    "reject": lambda r, by: decisions.reject_registration(registration=r, by=by, at=LATER, reason="No."),
    "confirm": lambda r, by: opportunities.confirm_won(
        opportunity=_opportunity(r), by=by, at=LATER, won_on=LATER.date()
    ),
}
# The published table: from which states an action starts, and who may take it.
STARTS = {
    "submit": {Status.DRAFT},
    "answer": {Status.INFO_REQUESTED},
    "withdraw": {Status.DRAFT, Status.SUBMITTED, Status.INFO_REQUESTED, Status.APPROVED},
    "appeal": {Status.REJECTED},
    "extend": {Status.APPROVED},
    "report_won": {Status.APPROVED, Status.EXPIRED},
    "lose": {Status.APPROVED, Status.EXPIRED},
    "request_info": {Status.SUBMITTED},
    "approve": {Status.SUBMITTED},
    "reject": {Status.SUBMITTED},
    "confirm": {Status.APPROVED, Status.EXPIRED},
}
PARTNERS_OWN = {"sara", "paul"}
DECIDERS = {"mia", "dan", "vera"}
BY = {
    **dict.fromkeys(["submit", "answer", "withdraw", "appeal", "extend"], PARTNERS_OWN),
    **dict.fromkeys(["report_won", "lose"], PARTNERS_OWN | DECIDERS),
    **dict.fromkeys(["request_info", "approve", "reject", "confirm"], DECIDERS),
}
PEOPLE = ["sara", "paul", "rita", "mia", "dan", "vera", "ada", "finn", "sue", "rory"]


def fingerprint() -> list:
    """Everything an action could have changed."""
    return [
        list(Registration.objects.order_by("pk").values_list()),
        list(Opportunity.objects.order_by("pk").values_list()),
        list(Claim.objects.order_by("pk").values_list("pk", "period", "ended_at")),
        list(WorkItem.objects.order_by("pk").values_list()),
        AuditEntry.objects.count(),
    ]


@pytest.mark.parametrize("status", list(Status))
def test_only_the_published_triples_change_anything(world: World, status: Status) -> None:
    from django.db import transaction

    registration = make(world, status)
    wrong = []
    for action, act in ACTIONS.items():
        for name in PEOPLE:
            before = fingerprint()
            mark = transaction.savepoint()
            try:
                act(Registration.objects.get(pk=registration.pk), world.people[name].actor)
                worked = True
            except Refused:
                worked = False
                if fingerprint() != before:
                    wrong.append(f"{name} changed something although {action} was refused in {status}")
            if worked and AuditEntry.objects.count() == before[-1]:
                wrong.append(f"{action} by {name} left no line of history")
            transaction.savepoint_rollback(mark)
            expected = status in STARTS[action] and name in BY[action]
            if worked != expected:
                wrong.append(f"{action} in {status} by {name}: {'worked' if worked else 'was refused'}")
    assert wrong == []


def test_the_published_table_says_the_same_as_the_rule() -> None:
    """A new arrow in the rule's table must be added here."""
    from deals.rules.states import REGISTRATION

    rule = {
        action: {Status(state) for state in REGISTRATION.sources(action)}
        for action in ("submit", "answer", "withdraw", "appeal", "extend", "request_info", "approve", "reject")
    }
    assert rule == {action: STARTS[action] for action in rule}
    assert set(REGISTRATION.arrows) == set(rule) | {"lapse", "expire", "win", "lose"}


def test_a_manager_decides_for_her_partners_only(world: World) -> None:
    from partners.models import Partner

    registration = stage.submitted(world.sara)
    Partner.objects.filter(pk=world.northwind.pk).update(owner=world.dan.user)
    with pytest.raises(decisions.NotYoursRefused):
        decisions.approve_registration(registration=registration, by=world.mia.actor, at=LATER)
    approved = decisions.approve_registration(registration=registration, by=world.dan.actor, at=LATER)
    assert approved.status == Status.APPROVED


def test_a_question_without_an_answer_withdraws(world: World) -> None:
    registration = stage.returned(world, world.sara)
    last_day = registration.info_requests.get().expires_on
    assert last_day == AT.date() + timedelta(days=14)
    assert withdraw_unanswered(on=last_day, by=NIGHT, at=LATER) == 0
    assert withdraw_unanswered(on=last_day + timedelta(days=1), by=NIGHT, at=LATER) == 1
    assert withdraw_unanswered(on=last_day + timedelta(days=1), by=NIGHT, at=LATER) == 0
    registration.refresh_from_db()
    assert registration.status == Status.WITHDRAWN
    assert not WorkItem.objects.open().filter(ref_code=registration.code).exists()
    assert not Claim.objects.filter(registration=registration, ended_at=None).exists()
