"""Lists: every row exactly once whatever the order, only declared parameters, the same cost at any length."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django_filters
import pytest
from django.core import signing
from django.db import connection
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from prm.core import keyset, lists
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from prm.core.models import Organization, WorkItem

AT = datetime(2026, 6, 15, 9, 0, tzinfo=UTC)
STATUSES = ("active", "pending", "closed")


class Filters(django_filters.FilterSet):
    q = django_filters.CharFilter("title", "icontains", label="Search")
    priority = django_filters.NumberFilter(label="Priority")
    role = django_filters.ChoiceFilter(choices=[("director", "Director"), ("finance", "Finance")], label="Role")
    opened = django_filters.DateFromToRangeFilter("opened_at", label="Opened")

    class Meta:
        model = WorkItem
        fields: list[str] = []


COLUMNS = [
    Column("title", "Title", sort="title", link=lambda row: f"/items/{row.code}/", place="title", fixed=True),
    Column("role", "Role", kind="state"),
    Column("priority", "Priority", kind="number", sort="priority"),
    Column("due_at", "Due", kind="moment", sort="due"),
    Column("code", "Code", shown=False),
]
SORTS = {
    "title": Sort.by("title"),
    "priority": Sort.by("priority", "title"),
    "due": Sort.by("due_at", nullable=["due_at"]),
    "company": Sort.by("organization__name"),
}


@pytest.fixture
def company(db: None) -> Organization:
    return Organization.objects.create(code="ORG-1", name="Acme", kind="vendor", status="active", created_at=AT)


def make_items(company: Organization, count: int) -> list[WorkItem]:
    """Work with many ties, and every third without an end."""
    return WorkItem.objects.bulk_create(
        WorkItem(
            code=f"WI-{number:05}",
            kind="test.thing",
            ref_kind="test.thing",
            ref_code=f"T-{number:05}",
            title=f"Thing {number % 7}",
            organization=company,
            role=("director", "finance")[number % 2],
            priority=number % 3,
            opened_at=AT - timedelta(hours=number),
            due_at=None if number % 3 == 0 else AT + timedelta(hours=number % 4),
        )
        for number in range(count)
    )


def list_page(query: str = "", **options: object) -> ListPage:
    request = RequestFactory().get(f"/things/?{query}")
    request.at = AT
    given = {"columns": COLUMNS, "sorts": SORTS, "default_sort": "title", "filterset": Filters, "size": 25, **options}
    return ListPage(request, WorkItem.objects.all(), **given)


def walk(page: ListPage, link: str) -> Iterator[ListPage]:
    """The page and all that follow by its own links."""
    for _step in range(50):
        yield page
        address = getattr(page, link)
        if not address:
            return
        page = list_page(address.removeprefix("?"))
    raise AssertionError("the pages never end")


@pytest.mark.parametrize("key", ["title", "-title", "priority", "-priority", "due", "-due", "company", "-company"])
def test_every_row_once_in_order_forwards_and_back(company: Organization, key: str) -> None:
    make_items(company, 83)
    forwards = list(walk(list_page(f"sort={key}"), "next_url"))
    codes = [row.code for page in forwards for row in page.objects]
    assert len(codes) == 83
    assert len(set(codes)) == 83
    whole = WorkItem.objects.order_by(*keyset.order(SORTS[key.removeprefix("-")].keyset(key.startswith("-"))))
    assert codes == [row.code for row in whole]
    backwards = [[row.code for row in page.objects] for page in walk(forwards[-1], "previous_url")]
    assert [code for page in reversed(backwards) for code in page] == codes
    assert not forwards[0].previous_url
    assert not forwards[-1].next_url


def test_empty_values_come_last_in_both_directions(company: Organization) -> None:
    make_items(company, 12)
    for key in ("due", "-due"):
        ends = [row.due_at for row in list_page(f"sort={key}").objects]
        assert ends[-4:] == [None] * 4
        assert None not in ends[:-4]


def test_a_row_added_before_does_not_shift_the_next_page(company: Organization) -> None:
    make_items(company, 40)
    first = list_page("sort=title")
    second = first.next_url.removeprefix("?")
    expected = [row.code for row in list_page(second).objects]
    WorkItem.objects.create(
        code="WI-NEW", kind="test.thing", ref_kind="x.y", ref_code="Z", title="A first thing",
        organization=company, opened_at=AT,
    )  # fmt: skip
    assert [row.code for row in list_page(second).objects] == expected


@pytest.mark.parametrize(
    "place",
    [
        "nonsense",
        "x" * 3000,
        signing.dumps(["priority", [{"i": "1"}, "Thing 1", {"i": "1"}]], salt="prm.core.keyset"),
        signing.dumps(["title", ["Thing 1"]], salt="prm.core.keyset"),
        signing.dumps(["title", ["Thing 6", {"i": "9999"}]], salt="another"),
    ],
    ids=["word", "too long", "another order", "too short", "another salt"],
)
def test_a_place_that_is_not_ours_shows_the_first_page(company: Organization, place: str) -> None:
    make_items(company, 30)
    assert list_page(f"after={place}").objects == list_page().objects


def test_a_cursor_keeps_each_kind_of_value() -> None:
    values = (None, True, 7, Decimal("10.50"), AT, AT.date(), "text")
    assert keyset.from_cursor(keyset.to_cursor("k", values), "k", len(values)) == values


@pytest.mark.parametrize(
    "query",
    [
        "organization__code__startswith=X",
        "sort=organization__code",
        "sort=-pk",
        "title__regex=.",
        "cols=organization.created_at",
        "size=1000000000",
        "order_by=code",
        "priority=abc",
        "role=admin",
        "opened_min=nonsense",
    ],
)
def test_what_is_not_declared_changes_nothing(company: Organization, query: str) -> None:
    make_items(company, 60)
    plain, tried = list_page(), list_page(query)
    assert tried.objects == plain.objects
    assert tried.total == plain.total
    assert [column.key for column in tried.columns] == [column.key for column in plain.columns]


def test_filters_narrow_and_can_be_taken_off(company: Organization) -> None:
    make_items(company, 30)
    page = list_page("q=thing+3&role=finance&opened_after=2026-06-01&sort=-due&other=1")
    assert {row.title for row in page.objects} == {"Thing 3"}
    assert {row.role for row in page.objects} == {"finance"}
    assert [(chip.label, chip.value) for chip in page.chips] == [
        ("Search", "thing 3"),
        ("Role", "Finance"),
        ("Opened", "from 1 Jun 2026"),
    ]
    without_role = page.chips[1].url
    assert "role" not in without_role
    assert "q=thing+3" in without_role
    assert "sort=-due" in without_role
    assert "other" not in without_role
    assert list_page(page.clear_url.removeprefix("?")).total == 30


def test_changing_a_filter_or_the_order_starts_at_the_first_page(company: Organization) -> None:
    make_items(company, 60)
    second = list_page(list_page().next_url.removeprefix("?"))
    assert second.previous_url
    for address in (second.url(role="finance"), second.headings[2].url, second.first_url):
        assert "after=" not in address
        assert "before=" not in address


def test_sorting_turns_round_on_the_second_click(company: Organization) -> None:
    head = {each.column.key: each for each in list_page().headings}
    assert head["title"].direction == "ascending"
    assert head["title"].url == "?sort=-title"
    assert head["due_at"].url == "?sort=-due"  # latest first
    assert head["role"].url == ""
    turned = {each.column.key: each for each in list_page("sort=-due").headings}
    assert turned["due_at"].direction == "descending"
    assert turned["due_at"].url == "?sort=due"


def test_columns_are_chosen_in_the_address(company: Organization) -> None:
    assert [column.key for column in list_page().columns] == ["title", "role", "priority", "due_at"]
    chosen = list_page("cols=code,role")
    assert [column.key for column in chosen.columns] == ["title", "role", "code"]
    choices = {str(each["label"]): each for each in chosen.column_choices}
    assert "Title" not in choices  # a fixed column is no choice
    assert choices["Role"]["on"]
    assert list_page(choices["Role"]["url"].removeprefix("?")).columns == [COLUMNS[0], COLUMNS[4]]


def test_a_saved_view_is_marked_while_its_filters_are_in_use(company: Organization) -> None:
    views = [View("All"), View("Finance", {"role": "finance"}, count=3)]
    marked = {str(view["label"]): view["active"] for view in list_page("role=finance&cols=code", views=views).views}
    assert marked == {"All": False, "Finance": True}
    assert list_page(views=views).views[0]["active"]


def test_counting_stops_at_the_cap(company: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "COUNT_CAP", 20)
    make_items(company, 20)
    assert list_page().total_text == "20"
    WorkItem.objects.create(
        code="WI-ONE", kind="k", ref_kind="x.y", ref_code="Q", title="One more", organization=company, opened_at=AT
    )
    page = list_page()
    assert page.total_text == "20+"
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert list_page().total == 21
    assert "LIMIT 21" in queries.captured_queries[0]["sql"]


def test_two_statements_whatever_the_list_holds(company: Organization) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = list_page()
            render_to_string("components/list.html", {"page": page, "request": page.request, "title": "Things"})
        return len(queries)

    make_items(company, 1)
    one = statements()
    WorkItem.objects.all().delete()
    make_items(company, 30)
    assert statements() == one == 2


def test_an_export_holds_exactly_what_is_shown(company: Organization) -> None:
    make_items(company, 60)
    page = list_page("role=finance&sort=-priority&cols=priority,code&export=csv")
    rows = list(page.export_rows())
    assert page.export_columns == ["Title", "Priority", "Code"]
    assert len(rows) == 30  # all pages, not only the one on screen
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert page.export == "csv"
    lines = b"".join(page.export_response("things")).decode("utf-8-sig").splitlines()
    assert len(lines) == 31
    assert lines[0] == '"Title","Priority","Code"'
    assert list_page("export=exe").export == ""
    assert list_page("export=csv", can_export=False).export == ""


def test_money_exports_its_currency_beside_it() -> None:
    from prm.core.cells import export_labels, export_values
    from prm.core.money import Money

    class Deal:
        amount = Decimal("12.5")
        currency = "EUR"
        price = Money(Decimal(3), "USD")

    columns = [
        Column("amount", "Amount", kind="money", currency="currency"),
        Column("price", "Price", kind="money"),
        Column("fee", "Fee", value=lambda row: Decimal(1), kind="money", currency="GBP"),
    ]
    assert export_labels(columns) == [
        "Amount", "Amount currency", "Price", "Price currency", "Fee", "Fee currency",
    ]  # fmt: skip
    assert export_values(columns, Deal()) == [Decimal("12.5"), "EUR", Decimal(3), "USD", Decimal(1), "GBP"]


def test_texts_of_rows_are_escaped(company: Organization) -> None:
    make_items(company, 1)
    WorkItem.objects.update(title="<img src=x onerror=alert(1)>", role='"><script>')
    page = list_page("q=%22%3E%3Cscript%3E")
    html = render_to_string("components/list.html", {"page": list_page(), "request": page.request, "title": "T"})
    html += render_to_string("components/list.html", {"page": page, "request": page.request, "title": "T"})
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=x" in html


def test_an_empty_list_says_why(company: Organization) -> None:
    def html(query: str) -> str:
        page = list_page(query)
        return render_to_string(
            "components/list.html", {"page": page, "request": page.request, "empty_title": "No thing yet"}
        )

    assert "No thing yet" in html("")
    assert "<form" not in html("")  # nothing to filter
    assert "<form" in html("q=zebra")
    assert "Nothing matches these filters" in html("q=zebra")
    assert "No thing yet" not in html("q=zebra")


def test_an_unknown_default_order_is_a_mistake_of_the_page() -> None:
    with pytest.raises(ValueError, match="unknown default sort"):
        list_page(default_sort="nothing")


def test_htmx_gets_the_list_alone() -> None:
    page = list_page()

    class Htmx:
        target = "list"
        history_restore_request = False

        def __bool__(self) -> bool:
            return True

    assert page.template("x.html") == "x.html"
    page.request.htmx = Htmx()
    assert page.template("x.html") == "x.html#list"
    page.request.htmx.history_restore_request = True
    assert page.template("x.html") == "x.html"
