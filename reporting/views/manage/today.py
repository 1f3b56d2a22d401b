"""Today: what waits for me, who needs me, what comes nearer; and deciding many things at once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import trigger_client_event

from partners.choices import HealthBand
from partners.models import Partner
from prm.core.access import manage_page
from prm.core.actors import Actor
from prm.core.business_time import day_end
from prm.core.explain import for_audience
from prm.core.models import WorkItem
from prm.core.queries.work_items import open_counts, waiting_for
from prm.core.refused import Refused
from prm.core.roles import ROLES
from reporting.queries import attention
from reporting.queries import today as figures
from reporting.queries.attention import Concern
from reporting.queries.terms import ProgramTerms, terms_at
from reporting.why_words import Speaker, play_text, speaker_of, word
from reporting.work_rows import Row, build_rows, groups, work_kind

FALLS_SHOWN = 5
OVERDUE_SHOWN = 4
NAMES_SHOWN = 4
COMING_SHOWN = 8


@require_safe
@manage_page("reporting.today_view")
def today(request: HttpRequest) -> HttpResponse:
    """The inbox; an htmx request for a chip gets the inbox alone."""
    context = _inbox(request, request.GET.get("kind", ""))
    if request.htmx and request.htmx.target == "inbox":
        return render(request, "manage/reporting/today.html#inbox", context)
    return render(request, "manage/reporting/today.html", {**context, **_around(request, request.at)})


def _inbox(request: HttpRequest, wanted: str) -> dict:
    """What waits, narrowed to a chip, with the counts of all chips, and what waits for colleagues."""
    actor = request.actor
    chips = groups()
    chosen = next((chip for chip in chips if chip.code == wanted), None)
    taken = tuple(kind for chip in chips for kind in chip.kinds)
    rows = build_rows(figures.inbox(actor, chosen, taken)[: figures.MOST_ROWS + 1], actor)
    counts = figures.chip_counts(open_counts(actor), chips)
    team = [] if chosen or (rows and not _answers_for_others(actor)) else _team(actor, rows)
    return {
        "rows": rows[: figures.MOST_ROWS],
        "more": len(rows) > figures.MOST_ROWS,
        "team": team[: figures.TEAM_ROWS],
        "more_team": len(team) > figures.TEAM_ROWS,
        "chips": [(chip, counts[chip.code]) for chip in chips if counts[chip.code] or chip == chosen],
        "chosen": chosen.code if chosen else "",
        "waiting": counts["all"],
        "can_bulk": any(row.can_bulk for row in rows),
        "next": f"{reverse('manage:reporting:today')}{f'?kind={chosen.code}' if chosen else ''}",
    }


def _answers_for_others(actor: Actor) -> bool:
    """Directors and up see what waits for the ranks below them; a manager only when there is nothing of their own."""
    return ROLES[actor.role].rank >= 2


def _team(actor: Actor, rows: list[Row]) -> list[Row]:
    return build_rows(figures.team_queue(actor, [row.item.pk for row in rows])[: figures.TEAM_ROWS + 1], actor)


def _around(request: HttpRequest, at: datetime) -> dict:
    """Everything beside the inbox: tiles, who needs me, what comes up."""
    actor, terms = request.actor, terms_at(at)
    mine = attention.my_partners(actor)
    worries = attention.concerns(mine, today=terms.today, terms=terms.health)
    falls = [each for each in worries if each.alert]
    at_risk = attention.tiers_at_risk(mine)
    overdue = attention.overdue_actions(actor, today=terms.today)
    need = {each.partner.pk for each in falls} | {each.pk for each in at_risk} | {each.partner_id for each in overdue}
    portfolio = figures.portfolio(actor)
    as_of = portfolio.scored_on or terms.today
    first, due_today = figures.first_due(actor, at, day_end(terms.today, terms.time_zone))
    return {
        "greeting": greeting(at, request.user.time_zone or request.organization.time_zone),
        "first_name": (request.user.name or request.user.email).split()[0],
        "first_due": first,
        "due_today": due_today,
        "decided": figures.decided_in_time(actor, at),
        "revenue": figures.sourced_revenue(actor, as_of=as_of),
        "currency": terms.currency,
        "portfolio": portfolio,
        "has_portfolio": attention.has_portfolio(actor),
        "need_you": len(need),
        "falls": [_fall(each, terms) for each in falls[:FALLS_SHOWN]],
        "more_falls": max(len(falls) - FALLS_SHOWN, 0),
        "overdue": overdue[:OVERDUE_SHOWN],
        "more_overdue": max(len(overdue) - OVERDUE_SHOWN, 0),
        "threads": _threads(worries, at_risk),
        "coming": attention.coming_up(actor, today=terms.today)[:COMING_SHOWN],
        "program_today": terms.today,
    }


def greeting(at: datetime, time_zone: str) -> str:
    """Good morning, afternoon or evening, by the reader's clock."""
    hour = at.astimezone(ZoneInfo(time_zone)).hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")


