"""The audit log: every line is found by thing, person, what happened and day, and leads to its thing."""

from datetime import timedelta

import pytest

from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.models import AuditEntry
from prm.core.refs import Ref
from prm.core.views.audit import changes_in_words, what_happened
from tests.world import World, signed_in_client

pytestmark = pytest.mark.django_db
LOG = "/manage/core/audit/"


@pytest.fixture
def lines(world: World) -> None:
    """One line of a person's about a partner and, three days later, one of the night's about a program."""
    partner, program = Ref("partners.partner", "PA-0000001"), Ref("partners.program", "PV-0000002")
    audit.record(
        code="partners.partner.stage_changed", by=world.mia.actor, at=world.at, ref=partner,
        organization_id=world.northwind.pk, changes={"stage": ["onboard", "grow"]}, reason="They signed",
    )  # fmt: skip
    audit.record(
        code="partners.program.published", by=Actor.system("night"), at=world.at + timedelta(days=3), ref=program
    )


def found(world: World, **filters: str) -> list[str]:
    page = signed_in_client(world.ada).get(LOG, filters).context["page"]
    return [row.ref_code for row in page.objects if row.ref_code in ("PA-0000001", "PV-0000002")]


@pytest.mark.usefixtures("lines")
def test_lines_are_found_by_thing_person_words_and_day(world: World) -> None:
    assert found(world) == ["PV-0000002", "PA-0000001"]
    assert found(world, q="pa-ooooooi") == ["PA-0000001"]
    assert found(world, thing="partners.program") == ["PV-0000002"]
    assert found(world, person="mia@") == ["PA-0000001"]
    assert found(world, what="stage changed") == ["PA-0000001"]
    assert found(world, by="system") == ["PV-0000002"]
    day = str(world.at.date())
    assert found(world, day_after=day, day_before=day) == ["PA-0000001"]


@pytest.mark.usefixtures("lines")
def test_a_line_says_who_did_what_and_leads_there(world: World) -> None:
    text = signed_in_client(world.dan).get(LOG, {"q": "PA-0000001"}).content.decode()
    for said in ("Partner: stage changed", "stage: onboard → grow", "They signed", world.mia.user.name):
        assert said in text
    assert 'href="/manage/partner/PA-0000001/"' in text


@pytest.mark.usefixtures("lines")
def test_the_export_holds_exactly_what_is_shown(world: World) -> None:
    answer = signed_in_client(world.ada).get(LOG, {"q": "PA-0000001", "export": "csv"})
    exported = b"".join(answer.streaming_content).decode()
    assert "They signed" in exported
    assert "PV-0000002" not in exported


@pytest.mark.parametrize(("who", "status"), [("mia", 403), ("rory", 403), ("paul", 404)])
def test_only_those_who_answer_for_the_program_read_it(world: World, who: str, status: int) -> None:
    assert signed_in_client(getattr(world, who)).get(LOG).status_code == status


def test_codes_and_changes_read_as_words() -> None:
    changes = {"lines": [1, 2, 3], "ok": True, "note": None, "due_at": "2026-06-15T09:00:00+00:00", "file": "ab" * 32}
    line = AuditEntry(code="deals.registration.win_reported", changes=changes, reason="Signed")
    assert what_happened(line) == "Registration: win reported"
    assert changes_in_words(line) == (
        "lines: 1, 2, 3; ok: yes; due at: 15 Jun 2026 09:00; file: abababab…; because: Signed"
    )
