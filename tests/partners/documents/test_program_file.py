"""Program files: the shipped ones read, every inconsistency is refused at its line, and writing reads back."""

import pytest

from partners.documents.program_file import (
    ProgramFileRefused,
    blueprint_text,
    read_program_file,
    shipped_blueprints,
    write_program_file,
)
from partners.rules.blueprint import differences

SMALL = """\
blueprint: small
name: Small program
currency: EUR
tracks:
  - code: solution
    name: Solution
    economic_model: margin
    tiers:
      - code: registered
        name: Registered
      - code: silver
        name: Silver
        paths:
          - {metric: sourced_arr, threshold: 1000}
        certified_people: 1
        review_months: 12
        grace_months: 3
        falls_to: registered
      - code: gold
        name: Gold
        paths:
          - {metric: sourced_arr, threshold: 5000}
        certified_people: 2
        review_months: 12
        grace_months: 6
        falls_to: silver
types:
  - type: reseller
    track: solution
    primary_value: Sales
    revenue_model: Margin
    key_metric: ARR
    rate_least_percent: 20
    rate_most_percent: 40
benefits:
  - code: deal_registration
    name: Deal registration
    kind: level
    levels: [yes, priority]
    tiers:
      solution: {silver: yes, gold: priority}
  - code: commission_rate
    name: Commission rate
    kind: percent
    tiers:
      solution: {registered: 10, silver: 12.5, gold: 20}
"""


def refused(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(ProgramFileRefused) as refusal:
        read_program_file(text)
    return [(problem.line, problem.reason) for problem in refusal.value.problems]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_the_shipped_blueprints_read_without_a_warning_and_write_back_the_same() -> None:
    assert shipped_blueprints() == ["standard", "starter"]
    for name in shipped_blueprints():
        read = read_program_file(blueprint_text(name))
        assert read.warnings == ()
        assert read_program_file(write_program_file(read.program)).program == read.program


def test_the_standard_blueprint_holds_the_figures_of_the_program_rules() -> None:
    program = read_program_file(blueprint_text("standard")).program
    ladder = program.ladder("solution")
    asked = {
        tier.code: ([int(path.threshold) for path in tier.paths], tier.certified_people, tier.grace_months)
        for tier in ladder.tiers
    }
    assert asked == {
        "registered": ([], 0, 0),
        "silver": ([25_000, 5], 1, 3),
        "gold": ([100_000, 20], 2, 6),
        "platinum": ([500_000, 50], 5, 9),
    }
    rates = program.benefit("commission_rate")
    assert rates is not None
    assert [rates.values["solution", code] for code in asked] == ["10", "15", "20", "25"]
    funds = program.benefit("mdf_year")
    assert funds is not None
    assert [funds.values["solution", code] for code in asked] == ["0", "5000", "25000", "100000"]
    assert program.registration().priority_tiers == ("platinum",)
    assert program.registration().protection_days == 30
    assert sum(item.minutes for item in program.topics["qbr"].agenda) == 60
    rails = {entry.type: (entry.rate_least_percent, entry.rate_most_percent) for entry in program.types}
    assert (rails["reseller"], rails["oem"], rails["strategic"]) == ((20, 40), (40, 60), (None, None))


def test_the_starter_blueprint_asks_for_no_certificates() -> None:
    ladder = read_program_file(blueprint_text("starter")).program.ladder("solution")
    assert {tier.certified_people for tier in ladder.tiers} == {0}
    assert [int(tier.paths[0].threshold) for tier in ladder.tiers[1:]] == [10_000, 50_000, 200_000]
    assert [path.metric for path in ladder.tiers[3].paths] == ["sourced_arr"]


def test_decimals_are_exact_and_words_stay_words() -> None:
    program = read_program_file(SMALL + "calendar: {opens: '09:00', closes: '17:30'}\n").program
    rates, registration = program.benefit("commission_rate"), program.benefit("deal_registration")
    assert rates is not None
    assert registration is not None
    assert rates.values["solution", "silver"] == "12.5"
    assert registration.values["solution", "silver"] == "yes"
    assert program.topics["calendar"].closes.isoformat() == "17:30:00"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("threshold: 5000}", "threshold: 1000}", "must be above that of silver: 1000"),
        ("threshold: 5000}", "threshold: 900}", "must be above that of silver: 1000"),
        ("threshold: 1000}", "threshold: -1}", "must be at least 0"),
        ("certified_people: 2", "certified_people: 0", "must not be below that of silver"),
        ("grace_months: 6", "grace_months: 37", "must be at most 36"),
        ("falls_to: silver", "falls_to: registered", "must be one rung down: silver"),
        (
            "solution: {silver: yes, gold: priority}",
            "solution: {bronze: yes}",
            "bronze is not a tier of the track solution",
        ),
        ("solution: {silver: yes, gold: priority}", "oem: {silver: yes}", "oem is not a track of this program"),
        ("solution: {silver: yes, gold: priority}", "solution: {silver: first}", "must be one of yes, priority"),
        ("gold: 20}", "gold: 120}", "must be 0 to 100"),
        ("gold: 20}", "gold: twenty}", "must be a number"),
        ("gold: 20}", "gold: 2e1}", "must be a number"),
        ("rate_most_percent: 40", "rate_most_percent: 140", "must be at most 100"),
        ("rate_most_percent: 40", "rate_most_percent: 10", "must not be below rate_least_percent"),
        ("    track: solution\n", "    track: reselling\n", "reselling is not a track of this program"),
        ("currency: EUR", "currency: XXY", "must be one of"),
        ("economic_model: margin", "economic_modell: margin", "is not a known term"),
        ("currency: EUR", "currency: EUR\ncolour: red", "is not a known section"),
        ("metric: sourced_arr, threshold: 5000", "metric: luck, threshold: 5000", "must be one of"),
        ("code: gold", "code: Gold!", "must be small letters"),
    ],
)  # fmt: skip
def test_an_inconsistent_file_is_refused_at_its_line(before: str, after: str, reason: str) -> None:
    text = SMALL.replace(before, after, 1)
    assert text != SMALL
    problems = refused(text)
    line = SMALL[: SMALL.index(before)].count("\n") + after.rstrip().count("\n") + 1
    assert any(found == line and reason in why for found, why in problems), problems


