"""Portal earnings: what each role sees, a line with its whole arithmetic, the calculator and the margin quote."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from deals.actions.commissions import adjust_commission, hold_commissions
from deals.actions.disputes import open_dispute
from deals.actions.statements import make_statement, order_month
from deals.choices import CommissionStatus, HoldReason, SpiffKind
from deals.models import Commission, Contract, Dispute, Spiff, Statement
from prm.core.actors import Actor
from prm.core.codes import new_code
from tests.core import corpus
from tests.deals import stage
from tests.deals.earning_stage import earned
from tests.partners import making
from tests.world import AT, World, add_person

pytestmark = pytest.mark.django_db


def plain(answer) -> str:
    """The words of a page without the spaces that keep figures together."""
    text = BeautifulSoup(answer.content, "html.parser").get_text(" ")
    for space in ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"):
        text = text.replace(space, " ")
    return " ".join(text.split())


def entitled(world: World, **rates: int) -> None:
    """Northwind's tier gives these percentages."""
    from partners.models import Grant

    for benefit, value in rates.items():
        Grant.objects.filter(partner=world.northwind.pk, entitlement=benefit).delete()
        Grant.objects.create(
            partner_id=world.northwind.pk,
            entitlement=benefit,
            value=str(value),
            rank=value,
            source_kind="manual",
            source_code="tests",
            valid_from=date(2020, 1, 1),
            reason="test",
            created_at=AT,
        )


def with_plan(plan: str) -> None:
    """A program in force since last year whose commission plan of the Solution track is this one."""
    from partners.documents.program_file import blueprint_text

    text = blueprint_text("standard")
    start = text.index("    - code: solution_commission")
    end = text.index("    - code: referral_first_year")
    making.program(valid_from=timezone.now().date(), at=timezone.now(), text=text[:start] + plan + text[end:])


# --- Who may look ----------------------------------------------------------------------------------

PAGES = [
    "earning_home",
    "commission_list",
    "margin_list",
    "earning_calculator",
    "margin_quote",
    "statement_list",
    "dispute_list",
]


@pytest.mark.parametrize("page", PAGES)
def test_sellers_admins_and_finance_look_and_others_do_not(world: World, sign_in, page: str) -> None:
    people = {
        role: add_person(world.northwind, f"{role} Person", role, at=AT) for role in ("partner_finance", "learner")
    }
    people["marketer"] = add_person(world.northwind, "marketer Person", "marketer", at=AT)
    address = reverse(f"portal:deals:{page}")
    for person in (world.sara, world.paul, people["partner_finance"]):
        assert sign_in(person).get(address).status_code == 200
    for name in ("learner", "marketer"):
        assert sign_in(people[name]).get(address).status_code == 403
    assert sign_in(world.mia).get(address).status_code == 404


@pytest.mark.parametrize("page", ["commission_detail", "dispute_create"])
def test_a_foreign_line_is_not_there(world: World, sign_in, page: str) -> None:
    line = earned(world.rita, title="Rival's customer")
    sara = sign_in(world.sara)
    foreign = sara.get(reverse(f"portal:deals:{page}", args=[line.code]))
    missing = sara.get(reverse(f"portal:deals:{page}", args=["CM-0000000"]))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert "Rival" not in plain(sara.get(reverse("portal:deals:commission_list")))


# --- The account -----------------------------------------------------------------------------------


def test_a_partner_that_earns_nothing_yet_learns_what_will_be_here(world: World, sign_in) -> None:
    text = plain(sign_in(world.sara).get(reverse("portal:deals:earning_home")))
    assert "Your earnings will be here" in text
    assert "What would a deal bring?" in text