def _fall(concern: Concern, terms: ProgramTerms) -> dict:
    """A fall in health in words: from which band to which, why, and the play that the program suggests."""
    partner = concern.partner
    play = concern.alert.play if concern.alert else ""
    return {
        "partner": partner,
        "url": reverse("manage:reporting:partner_detail", args=[partner.code]),
        "why_url": reverse("manage:reporting:partner_why_health", args=[partner.code]),
        "badge": _band_change(concern),
        "tone": partner.health_band,
        "before": concern.score_before,
        "reason": _reasons(concern, speaker_of(terms)),
        "play": play_text(play) if play else "",
    }


def _band_change(concern: Concern) -> str:
    now = concern.partner.get_health_band_display()
    if concern.band_before == concern.partner.health_band:
        return now
    return f"{word(HealthBand, concern.band_before)} → {now}"


def _threads(worries: list[Concern], at_risk: list[Partner]) -> list[dict]:
    """Partners with the same trouble, told together: tiers at risk, no owner, a single contact."""
    told = [
        (
            at_risk,
            "partner_tier",
            _("Tier at risk"),
            _("Their results no longer reach the tier they hold. It is decided at the next review."),
        ),
        (
            [each.partner for each in worries if each.kind == "owner"],
            "partner_people",
            _("No owner"),
            _("Nobody here looks after them: assign a partner manager."),
        ),
        (
            [each.partner for each in worries if each.kind == "contact"],
            "partner_people",
            _("Single contact"),
            _("We know only one person there, or none: add a second."),
        ),
    ]
    return [
        {
            "title": title,
            "text": text,
            "partners": [
                {"name": each.name, "url": reverse(f"manage:reporting:{page}", args=[each.code])}
                for each in partners[:NAMES_SHOWN]
            ],
            "more": max(len(partners) - NAMES_SHOWN, 0),
            "count": len(partners),
        }
        for partners, page, title, text in told
        if partners
    ]


def _reasons(concern: Concern, speaker: Speaker) -> str:
    lines = for_audience(concern.alert.lines, "vendor") if concern.alert else ()
    said = [speaker.say_one(line) for line in lines if line.code == "health.alert_reason"]
    return "; ".join(f"{each.label} {each.value}" for each in said[:2])


@require_POST
@manage_page("reporting.today_view")
def work_approve(request: HttpRequest, code: str) -> HttpResponse:
    """Carry out the first decision of one row, and show the inbox as it is then."""
    item = get_object_or_404(waiting_for(request.actor), code=code)
    kind = work_kind(item.kind)
    if kind is None or kind.approve is None:
        raise Http404
    if not request.actor.can(kind.approve_permission):
        raise PermissionDenied
    problem = _carry_out(item, request)
    text = problem or _("%(title)s: done.") % {"title": item.title}
    if not request.htmx:
        (messages.error if problem else messages.success)(request, text)
        return redirect("manage:reporting:today")
    response = render(request, "manage/reporting/today.html#inbox", _inbox(request, request.POST.get("kind", "")))
    return trigger_client_event(response, "toast", {"text": text, "level": "error" if problem else "success"})


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("reporting.today_view")
def work_decide(request: HttpRequest) -> HttpResponse:
    """Approve several things: GET shows what would happen, POST does it row by row and says how each ended."""
    actor = request.actor
    codes = (request.POST if request.method == "POST" else request.GET).getlist("codes")[: figures.MOST_ROWS]
    rows = build_rows(
        waiting_for(actor).filter(code__in=codes).select_related("about__partner__tier").order_by("due_at", "pk"), actor
    )
    if not rows:
        messages.info(request, _("Nothing was selected that still waits for you."))
        return redirect("manage:reporting:today")
    ready = [row for row in rows if _can_approve(row)]
    if request.method != "POST":
        held = [row for row in rows if not _can_approve(row)]
        return render(request, "manage/reporting/work_decide.html", {"ready": ready, "held": held})
    if not all(actor.can(kind.approve_permission) for row in rows if (kind := work_kind(row.item.kind))):
        raise PermissionDenied
    results = [(row, _carry_out(row.item, request)) for row in ready]
    done = sum(1 for _row, problem in results if not problem)
    text = ngettext("%(count)s approved.", "%(count)s approved.", done) % {"count": done}
    if done == len(rows):
        messages.success(request, text)
        return redirect("manage:reporting:today")
    held = [row for row in rows if not _can_approve(row)]
    return render(request, "manage/reporting/work_decided.html", {"results": results, "held": held, "done": done})


def _can_approve(row: Row) -> bool:
    return row.can_bulk and not row.blocked and row.item.paused_at is None


def _carry_out(item: WorkItem, request: HttpRequest) -> str:
    """Approve one thing in its own transaction; the reason why not, or nothing."""
    kind = work_kind(item.kind)
    if kind is None or kind.approve is None:
        return _("This can't be approved from the list.")
    try:
        kind.approve(item.ref_code, request.actor, request.at)
    except Refused as refusal:
        return str(refusal.message)
    return ""
