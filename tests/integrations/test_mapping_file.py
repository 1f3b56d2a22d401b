"""A mapping is read strictly: whatever it says wrongly is named with its line, and nothing is imported by it."""

import pytest

from deals.actions.imports import Standing
from prm.integrations.documents.mapping_file import MappingRefused, read_mapping, shipped_mapping, shipped_mappings
from tests.integrations.exports import MAPPING


def problems(text: str | bytes) -> list[tuple[int, str]]:
    """What is wrong with a mapping."""
    with pytest.raises(MappingRefused) as refused:
        read_mapping(text.encode() if isinstance(text, str) else text)
    return refused.value.problems


def line_of(word: str, text: str = MAPPING) -> int:
    """The line of the file on which a word stands first."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if word in line)


def test_a_good_file_is_understood() -> None:
    mapping = read_mapping(MAPPING.encode())
    assert mapping.deals.columns["partner"] == "sales_agent"
    assert mapping.deals.stages["Won"] == Standing("closed", "won")
    assert mapping.deals.products == {"BasicPlus": "Basic Plus"}
    assert mapping.deals.partner_worked
    assert mapping.customers
    assert mapping.customers.countries["Germany"] == "DE"
    assert mapping.team
    assert (mapping.team.type, mapping.team.agreement, mapping.team.mail_domain) == (
        "reseller", True, "crm.example.com",
    )  # fmt: skip
    assert (mapping.currency, mapping.dates, mapping.encoding) == ("", "", "")


def test_every_shipped_mapping_is_good() -> None:
    assert shipped_mappings() == ["sales_opportunities"]
    mapping = shipped_mapping("sales_opportunities")
    assert mapping.customers
    assert mapping.customers.countries["Norway"] == "NO"  # and not a truth value


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("name: Test", "title: Test", "name is missing"),
        ("name: Test", "name: Test\ncurrency: XXQ", "currency: XXQ is not one of the known codes"),
        ("name: Test", "name: Test\ndates: ymd", "dates: ymd is not one of iso, dmy, mdy"),
        ("partner: sales_agent", "seller: sales_agent", "seller is not a field"),
        ("    partner: sales_agent\n", "", "no column is given for partner"),
        ("{stage: closed, status: won}", "{stage: closed, status: good}", "status: good is not one of"),
        ("{stage: closed, status: won}", "{stage: proposal, status: won}", "must be closed exactly when"),
        ("Won: {stage: closed, status: won}", "Won: closed", "the stage Won needs a stage and a status"),
        ("file: products.csv", "file: ../products.csv", "must be the plain name of a file"),
        ("file: products.csv", "file: .hidden", "must be the plain name of a file"),
        ("Germany: DE", "Germany: DEU", "DEU is not a known code"),
        ("type: reseller", "type: shop", "type: shop is not one of"),
        ("mail_domain: crm.example.com", "mail_domain: crm", "crm is not a domain"),
        ("  mail_domain: crm.example.com\n", "", "mail_domain is missing"),
        ("partner_worked: yes", "partner_worked: maybe", "partner_worked: maybe is not one of yes, no"),
        ("partner_worked: yes", "partner_worked: yes\n  since: 2020", "opportunities: since is not known here"),
        ("  products:\n    BasicPlus: Basic Plus", "  products: BasicPlus", "products must be a group"),
    ],
)
def test_what_is_wrong_is_named(was: str, becomes: str, said: str) -> None:
    assert was in MAPPING
    found = problems(MAPPING.replace(was, becomes, 1))
    assert any(said in reason for _line, reason in found), found


def test_the_line_is_that_of_the_file() -> None:
    text = MAPPING.replace("Germany: DE,", "Germany: ZZ,").replace("type: reseller", "type: shop")
    assert [line for line, _reason in problems(text)] == [line_of("ZZ", text), line_of("shop", text)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "group of names"),
        ("- a\n- b", "group of names"),
        ("name: [a, b]", "lists are not used"),
        ("name: &x Test\nother: *x", "anchors and aliases"),
        ("name: !!python/object:os.system x", "tags are not used"),
        ("name: a\nname: b", "name is said twice"),
        ("name: 'open", "unexpected end of stream"),
        (b"name: \xff", "UTF-8"),
        (b"name: " + b"x" * 200_001, "larger than"),
    ],
)
def test_files_that_are_no_mapping(text: str | bytes, said: str) -> None:
    assert said in problems(text)[0][1]


def test_a_file_of_many_levels_does_not_hurt() -> None:
    assert problems("a: " + "{a: " * 3000 + "x" + "}" * 3000)