def test_the_account_is_told_by_currency_with_what_is_held_and_next(world: World, sign_in) -> None:
    now = timezone.now()
    earned(world.sara, at=now, title="Coming Customer")
    payable = earned(world.sara, at=now, base="10000", status=CommissionStatus.PAYABLE, title="Payable Customer")
    held = earned(world.sara, at=now, base="5000", status=CommissionStatus.PAYABLE, title="Held Customer")
    hold_commissions(commissions=[held], reason=HoldReason.REVIEW, by=world.finn.actor, at=now)
    earned(world.sara, at=now, base="900000", currency="JPY")
    answer = sign_in(world.sara).get(reverse("portal:deals:earning_home"))
    mine = {account.currency: account for account in answer.context["accounts"]}
    text = plain(answer)
    assert (mine["USD"].balance.accrued, mine["USD"].balance.payable, mine["USD"].balance.held) == (4800, 3000, 1000)
    assert (mine["USD"].payout.state, mine["USD"].payout.amount) == ("waits", 2000)
    assert mine["USD"].payout.by == payable.payable_on + timedelta(days=30)
    assert mine["JPY"].balance.accrued == 180000
    assert "Under review" in text
    assert "180,000 JPY" in text
    assert len(answer.context["charts"]) == 2


@pytest.mark.parametrize(
    ("base", "taken", "state"), [("100", None, "below_minimum"), ("24000", "-4800", "nothing"), (None, None, "gone")]
)
def test_what_is_too_little_is_carried_over(world: World, sign_in, base, taken, state) -> None:
    now = timezone.now()
    line = earned(world.sara, at=now, base=base or "24000", status=CommissionStatus.PAYABLE)
    if taken:
        adjust_commission(
            commission=line, amount=Decimal(taken), reason="Back", source_key="v:1", by=world.dan.actor, at=now
        )
    if state == "gone":
        from tests.deals.actions.test_statements import paid

        paid(world, line, now)
        adjust_commission(
            commission=line, amount=Decimal(-2400), reason="Back", source_key="v:2", by=world.dan.actor, at=now
        )
        state = "carried"
    [account] = sign_in(world.sara).get(reverse("portal:deals:earning_home")).context["accounts"]
    assert account.payout.state == state
    assert account.carried == (2400 if state == "carried" else 0)


def test_spiffs_that_fit_are_offered_with_their_end_and_never_with_their_budget(world: World, sign_in) -> None:
    today = timezone.now().date()
    common = {"starts_on": today, "ends_on": today + timedelta(days=9), "currency": "USD", "created_at": AT}
    for name, more in {
        "For resellers": {"partner_types": ["reseller"]},
        "For affiliates": {"partner_types": ["affiliate"]},
        "Spent": {"spent_amount": 7919},
        "Over": {"starts_on": today - timedelta(days=9), "ends_on": today - timedelta(days=1)},
    }.items():
        Spiff.objects.create(
            code=new_code("SF"), name=name, kind=SpiffKind.DISPLACEMENT, amount=1000, budget_amount=7919,
            **{**common, **more},
        )  # fmt: skip
    text = plain(sign_in(world.sara).get(reverse("portal:deals:earning_home")))
    assert "For resellers" in text
    assert "1,000 USD for each deal that replaces a competitor" in text
    for absent in ("For affiliates", "Spent", "Over ", "7,919"):
        assert absent not in text, absent


# --- Lines -----------------------------------------------------------------------------------------


def test_a_line_shows_its_sum_its_steps_and_its_life(world: World, sign_in) -> None:
    line = earned(world.sara, at=timezone.now())
    adjust_commission(
        commission=line, amount=Decimal(-1200), reason="Half the price", source_key="v:3", by=world.dan.actor, at=AT
    )
    text = plain(sign_in(world.sara).get(reverse("portal:deals:commission_detail", args=[line.code])))
    assert "24,000.00 USD × 20 % × 100 % = 4,800.00 USD" in text
    for part in ("Waits for the customer’s first payment", "Half the price", "−1,200.00 USD", "Dispute this line"):
        assert part in text, part


