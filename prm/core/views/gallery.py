"""The page that shows every component: for builders to copy from, for tests and eyes to look at."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace

import django_filters
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from prm.core import charts
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.choices import OrganizationKind, OrganizationStatus
from prm.core.lists import ListPage, Sort, View
from prm.core.models import Organization
from prm.core.widgets import DayInput
from prm.core.wording import Said


class SampleForm(forms.Form):
    """Every kind of control."""

    website = forms.CharField(label=_("Customer's website"), help_text=_("The domain is enough."))
    company = forms.CharField(label=_("Company"))
    country = forms.ChoiceField(label=_("Country"), choices=[("", ""), ("DE", "Germany"), ("AT", "Austria")])
    amount = forms.DecimalField(
        label=_("Yearly amount"), widget=forms.TextInput, help_text=_("You would earn about 10,800.")
    )
    currency = forms.ChoiceField(label=_("Currency"), choices=[(c, c) for c in ("USD", "EUR", "JPY")])
    close_on = forms.DateField(label=_("Expected close"), widget=DayInput)
    source = forms.ChoiceField(
        label=_("Where it came from"),
        widget=forms.RadioSelect,
        choices=[("own", _("Our own prospecting")), ("event", _("An event")), ("lead", _("A lead you sent"))],
    )
    evidence = forms.FileField(label=_("Evidence"), required=False, help_text=_("PDF or picture, up to 20 MB."))
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea)
    agreed = forms.BooleanField(label=_("The customer knows that we register this deal"))


class SampleFilters(django_filters.FilterSet):
    """Filters of the sample list."""

    q = django_filters.CharFilter("name", "icontains", label=_("Search"))
    kind = django_filters.ChoiceFilter(choices=OrganizationKind.choices, label=_("Kind"))
    status = django_filters.ChoiceFilter(choices=OrganizationStatus.choices, label=_("Status"))
    created = django_filters.DateFromToRangeFilter("created_at", label=_("Created"))

    class Meta:
        model = Organization
        fields: list[str] = []


@require_safe
@manage_page("core.gallery_view")
def gallery(request: HttpRequest) -> HttpResponse:
    """All components with made-up values; only the list reads the database."""
    page = ListPage(
        request,
        Organization.objects.visible_to(request.actor),
        columns=[
            Column("name", _("Company"), kind="who", sort="name", place="title", fixed=True),
            Column("status", _("Status"), kind="state", sort="status", place="side"),
            Column("kind", _("Kind"), value="get_kind_display"),
            Column("time_zone", _("Time zone")),
            Column("created_at", _("Created"), kind="moment", sort="created"),
            Column("code", _("Code"), shown=False),
        ],
        sorts={"name": Sort.by("name"), "status": Sort.by("status"), "created": Sort.by("created_at")},
        default_sort="name",
        filterset=SampleFilters,
        primary=("q", "kind", "status"),
        views=[View(_("All")), View(_("Partners"), {"kind": "partner"})],
        select="code",
        size=25,
    )
    template = page.template("manage/core/gallery.html")
    return render(request, template, {"page": page, **samples(request.at)})


def samples(at: datetime) -> dict[str, object]:
    """The made-up values of the gallery, all relative to ``at``."""
    typed = {"website": "helios", "amount": "12,5", "source": "own"}
    refused = SampleForm({f"refused-{name}": value for name, value in typed.items()}, prefix="refused")
    return {
        "form": SampleForm(
            initial={"website": "aster-clinics.org", "amount": 27000, "currency": "USD", "source": "own"}
        ),
        "refused": refused,
        "question": SampleForm(prefix="question"),
        "clocks": _clocks(at),
        "queue": _queue(at),
        "amount": Decimal("2413870.5"),
        "parts": [
            {"label": _("Revenue"), "points": 30, "most": 30, "note": _("+35 % on the same quarter a year ago")},
            {"label": _("Activity"), "points": 25, "most": 25, "note": _("7 deals registered in 90 days")},
            {"label": _("Engagement"), "points": 15, "most": 20, "note": _("active in 2 of the last 4 weeks")},
            {"label": _("Satisfaction"), "points": 10, "most": 15, "note": _("NPS 43 from 7 answers")},
            {"label": _("Strategic fit"), "points": 5, "most": 10, "note": _("moderate, set on 2 Sep")},
        ],
        "earning_cards": [
            {
                "currency": "USD",
                "earned": Decimal(48_000),
                "coming": Decimal(4_800),
                "payable": Decimal("1250.50"),
                "held": Decimal(600),
                "paid": Decimal("41349.50"),
            }
        ],
        "events": [
            {
                "title": _("Waiting for Mia Berg"),
                "at": at - timedelta(hours=1),
                "note": _("42 minutes left"),
                "tone": "now",
            },
            {
                "title": _("Returned by Mia Berg, clock stopped"),
                "at": at - timedelta(hours=20),
                "quote": _("Which business unit of the group buys?"),
            },
            {"title": _("Submitted by Tom Ray"), "at": at - timedelta(days=1, hours=2), "tone": "green"},
            {"title": _("Draft started"), "at": at - timedelta(days=2)},
        ],
        "facts": [
            (_("Sourced revenue"), "142,000 USD"),
            (_("Win rate"), "41 %"),
            (_("Segment"), _("Strategic")),
            (_("Owner"), ""),
        ],
        "steps": [
            {"label": _("Submitted"), "state": "done"},
            {"label": _("Decided"), "state": "now"},
            {"label": _("Protected"), "state": ""},
            {"label": _("Won"), "state": ""},
        ],
        "tabs": [
            {"label": _("Overview"), "url": "#tabs", "active": True},
            {"label": _("Deals"), "url": "#tabs", "count": 14},
            {"label": _("People"), "url": "#tabs", "count": 9},
            {"label": _("History"), "url": "#tabs"},
        ],
        "checks": [
            {"text": _("Lead came through the partner"), "done": True, "note": _("meeting note attached")},
            {"text": _("Registered within 7 days of first contact"), "done": False, "note": _("12 days")},
            {"text": _("No earlier engagement by direct sales"), "done": None, "note": _("not checked yet")},
        ],
        "compared": [
            {
                "label": _("Company"),
                "left": "Helios Energy GmbH",
                "right": "Helios Energie",
                "match": _("91 % alike"),
                "how": "near",
            },
            {"label": _("Domain"), "left": "helios-energy.com", "right": "helios-energie.de", "match": _("different")},
            {"label": _("Country"), "left": _("Germany"), "right": _("Germany"), "match": _("same"), "how": "same"},
            {"label": _("Evidence"), "left": _("meeting note"), "right": _("demo held, quote sent"), "match": ""},
        ],
        "said": [
            Said(
                str(_("Revenue this quarter")),
                "142,000 USD",
                str(_("105,200 USD in the same quarter a year ago")),
                False,
                str(_("Inputs")),
            ),
            Said(str(_("Growth")), "+35 %", "", False, str(_("Inputs"))),
            Said(str(_("Growth of 20 % or more")), str(_("30 of 30")), "", False, str(_("Arithmetic"))),
            Said(str(_("Points for revenue")), "30", "", True, str(_("Arithmetic"))),
        ],
        "today": timezone_day(at),
        "trend": _trend(),
        "sparks": [42, 44, 43, 47, 52, 51, 58, 61, 60, 66, 71, 74],
        "tones": ["blue", "green", "lime", "amber", "orange", "red", "purple", "grey"],
        "icons": [
            "sun",
            "building-community",
            "affiliate",
            "coins",
            "speakerphone",
            "school",
            "chart-bar",
            "briefcase",
        ],
    }


def timezone_day(at: datetime) -> date:
    """A day twelve days ahead, for the sample of a date."""
    return (at + timedelta(days=12)).date()


def _clocks(at: datetime) -> list[dict[str, object]]:
    def running(hours: float, of: float, soon: float = 4) -> dict[str, object]:
        due = at + timedelta(hours=hours)
        return {"opened_at": due - timedelta(hours=of), "due_at": due, "due_soon_at": due - timedelta(hours=soon)}

    return [
        running(9.4, 24),
        running(3.17, 24),
        running(44, 72, 8),
        running(-2.1, 24),
        {"opened_at": at, "paused_at": at, "seconds_left": 3 * 3600 + 600, "waiting_for": _("the partner")},
        {"opened_at": at, "closed_at": at},
        {"opened_at": at},
    ]


def _queue(at: datetime) -> list[SimpleNamespace]:
    rows = [
        (
            "Registration",
            "DR-7K3M9QX",
            "Helios Energy · 84,000 USD",
            "Rival Systems",
            "Gold",
            "Possible conflict",
            "amber",
            0.7,
        ),
        (
            "Registration",
            "DR-4N8P2ZT",
            "Bluebird Logistics · 36,500 USD",
            "Northwind Solutions",
            "Platinum",
            "Priority",
            "blue",
            3.2,
        ),
        ("Extension", "DR-9Q1R5WB", "Marlow Retail · until 18 Dec", "Northwind Solutions", "Platinum", "", "", 16.8),
        ("Application", "AP-2C6D8FH", "Avanti Consulting · SI", "–", "New", "Score 29 / 35", "lime", 26),
    ]
    return [
        SimpleNamespace(
            kind=kind, code=code, subject=subject, partner=partner, tier=tier, flag=flag, tone=tone,
            opened_at=at - timedelta(hours=24 - hours if hours < 24 else 4), due_at=at + timedelta(hours=hours),
            due_soon_at=at + timedelta(hours=hours - 4), paused_at=None, closed_at=None,
        )
        for kind, code, subject, partner, tier, flag, tone, hours in rows
    ]  # fmt: skip


def _trend() -> charts.Chart:
    months = ["Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    scores = [58, 61, 60, 64, 70, 69, 73, 76, 74, 79, 82, 85]
    return charts.line_over_time(
        name="gallery-trend",
        title="Health over twelve months",
        alt="Health score by month, from 58 in December to 85 in November",
        points=list(zip(months, scores, strict=True)),
        width=640,
        height=200,
        low=40,
        bands=[charts.Band("Champion", 80, marked=True), charts.Band("Healthy", 60), charts.Band("At risk", 40)],
        headings=("Month", "Score"),
    )
