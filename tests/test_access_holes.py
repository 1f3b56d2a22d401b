"""The sweep finds what it is for: a URL configuration full of planted holes, each of which it must name."""

import sys
import types
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import clear_url_caches, include, path, set_urlconf

from prm.core.access import manage_page, portal_page, public_page
from prm.core.checks import every_view_declares_who_may_open_it
from prm.core.models import Membership, Notice, Organization
from tests.sweep import STRANGERS, Sweep, told
from tests.world import Rows, World, build_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


def unguarded(request: HttpRequest) -> HttpResponse:
    """No declaration at all."""
    return HttpResponse("hello")


@portal_page("partners.company_view")
def foreign_list(request: HttpRequest) -> HttpResponse:
    """A list that forgot to narrow."""
    return HttpResponse(" ".join(Notice.objects.values_list("title", flat=True)))


@portal_page("partners.company_view")
def foreign_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A page that finds anybody's row by its code."""
    notice = Notice.objects.filter(code=code).first()
    return HttpResponse(notice.title if notice else "", status=200 if notice else 404)


@portal_page("partners.company_view")
def writing_get(request: HttpRequest) -> HttpResponse:
    """A GET that changes something."""
    Notice.objects.update(read_at=request.at)
    return HttpResponse("done")


@portal_page("partners.company_view")
def foreign_write(request: HttpRequest, code: str) -> HttpResponse:
    """Writes first and refuses afterwards."""
    if request.method == "POST":
        Notice.objects.filter(code=code).update(title="taken over")
    own = Notice.objects.visible_to(request.actor).filter(code=code).exists()
    return HttpResponse('<form method="post"><input name="title"></form>', status=200 if own else 404)


@manage_page("partners.partner_view")
def weak_staff_write(request: HttpRequest) -> HttpResponse:
    """A change that asks for a reading permission only."""
    if request.method == "POST":
        Organization.objects.filter(pk=request.organization.pk).update(time_zone="UTC")
    return HttpResponse('<form method="post"><input name="x"></form>')


@portal_page("partners.company_view")
def foreign_key(request: HttpRequest) -> HttpResponse:
    """Believes a company named in the body."""
    if request.method == "POST":
        Organization.objects.filter(code=request.POST.get("company")).update(time_zone="UTC")
    return HttpResponse(
        f'<form method="post"><input type="hidden" name="company" value="{request.organization.code}"></form>'
    )


@portal_page("partners.company_view")
def tells_existence(request: HttpRequest, code: str) -> HttpResponse:
    """Answers differently for foreign rows and for none."""
    if Notice.objects.visible_to(request.actor).filter(code=code).exists():
        return HttpResponse("yours")
    return HttpResponse(status=404 if Notice.objects.filter(code=code).exists() else 405)


@portal_page("partners.company_view")
def broken(request: HttpRequest) -> HttpResponse:
    """Falls over."""
    raise ZeroDivisionError


@portal_page("partners.company_view")
def unreachable_form(request: HttpRequest) -> HttpResponse:
    """Takes a POST that no page offers."""
    return HttpResponse(f"you sent {request.method}")


@public_page(reason="planted")
def honest(request: HttpRequest) -> HttpResponse:
    """Nothing wrong with it."""
    return HttpResponse("hello")


HOLES: list[tuple[str, Callable, str, str, str]] = [
    ("a/", unguarded, "thing_a", "-", "does not declare"),
    ("b/", foreign_list, "thing_b", "paul", "shows CANARY"),
    ("c/<str:code>/", foreign_detail, "planted_c", "paul", "answers 200"),
    ("d/", writing_get, "thing_d", "paul", "GET writes: core_notice"),
    ("e/<str:code>/", foreign_write, "planted_e", "sara", "refused POST writes: core_notice"),
    ("f/", weak_staff_write, "thing_f", "rory", "read-only staff writes: core_organization"),
    ("g/", foreign_key, "thing_g", "paul", "changes rows of Rival's"),
    ("h/<str:code>/", tells_existence, "planted_h", "paul", "tells that a row exists"),
    ("i/", broken, "thing_i", "paul", "answers 500"),
    ("j/", unreachable_form, "thing_j", "paul", "no page shows a form"),
    ("k/<str:code>/", foreign_detail, "unknown_k", "-", "no rows for it"),
]


def planted_notice(world: World, owner: str, route: str) -> Notice:
    """A notice of the head of each company."""
    return Notice.objects.create(
        code=f"NP-{owner.upper()[:7]}",
        membership=Membership.objects.get(pk=world.head(owner).membership.pk),
        topic="core.work_due_soon",
        title=world.words(owner, "Planted"),
        at=world.at,
    )


@pytest.fixture(scope="module")
def holes(django_db_setup: None, django_db_blocker) -> Iterator[Sweep]:
    """The same sweep over a URL configuration full of holes."""
    routes = [path(pattern, view, name=name) for pattern, view, name, _who, _what in HOLES]
    module = types.ModuleType("tests_planted_urls")
    module.urlpatterns = [
        path("holes/", include(([path("", include((routes, "deals")))], "holes"))),
        path("honest/", honest, name="honest"),
        path("", include("prm.urls")),
    ]
    sys.modules["tests_planted_urls"] = module
    override = pytest.MonkeyPatch()
    override.setattr(settings, "ROOT_URLCONF", "tests_planted_urls")
    clear_url_caches()
    set_urlconf(None)
    with django_db_blocker.unblock(), transaction.atomic():
        sweep = Sweep(build_world(), {"deals.planted": Rows("deals.planted", planted_notice)}, only="holes/")
        sweep.control()
        for who in STRANGERS:
            sweep.try_as(who)
        yield sweep
        transaction.set_rollback(True)
    override.undo()
    clear_url_caches()
    set_urlconf(None)
    del sys.modules["tests_planted_urls"]


@pytest.mark.parametrize(("pattern", "view", "name", "who", "what"), HOLES, ids=[each[1].__name__ for each in HOLES])
def test_a_planted_hole_is_found(holes: Sweep, pattern: str, view: Callable, name: str, who: str, what: str) -> None:
    found = [each for each in holes.findings if name in each.route and each.who == who and what in each.what]
    assert found, told([each for each in holes.findings if name in each.route])


def test_an_honest_page_is_left_alone(holes: Sweep) -> None:
    assert not [each for each in holes.findings if "honest" in each.route]


def test_the_start_refuses_a_view_that_declares_nobody(holes: Sweep) -> None:
    assert [each.id for each in every_view_declares_who_may_open_it()] == ["prm.E020"]
