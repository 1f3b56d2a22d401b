from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deals.rules.accounts import account_keys
from deals.rules.conflicts import Candidate, Subject, compare, judge, name_score
from prm.core.explain import for_audience

ME, RIVAL, VENDOR = 1, 2, None
TODAY = date(2026, 11, 20)


def keys(domain="acme.com", name="Acme GmbH", country="DE"):
    return account_keys(domain=domain, name=name, country=country)


def candidate(kind="registration", partner=RIVAL, lines=(), until=None, ref="deals.registration:DR-1", **account):
    return Candidate(kind, ref, partner, keys(**account), frozenset(lines), until)


def check(*candidates, lines=(), **account):
    return judge(Subject(ME, keys(**account), frozenset(lines)), candidates, at=TODAY, similarity=82)


@pytest.mark.parametrize(
    ("mine", "theirs", "basis"),
    [
        ({}, {}, "domain"),
        ({}, {"name": "Something else", "country": "FR"}, "domain"),
        ({"domain": "www.acme.com"}, {"domain": "ada@mail.acme.com"}, "domain"),
        ({"domain": ""}, {"domain": "", "name": "ACME"}, "name"),
        ({"domain": ""}, {}, "mixed"),
        ({}, {"domain": "acme.de"}, "mixed"),
        ({"domain": ""}, {"domain": "", "country": "FR"}, "name_abroad"),
        ({"domain": "", "name": "Northwind"}, {"domain": "", "name": "Northwnd"}, "similar_name"),
        ({"domain": "", "name": "Northwind"}, {"domain": "", "name": "Northwnd", "country": ""}, "similar_name"),
        ({"domain": "", "name": "Northwind"}, {"domain": "", "name": "Northwnd", "country": "FR"}, None),
        ({"domain": "", "name": "Acme"}, {"domain": "", "name": "Acme Logistics"}, None),
        ({"domain": ""}, {"domain": "", "country": ""}, "similar_name"),
    ],
)
def test_which_key_matches(mine, theirs, basis):
    match = compare(Subject(ME, keys(**mine)), candidate(**theirs), 82)
    assert (match.basis if match else None) == basis
    if match:
        assert match.strength == ("exact" if basis in ("domain", "name") else "similar")


@pytest.mark.parametrize(
    ("mine", "theirs", "overlaps"),
    [
        ((), (), True),
        (("crm",), (), True),
        ((), ("crm",), True),
        (("crm", "erp"), ("erp",), True),
        (("crm",), ("erp",), False),
    ],
)
def test_product_lines_must_overlap_and_a_blank_one_overlaps_all(mine, theirs, overlaps):
    assert bool(check(candidate(lines=theirs), lines=mine).matches) == overlaps


@pytest.mark.parametrize(
    ("kind", "partner"),
    [
        ("registration", RIVAL),
        ("referral", RIVAL),
        ("opportunity", RIVAL),
        ("direct", VENDOR),
        ("customer", VENDOR),
        ("customer", RIVAL),
    ],
)
def test_everything_that_is_not_free_gets_one_identical_answer(kind, partner):
    verdict = check(candidate(kind, partner))
    assert (verdict.outcome, verdict.availability, verdict.strength) == ("conflict", "unavailable", "exact")
    assert verdict.blocks_auto_approval
    assert verdict.needs_reason == (kind == "direct")
    assert for_audience(verdict.lines, "partner") == ()


def test_nothing_known_is_free():
    verdict = check()
    assert (verdict.outcome, verdict.availability, verdict.matches, verdict.strength) == ("clear", "free", (), None)
    assert not verdict.blocks_auto_approval


def test_similar_warns_the_manager_and_tells_the_partner_nothing():
    verdict = check(candidate("direct", VENDOR, domain="", name="Acmee"), domain="", name="Acme")
    assert (verdict.outcome, verdict.strength, verdict.availability) == ("warning", "similar", "free")
    assert not verdict.blocks_auto_approval
    assert not verdict.needs_reason


@pytest.mark.parametrize("kind", ["registration", "referral", "opportunity"])
def test_ones_own_earlier_record_is_a_duplicate_and_not_a_conflict(kind):
    verdict = check(candidate(kind, ME))
    assert (verdict.outcome, verdict.availability, verdict.strength) == ("duplicate", "yours", None)
    assert check(candidate(kind, ME), candidate("direct", VENDOR)).outcome == "duplicate"


