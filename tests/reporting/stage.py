"""How stories about the daily pages are told: scores and standings as a night leaves them, and counted statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partners.models import HealthScore, Partner, ProgramVersion, Tier
from partners.rules.health import HealthFacts, score
from partners.rules.terms import HealthTerms
from prm.core.explain import to_json


def northwind(world: object) -> Partner:
    """Northwind as a partner."""
    return Partner.objects.select_related("organization", "track", "tier").get(pk=world.northwind.pk)


def scored(partner: Partner, day: date, **facts: object) -> HealthScore:
    """A stored health score, computed by the rule from these facts, and the scorecard column that goes with it."""
    known = {
        "at": day,
        "partner_since": date(2024, 1, 1),
        "quarter_revenue": Decimal(135_000),
        "year_ago_revenue": Decimal(100_000),
        "deals_registered": 7,
        "has_portal_account": True,
        "portal_weeks": 4,
        "last_portal_day": day,
        "nps_promoters": 5,
        "nps_detractors": 0,
        "nps_answers": 6,
        "fit": "strong",
    }
    result = score(HealthFacts(**{**known, **facts}), HealthTerms())
    row, _made = HealthScore.objects.update_or_create(
        partner=partner,
        day=day,
        defaults={
            "version": ProgramVersion.objects.get(),
            "score": result.score,
            "band": result.band,
            "known_points": result.known_points,
            "explanation": to_json(result.lines),
            **{f"{each.dimension}_points": each.points for each in result.dimensions},
        },
    )
    Partner.objects.filter(pk=partner.pk).update(
        health_score=result.score, health_band=result.band, health_known_points=result.known_points, scored_on=day
    )
    return row


def holds(partner: Partner, tier: str, **columns: object) -> Partner:
    """The partner with a tier and results as the last night stored them."""
    found = Tier.objects.get(track=partner.track, code=tier)
    Partner.objects.filter(pk=partner.pk).update(tier=found, tier_changed_on=date(2025, 12, 1), **columns)
    partner.refresh_from_db()
    return partner


def text_of(response: object) -> str:
    """What a person reads of an answer, with single spaces."""
    soup = BeautifulSoup(response.content, "html.parser")
    for hidden in soup(["script", "style"]):
        hidden.decompose()
    return " ".join(
        soup.get_text(" ").replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ").split()
    )


@contextmanager
def counted() -> Iterator[CaptureQueriesContext]:
    """Counts statements."""
    with CaptureQueriesContext(connection) as found:
        yield found


def statements(client: Client, path: str, **headers: str) -> int:
    """How many statements an answer takes, once everything that is remembered is warm."""
    client.get(path, headers=headers)
    with counted() as found:
        assert client.get(path, headers=headers).status_code == 200
    return len(found)


def beyond_the_shell(client: Client, path: str) -> int:
    """The statements of a full page beyond those that every page of this person takes."""
    bare = "/manage/search/" if path.startswith("/manage/") else "/portal/search/"
    return statements(client, path) - statements(client, bare)


def day_after(at: object, days: int) -> date:
    """A date so many days from a moment."""
    return (at + timedelta(days=days)).date()
