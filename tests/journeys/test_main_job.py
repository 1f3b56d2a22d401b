"""The main job, end to end without a browser: register, approve, report, confirm, night, tier up, notice, pack."""

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pypdf import PdfReader

from partners.models import HealthScore, Partner, TierChange
from prm.core.actions import outbox
from prm.core.actors import Actor
from prm.core.models import AuditEntry, Mail, Notice, WorkItem
from reporting.actions import night, packs
from reporting.actions.night_steps import STEPS
from reporting.choices import PackState
from reporting.models import JobRun, QbrPack
from tests.deals import stage
from tests.world import World
from training.actions.certificates import add_certificate


@pytest.mark.django_db
def test_from_registration_to_pack(world: World, at: datetime, django_capture_on_commit_callbacks) -> None:
    northwind = Partner.objects.get(pk=world.northwind.pk)
    add_certificate(
        partner=northwind,
        holder_email=world.sara.user.email,
        holder_name="Sara Nowak",
        kind="sales",
        valid_from=date(2026, 6, 1),
        by=world.mia.actor,
        at=at,
        reason="Passed before this system",
    )

    registration = stage.won(world, world.sara, at=at, amount=Decimal(84_000), term_months=12)
    assert registration.status == "won"
    assert registration.opportunity.status == "won"
    assert not WorkItem.objects.open().about("deals.registration", registration.code).exists()

    on = at.date() + timedelta(days=16)
    now = datetime(2026, 7, 2, 1, 0, tzinfo=UTC)
    assert night.run_as_of(on=on, now=lambda: now, by=Actor.system("test"))
    northwind.refresh_from_db()
    assert northwind.tier is not None
    assert northwind.tier.code == "silver"
    assert northwind.sourced_arr_t12m == Decimal(84_000)
    assert northwind.next_tier.code == "gold"
    assert northwind.tier_progress_percent == 84
    assert TierChange.objects.filter(partner=northwind, to_tier__code="silver").exists()
    assert HealthScore.objects.filter(partner=northwind, day=on).exists()
    assert JobRun.objects.filter(on=on, state="done", trigger="manual").count() == len(STEPS) + 1

    while outbox.deliver_due(at=now):
        pass
    assert Notice.objects.filter(membership=world.paul.membership, topic="partners.tier_changed").exists()
    assert Mail.objects.filter(to_email=world.paul.user.email, topic="partners.tier_changed").exists()

    quarter = packs.reviewed_quarter(date(2026, 7, 1))
    for version in ("shared", "internal"):
        pack = packs.order_pack(partner=northwind, quarter=quarter, version=version, by=world.mia.actor, at=now)
        packs.render_pack_file(code=pack.code, at=now)
        pack.refresh_from_db()
        assert pack.state == PackState.READY, pack.error
        with pack.file.content.open("rb") as handle:
            content = handle.read()
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
        assert "Northwind Solutions" in text
        assert "Rival" not in text or version == "internal"
    assert QbrPack.objects.visible_to(world.paul.actor).count() == 1
    assert not QbrPack.objects.visible_to(world.rita.actor).exists()
    assert AuditEntry.objects.filter(code="deals.opportunity.won").exists()
