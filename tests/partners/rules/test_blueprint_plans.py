"""Plans inside a whole program: names that must exist, guard-rails that warn, and what the shipped programs say."""

import copy
from decimal import Decimal

import pytest

from partners.documents.program_file import blueprint_text, read_program_file
from partners.rules.attribution_terms import AttributionTerms
from partners.rules.blueprint import TOPICS, ProgramInconsistent, base_rate, differences, read_program
from partners.rules.incentive_terms import IncentiveTerms

STANDARD = read_program_file(blueprint_text("standard")).program
STARTER = read_program_file(blueprint_text("starter")).program


def changed(**plan):
    """The standard program with the referral plan changed; `scope` and the like replace what was there."""
    data = copy.deepcopy(STANDARD.to_dict())
    plans = data["incentives"]["plans"]
    (referral,) = (each for each in plans if each["code"] == "referral_first_year")
    referral.update(plan)
    return data


def warnings(data):
    return [(each.path, each.reason) for each in read_program(data)[1]]


def test_the_shipped_plans():
    assert [(plan.code, plan.model, plan.scope.deal, plan.rate_benefit or plan.rate_percent) for plan in
            STANDARD.incentives().plans] == [
        ("reseller_margin", "margin", "resale", "reseller_margin"),
        ("solution_commission", "first_year", "commission", "commission_rate"),
        ("referral_first_year", "first_year", "any", 15),
        ("technology_co_sold", "first_year", "commission", "commission_rate"),
        ("affiliate_recurring", "recurring", "any", 30),
        ("oem_wholesale", "margin", "any", 40),
    ]  # fmt: skip
    affiliate = STANDARD.incentives().plan("affiliate_recurring")
    assert affiliate.months == 12
    assert [(plan.code, plan.rate_percent) for plan in STARTER.incentives().plans] == [
        ("reseller_margin", 25),
        ("solution_commission", 10),
        ("referral_first_year", 15),
    ]


@pytest.mark.parametrize("program", [STANDARD, STARTER], ids=["standard", "starter"])
def test_the_shipped_programs_spell_out_the_default_terms(program):
    incentives = program.topics["incentives"]
    assert program.topics["attribution"] == AttributionTerms()
    assert {**incentives.to_dict(), "plans": []} == IncentiveTerms().to_dict()


@pytest.mark.parametrize("program", [STANDARD, STARTER], ids=["standard", "starter"])
def test_plans_that_ship_never_warn(program):
    assert warnings(program.to_dict()) == []


def test_base_rates_are_those_of_the_lowest_tier():
    plans = {plan.code: plan for plan in STANDARD.incentives().plans}
    found = {code: base_rate(STANDARD, plan, "solution") for code, plan in plans.items()}
    assert (found["reseller_margin"], found["solution_commission"], found["referral_first_year"]) == (25, 10, 15)
    assert base_rate(STANDARD, plans["technology_co_sold"], "technology") == 10
    assert base_rate(STANDARD, plans["solution_commission"], "referral") is None
    assert STANDARD.rates("commission_rate", "solution") == {"registered": 10, "silver": 15, "gold": 20, "platinum": 25}
    assert STANDARD.rates("luck", "solution") == STANDARD.rates("commission_rate", "nowhere") == {}


def test_a_plan_without_a_currency_counts_in_the_program_s():
    assert {plan.currency for plan in STANDARD.incentives().plans} == {"USD"}
    assert {plan.currency for plan in STANDARD.topics["incentives"].plans} == {""}


@pytest.mark.parametrize("rate", [10, 15, 20])
def test_a_base_rate_on_the_edge_of_the_guard_rail_does_not_warn(rate):
    assert warnings(changed(rate_percent=rate)) == []


@pytest.mark.parametrize("rate", ["9.99", "20.01"])
def test_a_base_rate_outside_the_guard_rail_warns(rate):
    assert warnings(changed(rate_percent=rate)) == [
        ("incentives.plans[2]", f"referral_first_year gives {rate} % to referral, outside the usual 10–20 %")
    ]


def test_a_plan_s_own_guard_rail_takes_the_place_of_the_type_s():
    assert warnings(changed(rate_percent=5, guard_rail={"least": 1, "most": 10})) == []
    assert [path for path, _reason in warnings(changed(guard_rail={"least": 1, "most": 10}))] == ["incentives.plans[2]"]