def test_grace_needs_a_review() -> None:
    text = SMALL.replace("        review_months: 12\n        grace_months: 6\n", "        grace_months: 6\n")
    assert (line_of(text, "grace_months: 6"), "needs a review: grace begins at a review date") in refused(text)


def test_a_repeated_key_a_repeated_tier_and_a_missing_name_are_refused() -> None:
    assert refused(SMALL + "name: Other\n") == [(SMALL.count("\n") + 1, "is said twice")]
    twice = SMALL.replace("code: gold", "code: silver")
    assert any("silver is used twice" in why for _line, why in refused(twice))
    nameless = SMALL.replace("    name: Commission rate\n", "")
    assert (line_of(nameless, "code: commission_rate"), "is missing") in refused(nameless)


def test_a_rung_that_asks_for_nothing_is_refused() -> None:
    text = SMALL.replace(
        "        paths:\n          - {metric: sourced_arr, threshold: 1000}\n        certified_people: 1\n", ""
    )
    assert any("asks for nothing" in why for _line, why in refused(text))


def test_what_is_said_once_may_not_be_said_elsewhere() -> None:
    text = SMALL + "registration:\n  reminder_days: [3]\n"
    assert refused(text) == [(line_of(text, "reminder_days"), "is said once, as reminders.short_days")]


def test_more_than_four_rungs_are_a_warning_only() -> None:
    extra = "".join(
        f"      - code: rung{n}\n        name: Rung {n}\n        paths:\n"
        f"          - {{metric: sourced_arr, threshold: {n}0000}}\n        certified_people: {n}\n"
        for n in (3, 4)
    )
    read = read_program_file(SMALL.replace("types:\n", f"{extra}types:\n"))
    assert [(warning.line, warning.reason) for warning in read.warnings] == [
        (line_of(SMALL, "tiers:"), "has 5 rungs; more than four are hard to explain")
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: &x 1\nb: *x\n", 1),
        ("a: !!python/object:os.system 1\n", 1),
        ("a: [1, 2\nb: 3\n", 2),
        ("", 1),
        ("- a\n", 1),
        ("{" * 40, 1),
        ("a: 1\n---\nb: 2\n", 2),
        (b"name: caf\xe9\n", 1),
        ("name: \x07\n", 1),
        ("x" * 600_000, 1),
    ],
)
def test_what_is_no_program_at_all_is_refused_and_never_crashes(text: str | bytes, line: int) -> None:
    assert refused(text)[0][0] == line


def test_differences_name_what_moved_and_not_where_it_stands() -> None:
    before = read_program_file(SMALL).program
    changed = SMALL.replace("threshold: 5000", "threshold: 6000").replace("gold: 20}", "gold: 22}")
    assert differences(before, read_program_file(changed).program) == [
        ("tracks › solution › tiers › gold › paths › sourced_arr › threshold", "5000", "6000"),
        ("benefits › commission_rate › tiers › solution › gold", "20", "22"),
    ]
    assert differences(before, before) == []
