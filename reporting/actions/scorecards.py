"""Scorecards: facts from above, rules from below, written below. The one place that strings the three together.

Rules run row by row, so that a partner whose row makes no sense is skipped and named; reading and writing are
set-based, and when the database refuses a chunk it is halved until the row at fault stands alone. A database that is
busy or gone is nobody's fault: then the step fails as a whole and is tried again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError, OperationalError, transaction

from partners.actions.health import HealthEntry, raise_health_alerts, store_health_scores
from partners.actions.tiers import TierResult, apply_tier_decisions
from partners.models import Partner, ProgramVersion
from partners.queries.health import snapshots
from partners.queries.program import (
    calendar_terms,
    health_terms,
    ladder_terms,
    program_today,
    version_at,
)
from partners.queries.tiers import standing_of, standing_rows
from partners.rules.growth import compare
from partners.rules.health import HealthResult, score
from partners.rules.health_alerts import HealthAlert, HealthSnapshot, alert
from partners.rules.terms import HealthTerms
from partners.rules.tier_status import decide_tier
from prm.core.actors import Actor
from reporting.facts import PartnerFacts, Windows, chunks, data_since, facts_of, gather

log = structlog.get_logger(__name__)
Row = TypeVar("Row")
Read = TypeVar("Read")


@dataclass
class Tally:
    """What a step did: partners looked at, changed, and skipped by code with the reason."""

    seen: int = 0
    changed: int = 0
    skipped: list[dict[str, str]] = field(default_factory=list)
    detail: dict[str, Any] = field(default_factory=dict)

    def skip(self, partner: str, error: object) -> None:
        """Name a partner that was left out; the night goes on."""
        log.warning("night.row_skipped", partner=partner, error=repr(error))
        self.skipped.append({"partner": partner, "why": repr(error)[:300]})

    def leave(self, partners: int) -> None:
        """Count partners that were left as they are: scored for a later day, or moved on while this ran."""
        if partners:
            self.detail["left_as_they_are"] = self.detail.get("left_as_they_are", 0) + partners


@dataclass
class Gathered:
    """The facts of a night, kept in memory between its steps; about a kilobyte a partner."""

    version: ProgramVersion
    windows: Windows
    facts: list[PartnerFacts]
    codes: dict[int, str]


def gather_facts(*, on: date, tally: Tally, partner_ids: Sequence[int] | None = None) -> Gathered:
    """Facts of all active partners (or the given ones) as of a date."""
    version = version_at(on)
    calendar = calendar_terms(version)
    windows = Windows.of(
        on,
        time_zone=calendar.time_zone,
        fiscal_start_month=calendar.fiscal_start_month,
        health=health_terms(version),
    )
    wanted = Partner.objects.active() if partner_ids is None else Partner.objects.filter(pk__in=partner_ids)
    codes = dict(wanted.order_by("pk").values_list("pk", "code"))
    since = data_since()
    facts: list[PartnerFacts] = []
    left_out = 0

    def named(pk: int, error: object) -> None:
        tally.skip(codes[pk], error)

    for chunk in chunks(list(codes)):
        for ids, sources in _read(chunk, lambda ids: gather(ids, windows), named):
            for pk in ids:
                try:
                    facts.append(facts_of(pk, sources, windows, reaches_back_to=since))
                    left_out += facts[-1].left_out
                except Exception as error:  # one row that makes no sense must not cost the others their night
                    named(pk, error)
    tally.seen, tally.detail = len(codes), {"won_deals_without_a_rate": left_out}
    return Gathered(version, windows, facts, codes)


def score_health(*, gathered: Gathered, tally: Tally, by: Actor, at: datetime) -> None:
    """Score every partner's health, store what changed, and raise alerts for falls."""
    terms, on = health_terms(gathered.version), gathered.windows.as_of
    earlier = on - timedelta(days=terms.alert_days)

    def named(row: PartnerFacts | HealthEntry, error: object) -> None:
        tally.skip(gathered.codes[row.partner_id], error)

    for some, before in _read_chunks(gathered.facts, lambda ids: snapshots(ids, earlier), named):
        entries: list[HealthEntry] = []
        alerts: dict[int, HealthAlert] = {}
        for facts in some:
            try:
                entry, raised = _scored(facts, terms, before.get(facts.partner_id))
            except Exception as error:
                named(facts, error)
                continue
            entries.append(entry)
            if raised:
                alerts[facts.partner_id] = raised

        def store(rows: Sequence[HealthEntry], alerts: dict[int, HealthAlert] = alerts) -> None:
            stored = store_health_scores(entries=rows, version=gathered.version, on=on, by=by, at=at)
            later = set(stored.skipped)
            fallen = [(row.partner_id, alerts[row.partner_id]) for row in rows if row.partner_id in alerts]
            raise_health_alerts(alerts=[each for each in fallen if each[0] not in later], on=on, by=by, at=at)
            tally.changed += stored.kept
            tally.leave(len(later))

        _bisect(entries, store, named)
        tally.seen += len(some)


