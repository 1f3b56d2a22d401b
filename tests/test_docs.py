"""The documentation says what the code says: every name that one can meet is described, everything described exists."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands

from deals.actions.work import APPROVE_GOOD_FOR
from deals.rules.accounts import account_keys
from deals.rules.arr import annual
from deals.rules.conflicts import name_score
from deals.rules.protection import extend, protect
from deals.rules.sla import pause_clock, resume_clock, start_clock
from partners.documents.program_file import blueprint_text, read_program_file
from partners.rules.health import HealthFacts, score
from partners.rules.tiers import TierFacts, next_progress, progress_to, qualify
from prm.celery import SCHEDULE
from prm.core.business_time import same_day_last_year
from prm.core.csv_import import import_kinds, import_permission, importer_for
from prm.core.money import round_money
from prm.core.outbox import registered_handlers
from prm.core.permissions import PERMISSIONS
from prm.core.roles import ROLES
from prm.core.signed_links import registered_purposes
from prm.core.topics import TOPICS
from reporting.actions.night_steps import STEPS
from tests.test_setup import read_by_settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OUR_APPS = ("prm", "partners", "training", "deals", "marketing", "reporting")


def page(name: str) -> str:
    """The text of one page."""
    return (ROOT / name).read_text()


def table(text: str) -> list[list[str]]:
    """The cells of every table row of a text."""
    rows = [line.strip().strip("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows if not set(row) <= set("|- :")]


def first_codes(text: str) -> set[str]:
    """What stands in backticks at the beginning of table rows."""
    return {found[1] for row in table(text) if (found := re.fullmatch(r"`([^`]+)`", row[0]))}


def section(text: str, title: str) -> str:
    """The part of a page under a heading, up to the next one of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"there is no section {title!r}"
    return found[2]