def test_what_the_vendor_alone_reads_of_a_line_is_not_on_the_partner_s_pages(world: World, sign_in) -> None:
    entitled(world, commission_rate=20)
    stage.won(world, world.sara, engagement="found", term_months=12)
    line = Commission.objects.get()
    internal = [each["values"]["name"] for each in line.lines if each["audience"] == "vendor"]
    assert "OEM wholesale discount" in internal  # else this test would prove nothing
    hold_commissions(
        commissions=[line], reason=HoldReason.REVIEW, by=world.finn.actor, at=timezone.now(), note="CANARY-NOTE"
    )
    sara = sign_in(world.sara)
    for address in (
        reverse("portal:deals:commission_detail", args=[line.code]),
        reverse("portal:deals:commission_list"),
        reverse("portal:deals:earning_home"),
        reverse("portal:deals:dispute_create", args=[line.code]),
    ):
        text = plain(sara.get(address))
        assert not [name for name in internal if name in text], address
        assert "CANARY-NOTE" not in text


def test_filters_and_export_are_what_is_shown(world: World, sign_in) -> None:
    earned(world.sara, title="Aster Clinics")
    earned(world.sara, status=CommissionStatus.PAYABLE, title="=HYPERLINK(1)")
    sara, address = sign_in(world.sara), reverse("portal:deals:commission_list")
    rows = sara.get(address, {"status": "payable"}).context["page"].objects
    assert [row.title for row in rows] == ["=HYPERLINK(1)"]
    file = b"".join(sara.get(address, {"status": "payable", "export": "csv"}).streaming_content).decode()
    assert "'=HYPERLINK(1)" in file
    assert "Aster" not in file
    assert sara.get(address, {"export": "xlsx"})["Content-Type"].startswith("application/vnd.openxml")
    foreign = {"partner": world.rival.pk, "ordering": "partner__organization__name", "held": "x", "currency": "'"}
    assert sara.get(address, foreign).status_code == 200


@pytest.mark.parametrize(
    ("route", "person", "most"),
    [
        ("portal:deals:commission_list", "sara", 9),
        ("portal:deals:dispute_list", "sara", 10),
        ("portal:deals:statement_list", "sara", 9),
        ("portal:deals:earning_home", "sara", 24),
        ("manage:deals:dispute_list", "mia", 10),
        ("manage:deals:statement_list", "mia", 9),
    ],
)
def test_pages_ask_the_same_number_of_questions_of_30_rows_as_of_one(world, sign_in, route, person, most) -> None:
    client = sign_in(getattr(world, person))

    def add(number: int) -> None:
        line = earned(world.sara, title=f"Customer {number}")
        open_dispute(commission=line, by=world.sara.actor, at=AT, reason="Why?")
        Statement.objects.create(
            code=new_code("ST"), partner_id=world.northwind.pk, currency="USD",
            month=date(2020 + number // 12, number % 12 + 1, 1), ordered_at=AT, ready_at=AT,
            totals={"opening": "0", "closing": "1"},
        )  # fmt: skip

    def asked() -> int:
        client.get(reverse(route))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(route)).status_code == 200
        return len(queries)

    add(0)
    one = asked()
    for number in range(1, 30):
        add(number)
    assert asked() == one
    assert one <= most, one


# --- Calculator ------------------------------------------------------------------------------------

RECURRING = """    - code: solution_commission
      name: Solution commission
      model: recurring
      scope: {deal: commission, tracks: [solution]}
      rate_percent: 15
      months: 24
"""
BRACKETS = """    - code: solution_commission
      name: Solution commission
      model: brackets
      scope: {deal: commission, tracks: [solution]}
      brackets:
        - {at_least: 0, below: 100000, percent: 20}
        - {at_least: 100000, below: 250000, percent: 25}
        - {at_least: 250000, percent: 30}
"""


def asked(world: World, sign_in, **deal: object) -> str:
    question = {"amount": "24000", "currency": "USD", "verdict": "sourced", "term_months": "12"} | deal
    answer = sign_in(world.sara).get(reverse("portal:deals:earning_calculator"), question)
    assert answer.status_code == 200
    return plain(answer)