def test_tier_steps_and_bonuses_do_not_count_for_the_guard_rail():
    """Platinum gives 40 % and a registration 5 points more, but the base is the 25 % of the lowest tier."""
    data = STANDARD.to_dict()
    (margin,) = (each for each in data["benefits"] if each["code"] == "reseller_margin")
    margin["tiers"]["solution"]["platinum"] = "45"
    assert warnings(data) == []
    margin["tiers"]["solution"]["registered"] = "19"
    assert [path for path, _reason in warnings(data)] == ["incentives.plans[0]"] * 3  # reseller, SI and strategic


def test_a_narrower_plan_for_higher_tiers_starts_from_their_lowest():
    scope = {"tracks": ["solution"], "tiers": ["gold", "platinum"], "deal": "commission"}
    plan = {"scope": scope, "rate_percent": None, "rate_benefit": "commission_rate", "guard_rail": None}
    assert [reason for _path, reason in warnings(changed(**plan))] == [
        "referral_first_year gives 20 % to si, outside the usual 10–15 %"
    ]


def test_the_first_bracket_is_the_base():
    plan = {
        "model": "brackets",
        "rate_percent": None,
        "brackets": [{"at_least": 0, "below": 100, "percent": 5}, {"at_least": 100, "percent": 15}],
    }
    assert [path for path, _reason in warnings(changed(**plan))] == ["incentives.plans[2]"]


def test_a_plan_that_nobody_can_be_paid_by_warns():
    no_one = warnings(changed(scope={"tracks": ["referral"], "types": ["oem"]}))
    assert no_one == [("incentives.plans[2].scope", "no type of partner is meant by referral_first_year")]
    rateless = warnings(changed(rate_percent=None, rate_benefit="commission_rate"))
    assert rateless == [("incentives.plans[2].rate_benefit", "no tier of referral gives commission_rate to referral")]


@pytest.mark.parametrize(
    ("plan", "path"),
    [
        ({"scope": {"tracks": ["reselling"]}}, "incentives.plans[2].scope.tracks[0]"),
        ({"scope": {"tracks": ["referral"], "tiers": ["gold"]}}, "incentives.plans[2].scope.tiers[0]"),
        ({"scope": {"tiers": ["gold", "diamond"]}}, "incentives.plans[2].scope.tiers[1]"),
        ({"rate_percent": None, "rate_benefit": "luck"}, "incentives.plans[2].rate_benefit"),
        ({"rate_percent": None, "rate_benefit": "logo_usage"}, "incentives.plans[2].rate_benefit"),
        ({"model": "margin", "rate_percent": 96}, "incentives.plans[2].rate_percent"),
        ({"scope": {"tracks": ["affiliate"]}}, "incentives.plans[4].scope"),
    ],
)
def test_a_plan_with_a_name_that_the_program_lacks_is_refused(plan, path):
    with pytest.raises(ProgramInconsistent) as error:
        read_program(changed(**plan))
    assert path in [each.path for each in error.value.problems]


def test_a_type_that_the_program_lacks_is_refused():
    data = STARTER.to_dict()
    data["incentives"]["plans"][2]["scope"] = {"types": ["oem"]}
    with pytest.raises(ProgramInconsistent, match="oem is not a type of this program"):
        read_program(data)


def test_a_program_without_the_topics_reads_with_defaults_and_without_plans():
    data = {key: value for key, value in STANDARD.to_dict().items() if key not in ("attribution", "incentives")}
    program, found = read_program(data)
    assert (program.topics["attribution"], program.topics["incentives"]) == (AttributionTerms(), IncentiveTerms())
    assert (program.incentives().plans, found) == ((), [])
    assert {"attribution", "incentives"} <= set(TOPICS)


def test_differences_name_the_plan_and_the_figure():
    after, _warnings = read_program(changed(rate_percent="12.5"))
    assert differences(STANDARD, after) == [
        ("incentives › plans › referral_first_year › rate_percent", str(Decimal(15)), "12.5")
    ]
    data = STANDARD.to_dict()
    data["incentives"]["clawback"][1]["share_percent"] = "60"
    data["incentives"]["spiff_limits"][3]["most"] = "4000"
    assert differences(STANDARD, read_program(data)[0]) == [
        ("incentives › clawback › 90 › share_percent", "50", "60"),
        ("incentives › spiff_limits › displacement › most", "5000", "4000"),
    ]