def test_upsell_to_ones_own_customer_is_allowed():
    verdict = check(candidate("customer", ME))
    assert (verdict.outcome, verdict.availability) == ("clear", "free")
    assert [match.is_own for match in verdict.matches] == [True]
    assert check(candidate("customer", ME), candidate("registration", RIVAL)).outcome == "conflict"


def test_ones_own_similar_record_is_no_warning():
    assert check(candidate("opportunity", ME, domain="acme.de")).outcome == "clear"


def test_the_date_decides_and_not_what_the_night_last_wrote():
    assert check(candidate(until=TODAY)).outcome == "conflict"
    assert check(candidate(until=TODAY - timedelta(days=1))).outcome == "clear"


def test_the_strongest_match_comes_first_with_its_evidence():
    verdict = check(
        candidate("opportunity", RIVAL, ref="c", domain="acme.org", name="Acme Gmbh"),
        candidate("registration", RIVAL, ref="a"),
        candidate("direct", VENDOR, ref="b", domain="", name="Acmes"),
    )
    assert [match.candidate.ref for match in verdict.matches] == ["a", "c", "b"]
    evidence = verdict.lines[1].values
    assert (evidence["ref"], evidence["basis"], evidence["strength"], evidence["score"]) == (
        "a",
        "domain",
        "exact",
        100,
    )


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("northwind", "northwnd", True),
        ("globex", "globax", True),
        ("muller", "mueller", True),
        ("contoso europe", "europe contoso", True),
        ("procter and gamble", "procter gamble", True),
        ("wayne enterprises", "wayne enterprise", True),
        ("acme", "acme logistics", False),
        ("acme energy", "acme logistics", False),
        ("ge", "gm", False),
    ],
)
def test_what_counts_as_similar_by_default(a, b, alike):
    assert (name_score(a, b) >= 82) == alike


def test_the_percentage_of_the_terms_is_still_similar():
    mine, theirs = keys(domain="", name="Globex"), candidate(domain="", name="Globax")
    assert name_score("globex", "globax") == 83
    assert compare(Subject(ME, mine), theirs, 83).basis == "similar_name"
    assert compare(Subject(ME, mine), theirs, 84) is None


names = st.text("abcdef ", min_size=1, max_size=12).filter(str.strip)
accounts = st.builds(
    lambda domain, name, country: account_keys(domain=domain, name=name, country=country),
    st.sampled_from(["", "acme.com", "acme.de"]),
    names,
    st.sampled_from(["", "DE", "FR"]),
)
lines = st.frozensets(st.sampled_from(["crm", "erp"]))
candidates = st.builds(
    Candidate,
    st.sampled_from(["registration", "referral", "opportunity", "direct", "customer"]),
    st.sampled_from(["r:1", "r:2", "r:3"]),
    st.sampled_from([ME, RIVAL, None]),
    accounts,
    lines,
    st.none() | st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3)),
)


@given(st.builds(Subject, st.just(ME), accounts, lines), st.lists(candidates, max_size=5), st.integers(50, 100))
def test_a_claim_of_somebody_else_always_shows_and_order_never_matters(subject, found, similarity):
    verdict = judge(subject, found, at=TODAY, similarity=similarity)
    backwards = judge(subject, found[::-1], at=TODAY, similarity=similarity)
    assert (verdict.outcome, verdict.needs_reason) == (backwards.outcome, backwards.needs_reason)
    taken = any(
        each.keys.claim == subject.keys.claim
        and each.partner_id != ME
        and (each.until is None or each.until >= TODAY)
        and (not each.lines or not subject.lines or each.lines & subject.lines)
        for each in found
    )
    if taken:
        assert verdict.outcome in ("conflict", "duplicate")
    else:
        assert verdict.outcome != "conflict"


@given(accounts, accounts, st.integers(50, 100))
def test_matching_is_mutual(a, b, similarity):
    one = compare(Subject(ME, a), Candidate("registration", "r", RIVAL, b), similarity)
    other = compare(Subject(RIVAL, b), Candidate("registration", "r", ME, a), similarity)
    assert (one and (one.strength, one.basis, one.score)) == (other and (other.strength, other.basis, other.score))