def test_a_fifth_of_the_first_year(world: World, sign_in) -> None:
    entitled(world, commission_rate=20)
    text = asked(world, sign_in)
    assert "24,000.00 USD × 20 % × 100 % = 4,800.00 USD" in text
    assert "Payable 30 days after that" in text
    assert "Solution commission" in text
    assert "4,800.00 USD" in asked(world, sign_in, amount="48000", term_months="24")


def test_fifteen_percent_for_twenty_four_months(world: World, sign_in) -> None:
    with_plan(RECURRING)
    text = asked(world, sign_in)
    assert text.count("24,000.00 USD × 15 % × 100 % = 3,600.00 USD") == 2
    assert "7,200.00 USD if the customer stays" in text


def test_brackets_on_the_volume_of_the_year(world: World, sign_in) -> None:
    with_plan(BRACKETS)
    text = asked(world, sign_in, amount="400000")
    assert "100,000.00 USD × 20 % + 150,000.00 USD × 25 % + 150,000.00 USD × 30 %" in text
    assert "= 102,500.00 USD" in text


def test_half_of_the_rate_where_the_partner_helped(world: World, sign_in) -> None:
    entitled(world, commission_rate=25)
    text = asked(world, sign_in, amount="100000", verdict="influenced")
    assert "100,000.00 USD × 25 % × 50 % = 12,500.00 USD" in text


@pytest.mark.parametrize("route", ["earning_calculator", "margin_quote"])
def test_forty_percent_of_the_list_price(world: World, sign_in, route: str) -> None:
    entitled(world, reseller_margin=35)
    question = {"amount": "50000", "currency": "USD", "verdict": "sourced", "registered": "on", "resale": "on"}
    text = plain(sign_in(world.sara).get(reverse(f"portal:deals:{route}"), question))
    for part in ("50,000.00 USD", "30,000.00 USD", "20,000.00 USD", "40 %"):
        assert part in text, part
    without = plain(sign_in(world.sara).get(reverse(f"portal:deals:{route}"), question | {"registered": ""}))
    assert "17,500.00 USD" in without


def test_the_calculator_gives_what_the_line_of_the_same_deal_is(world: World, sign_in) -> None:
    entitled(world, commission_rate=20)
    registration = stage.won(world, world.sara, amount=Decimal(84000), engagement="found", term_months=12)
    line = Commission.objects.get(contract__opportunity=registration.opportunity)
    assert f"{line.amount:,.2f} USD" in asked(world, sign_in, amount="84000")
    page = plain(sign_in(world.sara).get(reverse("portal:deals:commission_detail", args=[line.code])))
    for part in ("Why this plan and this rate", "Solution commission", "what the tier gives", "Sourced"):
        assert part in page, part


@pytest.mark.parametrize("amount", ["", "1e3", "８４０００", "84,000", "-5"])
def test_what_can_t_be_read_stands_at_its_field_and_nothing_is_computed(world: World, sign_in, amount: str) -> None:
    answer = sign_in(world.sara).get(reverse("portal:deals:earning_calculator"), {"amount": amount, "currency": "USD"})
    assert answer.status_code == 200
    assert "amount" in answer.context["form"].errors
    assert "offer" not in answer.context


def test_without_a_plan_the_page_says_so(world: World, sign_in) -> None:
    text = asked(world, sign_in)  # no tier, no rate
    assert "No plan of the program fits" in text


# --- Resold deals ----------------------------------------------------------------------------------


def test_a_resold_deal_shows_list_price_margin_cost_and_profit(world: World, sign_in) -> None:
    entitled(world, reseller_margin=35)
    stage.won(world, world.sara, amount=Decimal(30000), engagement="resale", term_months=12)
    contract = Contract.objects.get()
    sara = sign_in(world.sara)
    for address in (
        reverse("portal:deals:margin_list"),
        reverse("portal:deals:margin_detail", args=[contract.code]),
        reverse("portal:deals:earning_home"),
    ):
        text = plain(sara.get(address))
        for part in ("50,000", "40 %", "30,000", "20,000"):
            assert part in text, (address, part)
    rita = sign_in(world.rita)
    assert rita.get(reverse("portal:deals:margin_detail", args=[contract.code])).status_code == 404


