"""Mails about deals carry the facts that the reader decides by, and the words that the other side wrote."""

from datetime import datetime, timedelta

import pytest

from deals.actions.decisions import reject_registration
from deals.actions.extensions import request_extension
from deals.actions.opportunities import decline_win
from deals.actions.registrations import appeal_registration
from prm.core.models import Mail, NoticePreference
from tests.deals import stage
from tests.world import World

pytestmark = pytest.mark.django_db


def latest(topic: str) -> Mail:
    return Mail.objects.filter(topic=topic).latest("pk")


def test_a_new_registration_says_who_where_how_much_and_until_when(world: World, at: datetime) -> None:
    registration = stage.submitted(world.paul, at=at)
    mail = latest("deals.registration_submitted")
    assert mail.subject.startswith("Northwind Solutions registered Helios Energy GmbH: decide by ")
    assert "Customer: Helios Energy GmbH, Germany" in mail.body_text
    assert "Amount: 84,000" in mail.body_text
    assert f"Number: {registration.code}" in mail.body_text
    assert "CE" in mail.body_text.partition("Decide by: ")[2].partition("\n")[0]  # CET or CEST, the reader's own


def test_an_appeal_carries_its_grounds_and_the_first_reason(world: World, at: datetime) -> None:
    registration = stage.rejected(world, world.paul, at=at)
    appeal_registration(registration=registration, by=world.paul.actor, at=at, grounds="We have minutes of a meeting.")
    mail = latest("deals.registration_appealed")
    for body in (mail.body_text, mail.body_html):
        assert "We have minutes of a meeting." in body
        assert registration.decision_note in body
    assert "Northwind Solutions appeals the rejection of Helios Energy GmbH" in mail.subject


def test_only_the_first_rejection_offers_an_appeal(world: World, at: datetime) -> None:
    registration = stage.rejected(world, world.paul, at=at)
    assert "You may appeal once" in latest("deals.registration_rejected").body_text
    again = appeal_registration(registration=registration, by=world.paul.actor, at=at, grounds="Look again.")
    reject_registration(registration=again, by=world.vera.actor, at=at, reason="It stays so.")
    mail = latest("deals.registration_rejected")
    assert "This decision is final." in mail.body_text
    assert "You may appeal" not in mail.body_text + mail.body_html


def test_a_wish_for_more_time_carries_what_happened(world: World, at: datetime) -> None:
    registration = stage.approved(world, world.paul, at=at)
    request_extension(
        registration=registration, by=world.paul.actor, at=at + timedelta(days=1), activity="The board meets on Monday."
    )
    mail = latest("deals.extension_requested")
    assert "The board meets on Monday." in mail.body_text
    assert "Protected until: " in mail.body_text


def test_a_reported_win_carries_its_evidence_and_its_refusal_the_note(world: World, at: datetime) -> None:
    registration = stage.reported(world, world.paul, at=at)
    deal = registration.opportunity
    mail = latest("deals.win_reported")
    assert deal.win_evidence in mail.body_text
    assert "Won on: " in mail.body_text
    decline_win(opportunity=deal, by=world.mia.actor, at=at + timedelta(days=1), note="The order form, please.")
    assert "The order form, please." in latest("deals.win_declined").body_text


def test_the_foot_tells_how_to_get_less_mail(world: World, at: datetime) -> None:
    stage.submitted(world.paul, at=at)
    mail = latest("deals.registration_submitted")
    for body in (mail.body_text, mail.body_html):
        assert "/me/preferences/" in body
        assert "A deal registration to decide" in body
    assert not NoticePreference.objects.exists()
