"""What signing a contract earns: the worked figures through the actions, the terms pinned, and who earns nothing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from deals.actions import contracts, opportunities
from deals.models import Commission, Contract, EarningTerms, Opportunity, OwnRate, Verdict
from deals.rules.recomputation import recalculate
from partners.models import Grant, Partner, ProgramVersion, Tier
from prm.core.codes import new_code
from prm.core.models import AuditEntry
from tests.deals import earning, stage
from tests.deals.earning import plan, plans
from tests.deals.stage import partner_of
from tests.world import AT, World

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def entitle(partner: Partner, benefit: str, value: str) -> None:
    """What a tier gives, until further notice."""
    Grant.objects.filter(partner=partner, entitlement=benefit).delete()
    Grant.objects.create(
        partner=partner,
        entitlement=benefit,
        value=value,
        rank=1,
        source_kind="manual",
        source_code="tests",
        reason="test",
        valid_from=date(2025, 1, 1),
        created_at=AT,
    )


def as_influenced(deal: Opportunity, partner: Partner, percent: int = 50) -> Verdict:
    """A verdict on one more partner, as an overrule would leave it."""
    return Verdict.objects.create(
        opportunity=deal,
        partner=partner,
        kind="influenced",
        factor_percent=percent,
        credit_bps=2500,
        credit_model="linear",
        program_version=ProgramVersion.objects.in_force(AT.date()).get(),
        judged_at=AT,
    )


# --- The worked figures, to the cent ----------------------------------------------------------------


def test_24000_at_20_percent_of_the_first_year_are_4800_once(world: World) -> None:
    plans(plan())
    contract = earning.won(world, amount=24000)
    earning.happens(world, contract, "paid", 2, 24000)
    earning.happens(world, contract, "paid", 365, 24000, at=AT + 369 * DAY)
    assert earning.lines(contract) == [("first_year", Decimal(4800), "accrued")]
    assert earning.is_sound()


def test_24000_at_15_percent_for_24_months_are_3600_a_year_while_the_customer_stays(world: World) -> None:
    plans(plan("recurring", months=24, rate_percent="15"))
    contract = earning.won(world, amount=24000)
    assert earning.lines(contract) == []
    for year in range(3):
        day = contract.started_on.replace(year=contract.started_on.year + year)
        after = (day - contract.started_on).days
        earning.happens(world, contract, "paid", after, 24000)
    assert earning.amounts(contract) == [Decimal(3600), Decimal(3600)]
    assert earning.is_sound()


def test_400000_a_year_in_brackets_are_102500(world: World) -> None:
    brackets = [
        {"at_least": "0", "below": "100000", "percent": "20"},
        {"at_least": "100000", "below": "250000", "percent": "25"},
        {"at_least": "250000", "percent": "30"},
    ]
    plans(plan("brackets", brackets=brackets))
    deals = [earning.won(world, amount=each) for each in (60000, 90000, 250000)]
    found = [earning.amounts(each) for each in deals]
    assert found == [[Decimal(12000)], [Decimal(8000) + 12500], [Decimal(25000) + 45000]]
    assert sum(each[0] for each in found) == 102500
    assert earning.is_sound()


def test_100000_influenced_at_25_percent_are_12500(world: World) -> None:
    plans(plan(rate_percent="25"))
    deal = stage.reported(world, world.sara, amount=Decimal(100000)).opportunity
    as_influenced(deal, partner_of(world.rita))
    deal.status, deal.won_on, deal.closed_on, deal.arr = "won", earning.WON, earning.WON, deal.amount
    deal.save()
    contract = contracts.sign_contract(opportunity=deal, by=world.dan.actor, at=AT + 4 * DAY)
    assert earning.lines(contract) == [("first_year", Decimal(12500), "accrued")]
    assert Commission.objects.get().partner == partner_of(world.rita)


def test_a_list_price_of_50000_at_gold_and_registered_costs_30000(world: World) -> None:
    plans(plan("margin", scope={"deal": "resale"}, rate_benefit="reseller_margin"))
    entitle(partner_of(world.sara), "reseller_margin", "35")
    contract = earning.won(world, amount=30000, engagement="resale")
    terms = EarningTerms.objects.get(contract=contract)
    assert (contract.deal_kind, contract.list_amount, contract.amount) == ("resale", Decimal(50000), Decimal(30000))
    assert (terms.rate_percent, terms.points) == (35, 5)
    assert {line["code"]: line["values"].get("amount") for line in terms.lines}["margin.profit"] == "20000.00"
    assert not Commission.objects.exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (plan("flat", flat_amount="750"), [("flat", Decimal(750))]),
        (plan("hybrid", flat_amount="500", rate_percent="10"), [("hybrid", Decimal(2900))]),
        (plan(rate_percent="33.3333"), [("first_year", Decimal("7999.99"))]),
    ],
)
def test_other_plans(world: World, given: dict, expected: list) -> None:
    plans(given)
    contract = earning.won(world, amount=24000)
    assert [(kind, amount) for kind, amount, _status in earning.lines(contract)] == expected
    assert earning.is_sound()


def test_yen_have_no_decimals_and_currencies_stay_apart(world: World) -> None:
    plans(plan(rate_percent="12.5"))
    yen = earning.won(world, amount=10003, currency="JPY")
    earning.won(world, amount="100.10", currency="EUR")
    assert earning.amounts(yen) == [Decimal(1250)]
    northwind = partner_of(world.sara)
    assert earning.balance(northwind, "JPY").accrued == 1250
    assert earning.balance(northwind, "EUR").accrued == Decimal("12.51")
    assert earning.balance(northwind, "USD").accrued == 0


def test_a_deal_of_less_than_a_year_earns_on_what_it_is_worth(world: World) -> None:
    plans(plan())
    contract = earning.won(world, amount=6000, term_months=3)
    assert (contract.annual_amount, earning.amounts(contract)) == (6000, [Decimal(1200)])


# --- Which terms ------------------------------------------------------------------------------------


def test_terms_are_those_of_the_day_of_signature_whatever_changes_later(world: World) -> None:
    plans(plan("recurring", months=24, rate_benefit="commission_rate"))
    northwind = partner_of(world.sara)
    entitle(northwind, "commission_rate", "15")
    contract = earning.won(world, amount=24000)
    before = EarningTerms.objects.values().get(contract=contract)
    plans(plan("flat", flat_amount="1"), valid_from=AT.date() + 10 * DAY)
    entitle(northwind, "commission_rate", "25")
    northwind.tier = Tier.objects.filter(track=northwind.track, code="platinum").get()
    northwind.save(update_fields=["tier"])
    OwnRate.objects.create(
        partner=northwind, rate_percent=90, valid_from=AT.date() + 9 * DAY, reason="Late", created_at=AT
    )
    earning.happens(world, contract, "paid", 30, 2000)
    line = Commission.objects.get(contract=contract)
    assert (line.amount, line.rate_percent, line.plan_code) == (300, 15, "recurring")
    assert EarningTerms.objects.values().get(contract=contract) == before


@pytest.mark.parametrize(("plan_code", "expected"), [("", 7200), ("first_year", 7200), ("another", 4800)])
def test_an_own_rate_replaces_the_plans(world: World, plan_code: str, expected: int) -> None:
    plans(plan())
    OwnRate.objects.create(
        partner=partner_of(world.sara),
        plan_code=plan_code,
        rate_percent=30,
        valid_from=AT.date(),
        valid_until=earning.WON,
        reason="Launch partner",
        created_at=AT,
    )
    assert earning.amounts(earning.won(world, amount=24000)) == [Decimal(expected)]


def test_renewals_earn_by_the_terms_of_their_day(world: World) -> None:
    plans(plan(renewal_rate_percent="5"))
    contract = earning.won(world, amount=24000)
    plans(plan(rate_percent="30", renewal_rate_percent="8"), valid_from=AT.date() + 30 * DAY)
    earning.happens(world, contract, "paid", 5, 24000)
    earning.happens(world, contract, "renewed", 365, 26000)
    line = Commission.objects.get(kind="renewal")
    assert (line.amount, line.rate_percent, line.triggered_on) == (2080, 8, None)
    earning.happens(world, contract, "paid", 370, 26000)
    line.refresh_from_db()
    assert line.payable_on == contract.started_on + 400 * DAY
    assert earning.is_sound()


def test_nothing_fits_is_said_and_earns_nothing(world: World) -> None:
    plans(plan(scope={"types": ["technology"]}))
    contract = earning.won(world)
    terms = EarningTerms.objects.get(contract=contract)
    assert (terms.plan_code, earning.lines(contract)) == ("", [])
    assert "plan.none" in [line["code"] for line in terms.lines]


def test_registered_too_late_earns_half(world: World) -> None:
    plans(plan())
    contract = earning.won(world, amount=24000, first_contact_on=AT.date() - 60 * DAY)
    assert EarningTerms.objects.get(contract=contract).verdict_kind == "influenced"
    assert earning.amounts(contract) == [Decimal(2400)]


def test_a_partner_that_is_not_attributed_has_no_terms(world: World) -> None:
    plans(plan())
    deal = stage.reported(world, world.sara).opportunity
    as_influenced(deal, partner_of(world.rita), percent=0)
    deal.status, deal.won_on, deal.closed_on, deal.arr = "won", earning.WON, earning.WON, deal.amount
    deal.save()
    contract = contracts.sign_contract(opportunity=deal, by=world.dan.actor, at=AT + 4 * DAY)
    assert not contract.earning_terms.exists()
    assert not Commission.objects.exists()


def test_signing_happens_once_and_in_the_confirmation(world: World) -> None:
    plans(plan())
    contract = earning.won(world)
    again = contracts.sign_contract(opportunity=contract.opportunity, by=world.dan.actor, at=AT + 9 * DAY)
    assert (again.pk, Commission.objects.count()) == (contract.pk, 1)
    assert AuditEntry.objects.filter(code="deals.contract.signed", ref_code=contract.code).count() == 1


def test_a_refused_confirmation_leaves_no_contract(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plans(plan())
    registration = stage.reported(world, world.sara)

    def fail(**_: object) -> None:
        raise RuntimeError("after the contract")

    monkeypatch.setattr(opportunities.claims, "end_claims", fail)
    with pytest.raises(RuntimeError):
        opportunities.confirm_won(
            opportunity=registration.opportunity, by=world.dan.actor, at=AT + 4 * DAY, won_on=earning.WON
        )
    assert not Contract.objects.exists()
    assert not Commission.objects.exists()


def test_direct_deals_have_a_contract_that_earns_nobody_anything(world: World) -> None:
    plans(plan())
    deal = Opportunity.objects.create(
        code=new_code("OP"), origin="direct", amount=1000, currency="USD", created_at=AT, touched_at=AT
    )
    opportunities.confirm_won(opportunity=deal, by=world.dan.actor, at=AT, won_on=AT.date())
    assert Contract.objects.get(opportunity=deal).earning_terms.count() == 0


# --- Corrections of the deal ------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "difference"), [(30000, 1200), (18000, -1200), (0, -4800)])
def test_a_corrected_amount_is_an_adjustment(world: World, amount: int, difference: int) -> None:
    plans(plan())
    contract = earning.won(world, amount=24000)
    deal = contract.opportunity
    for _twice in range(2):
        opportunities.correct_opportunity(
            opportunity=deal,
            by=world.mia.actor,
            at=AT + 9 * DAY,
            values={"amount": Decimal(amount)},
            reason="Invoice 42",
        )
    assert earning.lines(contract) == [
        ("first_year", Decimal(4800), "accrued"),
        ("adjustment", Decimal(difference), "accrued"),
    ]
    contract.refresh_from_db()
    assert (contract.amount, contract.annual_amount) == (amount, amount)
    assert Commission.objects.get(kind="adjustment").title == "Invoice 42"
    assert earning.is_sound()


def test_the_currency_of_a_signed_deal_stays(world: World) -> None:
    plans(plan())
    contract = earning.won(world)
    with pytest.raises(contracts.ContractRefused) as refusal:
        opportunities.correct_opportunity(
            opportunity=contract.opportunity,
            by=world.mia.actor,
            at=AT + 9 * DAY,
            values={"currency": "EUR"},
            reason="Typo",
        )
    assert refusal.value.code == "deals.contract.currency"


# --- What the database itself refuses ---------------------------------------------------------------


@pytest.mark.parametrize("change", ["UPDATE deals_earningterms SET points = 9", "DELETE FROM deals_earningterms"])
def test_terms_never_change(world: World, change: str) -> None:
    plans(plan())
    earning.won(world)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_every_line_can_be_computed_again(world: World) -> None:
    plans(plan(rate_percent="33.3333"), plan("flat", flat_amount="1", scope={"deal": "resale"}))
    for amount in ("0.05", "12.34", "84000"):
        earning.happens(world, earning.won(world, amount=amount), "cancelled", 100)
    lines = list(Commission.objects.all())
    assert len(lines) > 3
    assert [recalculate(line.inputs) for line in lines] == [line.amount for line in lines]
