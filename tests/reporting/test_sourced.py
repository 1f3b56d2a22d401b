"""What counts as sourced for a tier: the verdict's credit, and where a deal came from while nobody judged it."""

from datetime import date
from decimal import Decimal

import pytest

from deals.actions.verdicts import judge_won_deals
from deals.models import Opportunity
from partners.choices import TierMetric
from partners.models import Partner, ProgramVersion
from prm.core.actors import Actor
from prm.core.codes import new_code
from reporting import facts
from reporting.queries.pack_deals import revenue_of
from reporting.queries.terms import terms_at
from reporting.rules.pack import Influenced
from tests.deals import stage
from tests.world import AT, Person, World

pytestmark = pytest.mark.django_db

DAY = date(2026, 5, 4)


def won(
    world: World, person: Person | None, arr: int, *shares: tuple[Person, str, int], day: date = DAY
) -> Opportunity:
    deal = Opportunity.objects.create(
        code=new_code("OP"), origin="import" if person else "direct", is_partner_worked=bool(person),
        partner=stage.partner_of(person) if person else None, amount=Decimal(arr), currency="USD",
        amount_program=Decimal(arr), arr_program=Decimal(arr), status="won", stage="closed",
        won_on=day, closed_on=day, created_at=AT, touched_at=AT,
    )  # fmt: skip
    for who, kind, bps in shares:
        deal.verdicts.create(
            partner=stage.partner_of(who), kind=kind, credit_bps=bps, credit_model="time_decay", judged_at=AT,
            factor_percent=0, program_version=ProgramVersion.objects.published().first(),
        )  # fmt: skip
    return deal


def gathered(world: World, person: Person) -> facts.PartnerFacts:
    terms = terms_at(AT)
    windows = facts.Windows.of(
        date(2026, 6, 14), time_zone="UTC", fiscal_start_month=terms.fiscal_start_month, health=terms.health
    )
    pk = stage.partner_of(person).pk
    everybody = list(Partner.objects.values_list("pk", flat=True))
    return facts.facts_of(pk, facts.gather(everybody, windows), windows, reaches_back_to=None)


def test_verdicts_replace_the_rule_of_origin(world: World) -> None:
    sara, rita = world.sara, world.rita
    won(world, sara, 1_000)  # nobody judged it: in full
    won(world, sara, 2_000, (sara, "sourced", 10_000))
    won(world, sara, 4_000, (sara, "sourced", 7_500), (rita, "influenced", 2_500))
    won(world, sara, 8_000, (sara, "influenced", 10_000))
    won(world, sara, 16_000, (sara, "not_attributed", 0))
    won(world, sara, 32_000, (sara, "influenced", 4_000), (rita, "sourced", 6_000))
    won(world, None, 64_000, (rita, "influenced", 10_000))
    mine, theirs = gathered(world, sara), gathered(world, rita)
    assert mine.tier.metrics[TierMetric.SOURCED_ARR] == 1_000 + 2_000 + 3_000
    assert theirs.tier.metrics[TierMetric.SOURCED_ARR] == 19_200
    # revenue stays the revenue of one's own deals, whatever their verdicts
    assert (mine.revenue_t12m, theirs.revenue_t12m) == (63_000, 0)
    # co-sold: everything with an attributed part, and what nobody judged
    assert mine.tier.metrics[TierMetric.CO_SOLD_DEALS] == 5
    assert theirs.tier.metrics[TierMetric.CO_SOLD_DEALS] == 3


def test_a_replaced_verdict_does_not_count(world: World) -> None:
    deal = won(world, world.sara, 1_000, (world.sara, "sourced", 10_000))
    deal.verdicts.update(superseded_at=AT)
    deal.verdicts.create(
        partner=stage.partner_of(world.sara), kind="not_attributed", credit_bps=0, credit_model="linear",
        judged_at=AT, factor_percent=0, program_version=ProgramVersion.objects.published().first(),
    )  # fmt: skip
    assert gathered(world, world.sara).tier.metrics[TierMetric.SOURCED_ARR] == 0


def test_before_and_after_judging_imports_are_worth_the_same(world: World) -> None:
    won(world, world.sara, 1_234)
    won(world, world.rita, 77)
    before = [gathered(world, person).tier.metrics for person in (world.sara, world.rita)]
    assert judge_won_deals(by=Actor.system("night"), at=AT) == 2
    assert [gathered(world, person).tier.metrics for person in (world.sara, world.rita)] == before


def test_the_pack_reads_influenced_revenue_by_quarter_and_by_year(world: World) -> None:
    sara, rita = world.sara, world.rita
    won(world, sara, 8_000, (sara, "influenced", 10_000))
    won(world, sara, 4_000, (sara, "sourced", 7_500), (rita, "influenced", 2_500))
    won(world, None, 2_000, (sara, "influenced", 4_000), (rita, "influenced", 6_000))
    won(world, sara, 1_000, (sara, "influenced", 10_000), day=date(2025, 5, 4))
    revenue = revenue_of(stage.partner_of(sara), date(2026, 6, 30), 1)
    assert revenue.year_ago
    assert revenue.quarter.influenced == Influenced(Decimal(8_800), Decimal(2_200), 2)
    assert revenue.year_ago.influenced == Influenced(Decimal(1_000), Decimal(250), 1)
    assert revenue.t12m_influenced == Influenced(Decimal(8_800), Decimal(2_200), 2)
    assert [quarter.influenced for quarter in revenue.quarters[-4:-1]] == [Influenced(Decimal(0), Decimal(0), 0)] * 3
    assert revenue.quarters[0].influenced is None  # before anything is known