def decide_tiers(*, gathered: Gathered, tally: Tally, by: Actor, at: datetime) -> None:
    """Decide every partner's tier and store the decisions with history, grants and events."""
    on, version = gathered.windows.as_of, gathered.version

    def named(row: PartnerFacts | TierResult, error: object) -> None:
        tally.skip(gathered.codes[row.partner_id], error)

    for some, standings in _read_chunks(gathered.facts, standing_rows, named):
        results: list[TierResult] = []
        for facts in some:
            try:
                row = standings[facts.partner_id]
                decision = decide_tier(standing_of(row), facts.tier, ladder_terms(version, row["track__code"]), on)
            except Exception as error:
                named(facts, error)
                continue
            results.append(TierResult(facts.partner_id, decision, facts.tier))

        def store(rows: Sequence[TierResult]) -> None:
            applied = apply_tier_decisions(results=rows, version=version, on=on, by=by, at=at)
            tally.changed += applied.stored
            tally.detail["moved"] = tally.detail.get("moved", 0) + len(applied.changed)
            tally.leave(len(applied.skipped))

        _bisect(results, store, named)
        tally.seen += len(some)


def refresh_partner(*, partner_id: int, at: datetime) -> Tally:
    """Compute one partner as of today, after something changed by day; the night will write the same row again."""
    by, tally = Actor.system("scorecard"), Tally()
    gathered = gather_facts(on=program_today(at), tally=tally, partner_ids=[partner_id])
    score_health(gathered=gathered, tally=tally, by=by, at=at)
    decide_tiers(gathered=gathered, tally=tally, by=by, at=at)
    return tally


def _scored(
    facts: PartnerFacts, terms: HealthTerms, before: HealthSnapshot | None
) -> tuple[HealthEntry, HealthAlert | None]:
    result: HealthResult = score(facts.health, terms)
    growth = compare(facts.revenue_t12m, facts.revenue_prior, terms.revenue)
    return HealthEntry(facts.partner_id, result, facts.revenue_t12m, growth.percent), alert(result, before, terms)


def _read_chunks(
    facts: Sequence[PartnerFacts],
    read: Callable[[list[int]], Read],
    skip: Callable[[PartnerFacts, object], None],
) -> Iterator[tuple[list[PartnerFacts], Read]]:
    """The facts chunk by chunk, with what is stored about their partners."""
    by_id = {each.partner_id: each for each in facts}
    for chunk in chunks(list(by_id)):
        for ids, rows in _read(chunk, read, lambda pk, error: skip(by_id[pk], error)):
            yield [by_id[pk] for pk in ids], rows


def _read(
    ids: list[int], read: Callable[[list[int]], Read], skip: Callable[[int, object], None]
) -> Iterator[tuple[list[int], Read]]:
    """Read all at once; when the database can't hand a row over, halve until only the one at fault is left out."""
    try:
        with transaction.atomic():
            rows = read(ids)
    except OperationalError:
        raise
    except DatabaseError as error:
        if len(ids) == 1:
            skip(ids[0], error)
            return
        middle = len(ids) // 2
        yield from _read(ids[:middle], read, skip)
        yield from _read(ids[middle:], read, skip)
    else:
        yield ids, rows


def _bisect(rows: Sequence[Row], store: Callable[[Sequence[Row]], None], skip: Callable[[Row, object], None]) -> None:
    """Store all rows at once; when the database refuses, halve them until only the row at fault is left out."""
    if not rows:
        return
    try:
        with transaction.atomic():
            store(rows)
    except OperationalError:
        raise
    except DatabaseError as error:
        if len(rows) == 1:
            skip(rows[0], error)
            return
        middle = len(rows) // 2
        _bisect(rows[:middle], store, skip)
        _bisect(rows[middle:], store, skip)