# --- Links, paths, commands ------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """The anchors that a page's headings make."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(path: Path) -> Iterator[tuple[str, str]]:
    """Each link of a page that stays in the repository: its file and its anchor."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if not re.match(r"[a-z]+:", target):
            name, _hash, anchor = target.partition("#")
            yield name, anchor


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for name, anchor in links(path):
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), name
        assert not anchor or anchor in anchors(target.read_text()), f"{name}#{anchor}"


def mentioned_paths(text: str) -> set[str]:
    """What a page calls by a path of ours, between backticks."""
    tops = "prm|partners|training|deals|marketing|reporting|tests|templates|static|docs|bin|deploy|bench"
    return {
        each.rstrip("/")
        for code in re.findall(r"`([^`\n]+)`", text)
        for each in re.findall(rf"^(?:{tops})/[\w./-]*[\w/]", code)
        if "<" not in code and "*" not in code and not code.endswith("…")
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_exist(path: Path) -> None:
    missing = {each for each in mentioned_paths(path.read_text()) if not (ROOT / each).exists()}
    assert missing == set()


def test_paths_are_found_in_a_text() -> None:
    text = "see `prm/core/money.py`, `tests/journeys/`, `deals/x.py::test_a` and `templates/<audience>/`"
    assert mentioned_paths(text) == {"prm/core/money.py", "tests/journeys", "deals/x.py"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_exist(path: Path) -> None:
    text = path.read_text()
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) <= set(get_commands())
    for name in re.findall(r"(?:^|[`\s])(bin/[a-z]+)", text, re.MULTILINE):
        assert (ROOT / name).is_file() or (ROOT / name).is_dir(), name


def test_every_command_is_described() -> None:
    ours = {name for name, app in get_commands().items() if app.split(".")[0] in OUR_APPS}
    assert len(ours) > 8
    described = {code.removeprefix("manage.py ") for code in first_codes(section(page("docs/jobs.md"), "Commands"))}
    assert described == ours


def test_every_option_of_a_described_command_exists() -> None:
    found = re.findall(r"manage\.py ([a-z_]+)([^\n`]*)", "\n".join(path.read_text() for path in PAGES))
    seen = 0
    for name, rest in found:
        source = (Path(import_module(get_command_module(name)).__file__)).read_text()
        for option in re.findall(r"(--[a-z-]+)", rest):
            seen += 1
            assert f'"{option}"' in source, f"{name} {option}"
    assert seen > 5


def get_command_module(name: str) -> str:
    """The module of a management command."""
    return f"{get_commands()[name]}.management.commands.{name}"


def test_the_map_in_the_readme_is_complete() -> None:
    named = {
        Path(each).parts[0]
        for row in table(section(page("README.md"), "Where is what"))
        for each in re.findall(r"`([\w/]+)/`", row[0])
    }
    there = {
        each.name
        for each in ROOT.iterdir()
        if each.is_dir() and not each.name.startswith((".", "__")) and any(each.rglob("*.*"))
    }
    assert named <= there
    assert there - named <= {"bench", "var", "locale"}
    top = {config.name.split(".")[0] for config in apps.get_app_configs() if config.name.split(".")[0] in OUR_APPS}
    assert top <= named


def test_every_page_is_in_the_index() -> None:
    linked = {(ROOT / "docs" / name).resolve() for name, _anchor in links(ROOT / "docs" / "README.md")}
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "README.md"}
    assert {each.relative_to(ROOT).as_posix() for each in pages - linked} == set()


def test_every_picture_is_shown() -> None:
    shown = {(path.parent / name).resolve() for path in PAGES for name, _anchor in links(path)}
    assert set((ROOT / "docs" / "images").iterdir()) <= shown


# --- Names -----------------------------------------------------------------------------------------


def test_every_setting_is_described_and_no_other() -> None:
    described = set(re.findall(r"^\| ((?:`[A-Z_]+`(?:, )?)+) \|", page("docs/configuration.md"), re.MULTILINE))
    names = {name for cell in described for name in re.findall(r"`([A-Z_]+)`", cell)}
    outside = {"PRM_OWNER_PASSWORD", "PRM_APP_PASSWORD", "PRM_FAULTS"}
    assert names - outside == read_by_settings()


@pytest.mark.parametrize("code", ROLES)
def test_a_role_is_described_with_its_permissions(code: str) -> None:
    role = ROLES[code]
    part = section(page("docs/roles.md"), f"{role.label} (`{code}`)")
    part = part.split("\n### ")[0]
    assert set(re.findall(r"^- `([^`]+)`$", part, re.MULTILINE)) == set(role.permissions)
    assert str(role.description) in part
    assert ("*MFA*" in part) == role.mfa_required


def test_no_role_is_described_that_does_not_exist() -> None:
    assert set(re.findall(r"^### .+ \(`([a-z_]+)`\)$", page("docs/roles.md"), re.MULTILINE)) == set(ROLES)


def test_every_permission_is_explained() -> None:
    rows = table(section(page("docs/roles.md"), "What each permission means"))
    assert {row[0].strip("`"): row[1] for row in rows[1:]} == PERMISSIONS


def test_every_job_is_described() -> None:
    rows = table(section(page("docs/jobs.md"), "What the clock starts"))
    assert [(row[0].strip("`"), row[1].strip("`")) for row in rows[1:]] == [(job[0], job[1]) for job in SCHEDULE]


def test_every_task_is_described() -> None:
    found = set()
    for path in ROOT.glob("**/tasks.py"):
        if path.relative_to(ROOT).parts[0] in OUR_APPS:
            found |= set(re.findall(r'shared_task\(name="([^"]+)"', path.read_text()))
    assert len(found) > 5
    text = page("docs/jobs.md")
    assert {name for name in found if f"`{name}`" not in text} == set()


def test_every_step_of_the_night_is_described_in_order() -> None:
    rows = table(section(page("docs/jobs.md"), "The night"))
    assert [row[0].strip("`") for row in rows[1:]] == [each.job for each in STEPS]


def test_every_topic_is_described() -> None:
    assert first_codes(section(page("docs/events.md"), "Topics")) == set(TOPICS)


def test_topics_say_who_gets_them() -> None:
    for row in table(section(page("docs/events.md"), "Topics"))[1:]:
        topic = TOPICS[row[0].strip("`")]
        assert ("always by mail" in row[2]) == (not topic.can_opt_out), topic.code
        if topic.code != "core.invitation":
            assert row[2].split(",")[0] == topic.audience, topic.code


def test_every_link_that_acts_is_described() -> None:
    described = first_codes(section(page("docs/security.md"), "Links in mail that act"))
    assert described == {purpose.code for purpose in registered_purposes()}
    assert f"{APPROVE_GOOD_FOR.days} days" in page("docs/security.md")


def test_every_handler_is_described_at_its_event() -> None:
    rows = table(section(page("docs/events.md"), "Events"))[1:]
    described = {(name, row[0].strip("`")) for row in rows for name in re.findall(r"`([^`]+)`", row[2])}
    assert described == set(registered_handlers().items())


def test_every_handler_is_explained() -> None:
    explained = first_codes(section(page("docs/events.md"), "Handlers"))
    patterns = [re.escape(each).replace("…", ".+") for each in explained]
    for name in registered_handlers():
        assert any(re.fullmatch(pattern, name) for pattern in patterns), name


def emitted() -> dict[str, re.Pattern]:
    """Every event name in the source as a pattern; what a name is made of at run time stands for any words."""
    found = {}
    for top in OUR_APPS:
        for path in (ROOT / top).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            tree = ast.parse(path.read_text())
            for node in ast.walk(tree):
                if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in EMITTERS:
                    continue
                given = next((each.value for each in node.keywords if each.arg == "name"), None)
                if given is not None:
                    for text in patterns_of(given, tree):
                        found[f"{path.relative_to(ROOT)}:{node.lineno} {text}"] = re.compile(text)
    return found


EMITTERS = {"emit", "emit_many", "Event"}


def test_events_name_their_partner_in_one_way() -> None:
    """The data of every event, written out at the call or in a variable handed to it."""
    named = []
    for top in OUR_APPS:
        for path in (ROOT / top).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in EMITTERS:
                    named += re.findall(r"'(partner\w*)':", ast.unparse(node))
    assert len(named) > 10
    assert set(named) == {"partner_id"}


def patterns_of(given: ast.expr, tree: ast.AST) -> list[str]:
    """A name as written, looked up where it is a variable, or with its parts left open."""
    if isinstance(given, ast.Constant):
        return [re.escape(given.value)]
    if isinstance(given, ast.IfExp):
        return [*patterns_of(given.body, tree), *patterns_of(given.orelse, tree)]
    if isinstance(given, ast.JoinedStr):
        parts = (re.escape(each.value) if isinstance(each, ast.Constant) else "[a-z_]+" for each in given.values)
        return ["".join(parts)]
    if isinstance(given, ast.Name):
        values = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and [ast.unparse(each) for each in node.targets] == [given.id]
        ]
        return [text for value in values for text in patterns_of(value, tree)]
    return []


def test_every_event_is_described_and_every_description_is_an_event() -> None:
    described = first_codes(section(page("docs/events.md"), "Events"))
    patterns = emitted()
    assert len(patterns) > 30
    missing = {where for where, each in patterns.items() if not any(each.fullmatch(name) for name in described)}
    assert missing == set()
    assert {name for name in described if not any(each.fullmatch(name) for each in patterns.values())} == set()


def test_an_event_without_a_description_is_seen() -> None:
    tree = ast.parse("NAME = 'a.b.c'\nemit(name=NAME)\nemit(name=f'a.{word}')\nemit(name='x' if y else 'z')")
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [text for call in calls for text in patterns_of(call.keywords[0].value, tree)]
    assert found == ["a\\.b\\.c", "a\\.[a-z_]+", "x", "z"]


def test_every_kind_of_import_is_described_with_its_columns() -> None:
    rows = table(section(page("docs/import.md"), "Records, one kind a file"))[1:]
    described = {
        row[0].strip("`"): (set(re.findall(r"`(\w+)`", row[1])), set(re.findall(r"`(\w+)`", row[2])), row[3].strip("`"))
        for row in rows
    }
    expected = {}
    for kind, *_rest in import_kinds():
        fields = importer_for(kind).fields
        needed = {each.name for each in fields if each.required}
        expected[kind] = (needed, {each.name for each in fields} - needed, import_permission(kind))
    assert described == expected


# --- Promises and figures --------------------------------------------------------------------------


def test_every_promise_names_a_test_that_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page("docs/security.md"))
    assert len(named) > 40
    for path, test in named:
        assert re.search(rf"^\s*def {test}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path}::{test}"


def test_every_promise_has_a_test() -> None:
    for title in ("Who sees what", "Sign-in", "What people bring in", "What must stay true", "How it is run"):
        rows = table(section(page("docs/security.md"), title))[1:]
        assert rows
        assert [row[0] for row in rows if "::" not in row[1]] == []


def test_every_rule_is_in_the_words() -> None:
    text = page("docs/rules.md")
    rules = {
        path.relative_to(ROOT).as_posix()
        for app in ("partners", "deals")
        for path in (ROOT / app / "rules").glob("*.py")
        if path.name != "__init__.py"
    }
    terms = {path for path in rules if re.search(r"terms?(_reader)?\.py$|_terms\.py$", path)}
    without_figures = {"deals/rules/account_words.py", "partners/rules/states.py"}
    assert {path for path in rules - terms - without_figures if f"`{path}`" not in text} == set()


def words(name: str) -> str:
    """The text of a page on one line, so that it does not matter where lines end."""
    return re.sub(r"\n(> )?", " ", page(name))


@pytest.fixture(scope="module")
def program():
    """The program whose figures the page uses."""
    return read_program_file(blueprint_text("standard")).program


def test_the_figures_of_money_and_protection_come_out(program) -> None:
    text = words("docs/rules.md")
    assert f"0.125 EUR is **{round_money(Decimal('0.125'), 'EUR')}**" in text
    assert f"1.5 JPY is **{round_money(Decimal('1.5'), 'JPY')}**" in text
    assert f"36,000 for 24 months are **{annual(Decimal(36000), 24, 'EUR'):,.0f}** a year" in text
    protection = protect(date(2026, 6, 1), program.registration())
    later = extend(protection, program.registration())
    assert f"**{protection.last_day:%-d %B}**, extended up to and including **{later.last_day:%-d %B}**" in text


def test_the_figures_of_the_clock_come_out(program) -> None:
    text = words("docs/rules.md")
    calendar, terms = program.topics["calendar"].calendar(), program.registration()
    clock = start_clock(datetime(2026, 6, 5, 15, tzinfo=UTC), terms.sla_hours, terms.due_soon_percent, calendar)
    said = f"due soon (75 %) on {clock.due_soon_at:%A} at {clock.due_soon_at:%H:%M}, due on **{clock.due_at:%A} at "
    assert f"{said}{clock.due_at:%H:%M}**" in text
    paused = pause_clock(clock, datetime(2026, 6, 5, 21, tzinfo=UTC), calendar)
    again = resume_clock(paused, datetime(2026, 6, 9, 10, tzinfo=UTC), calendar)
    said = f"{paused.seconds_left // 3600} hours were left, so due on **{again.due_at:%A} at {again.due_at:%H:%M}**"
    assert said in text


def test_the_figures_of_health_come_out(program) -> None:
    facts = HealthFacts(
        at=date(2026, 6, 15),
        partner_since=date(2020, 1, 1),
        quarter_revenue=Decimal(115),
        year_ago_revenue=Decimal(100),
        deals_registered=4,
        has_portal_account=True,
        portal_weeks=3,
        last_portal_day=date(2026, 6, 10),
        nps_promoters=0,
        nps_detractors=0,
        nps_answers=0,
        fit="moderate",
    )
    result = score(facts, program.topics["health"])
    assert f"{result.points} of {result.known_points} known points" in words("docs/rules.md")
    assert f"so **{result.score}**, *{result.band}*" in words("docs/rules.md")


@pytest.mark.parametrize(("arr", "referrals"), [(70_000, 4), (120_000, 4)])
def test_the_figures_of_progress_come_out(program, arr: int, referrals: int) -> None:
    gold = program.ladder("solution").tier("gold")
    facts = TierFacts(
        has_agreement=True,
        metrics={"sourced_arr": Decimal(arr), "qualified_referrals": Decimal(referrals)},
        certified_people=1,
    )
    progress = progress_to(gold, facts)
    text = words("docs/rules.md")
    assert f"**{progress.percent} %**" in text
    missing = {path.metric: path.missing for path in progress.paths}
    if missing["sourced_arr"]:
        assert f"{missing['sourced_arr']:,.0f} or {missing['qualified_referrals']} referrals" in text
        assert f"and {progress.certified_missing} more certified person" in text


@pytest.mark.parametrize(
    ("track", "head", "people", "counted"),
    [
        (
            "solution",
            "Solution track",
            "certified people",
            {
                "sourced ARR, twelve months": "sourced_arr",
                "… or qualified referrals, twelve months": "qualified_referrals",
            },
        ),
        (
            "technology",
            "Technology track (technology, OEM)",
            "people with a technical certificate",
            {"live integrations": "live_integrations", "co-sold deals, twelve months": "co_sold_deals"},
        ),
    ],
)
def test_the_tables_of_tiers_are_the_program_s(
    program, track: str, head: str, people: str, counted: dict[str, str]
) -> None:
    text = section(page("docs/rules.md"), "Tiers")
    rows = {row[0]: row[1:] for row in table(text[text.index(f"| {head} |") :].split("\n\n")[0])}
    ladder = program.ladder(track)
    assert rows[head] == [tier.name for tier in ladder.tiers]
    assert rows[people] == [str(tier.certified_people) for tier in ladder.tiers]
    assert set(ladder.metrics) == set(counted.values())
    for label, metric in counted.items():
        asked = [next((path.threshold for path in tier.paths if path.metric == metric), None) for tier in ladder.tiers]
        assert rows[label] == ["–" if each is None else f"{each:,.0f}" for each in asked]
    grace = [f"{tier.grace_months} months" if tier.grace_months else "–" for tier in ladder.tiers]
    assert rows["grace after a missed review"] == grace
    falls = {tier.code: tier.name for tier in ladder.tiers}
    assert rows["falls to"] == [falls.get(tier.falls_to, "–") for tier in ladder.tiers]


def test_the_figures_of_the_technology_ladder_come_out(program) -> None:
    text = words("docs/rules.md")
    as_of = date(2026, 11, 20)
    won = [date(2025, 11, 20), date(2025, 11, 21), date(2026, 5, 4), date(2026, 7, 9), date(2026, 10, 1)]
    co_sold = sum(same_day_last_year(as_of) < day <= as_of for day in won)
    metrics = {"live_integrations": Decimal(1), "co_sold_deals": Decimal(co_sold)}
    facts = TierFacts(True, metrics, 2, {"technical": 2})
    ladder = program.ladder("technology")
    progress = next_progress(ladder, facts, qualify(ladder, facts))
    assert "two people with a technical certificate: Certified." in text
    assert (qualify(ladder, facts), progress.tier) == ("certified", "premier")
    missing = progress.paths[0].missing
    assert f"progress is **{progress.percent} %**, and {missing} co-sold deal is missing" in text


def test_the_figures_of_accounts_come_out() -> None:
    text = words("docs/rules.md")
    for typed in ("https://www.Shop.acme.co.uk/x", "info@acme.co.uk"):
        assert f"`{typed}`" in text
        assert account_keys(domain=typed, name="x", country="GB").claim == "d:acme.co.uk"
    assert account_keys(domain="", name="ACME GmbH & Co. KG", country="DE").claim == "n:acme|DE"
    assert f"= **{name_score('bluebird logistics', 'blue bird logistics')} %**, similar" in text