# --- Statements and disputes on the page -----------------------------------------------------------


def test_a_statement_is_read_and_downloaded_by_its_own_partner_only(world: World, sign_in) -> None:
    earned(world.sara, at=AT - timedelta(days=31))
    [statement] = order_month(month=date(2026, 5, 1), by=Actor.system("night"), at=AT)
    sara, rita, mia = sign_in(world.sara), sign_in(world.rita), sign_in(world.mia)
    address = reverse("portal:deals:statement_detail", args=[statement.code])
    assert sara.get(address).status_code == 404  # not made yet
    make_statement(code=statement.code, at=AT)
    assert "4,800.00 USD" in plain(sara.get(address))
    for file, kind in (("pdf", "application/pdf"), ("csv", "text/csv")):
        download = sara.get(reverse(f"portal:deals:statement_{file}", args=[statement.code]))
        assert (download.status_code, download["Content-Type"].partition(";")[0]) == (200, kind)
        assert download["Content-Disposition"].startswith("attachment")
        assert rita.get(reverse(f"portal:deals:statement_{file}", args=[statement.code])).status_code == 404
        assert mia.get(reverse(f"manage:deals:statement_{file}", args=[statement.code])).status_code == 200


def test_a_line_is_disputed_and_settled_through_the_pages(world: World, sign_in) -> None:
    line = earned(world.sara, at=timezone.now())
    sara, mia = sign_in(world.sara), sign_in(world.mia)
    form = {
        "acting_as": world.northwind.code,
        "reason": "We are Platinum since May.",
        "expected_amount": "6000",
        "file": SimpleUploadedFile("proof.pdf", corpus.pdf(), content_type="application/pdf"),
        # what nobody may set by a form (T5)
        "partner": world.rival.pk, "status": "upheld", "adjustment": "1", "settled_by": world.mia.user.pk,
        "commission": "CM-0000000", "answer": "Yes.",
    }  # fmt: skip
    answer = sara.post(reverse("portal:deals:dispute_create", args=[line.code]), form)
    dispute = Dispute.objects.get()
    assert answer.url == reverse("portal:deals:dispute_detail", args=[dispute.code])
    assert (dispute.status, dispute.partner_id, dispute.answer) == ("open", world.northwind.pk, "")
    assert "Waiting for Mia Berg" in plain(sara.get(answer.url))
    page = mia.get(reverse("manage:deals:dispute_detail", args=[dispute.code]))
    assert "We are Platinum since May." in plain(page)
    settle = {"acting_as": world.vendor.code, "version": dispute.version, "uphold-right_amount": "5400"}
    empty = mia.post(reverse("manage:deals:dispute_uphold", args=[dispute.code]), settle)
    assert empty.status_code == 422
    done = mia.post(
        reverse("manage:deals:dispute_uphold", args=[dispute.code]), settle | {"uphold-answer": "From June on."}
    )
    assert done.status_code == 302
    dispute.refresh_from_db()
    assert (dispute.status, dispute.adjustment.amount) == ("partly_upheld", Decimal(600))
    assert "600.00 USD was added to your earnings." in plain(sara.get(answer.url))
    again = mia.post(
        reverse("manage:deals:dispute_reject", args=[dispute.code]),
        {"acting_as": world.vendor.code, "version": dispute.version, "reject-answer": "No."},
    )
    assert again.status_code in (409, 422)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "x", "expected_amount": "1e9"}, "expected_amount"),
        ({"reason": "x", "expected_amount": "4800"}, "expected_amount"),
    ],
)
def test_a_dispute_that_can_t_be_read_keeps_what_was_typed(world: World, sign_in, typed, field) -> None:
    line = earned(world.sara)
    answer = sign_in(world.sara).post(
        reverse("portal:deals:dispute_create", args=[line.code]), typed | {"acting_as": world.northwind.code}
    )
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {field}
    assert not Dispute.objects.exists()
