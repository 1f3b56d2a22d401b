"""The proof of the books for finance: every invariant in words, when it was last proved, and what contradicts it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from deals.models import Proof
from deals.queries.offenders import Offender
from deals.queries.reconciliation import CHECKS, standings
from prm.core.access import manage_page

HISTORY = 30


@require_safe
@manage_page("deals.ledger_view")
def reconcile(request: HttpRequest) -> HttpResponse:
    """All invariants with their newest proof."""
    rows = standings(request.actor)
    context = {
        "rows": rows,
        "broken": sum(row.proof is not None and not row.proof.holds for row in rows),
        "unproved": sum(row.proof is None for row in rows),
    }
    return render(request, "manage/deals/reconcile.html", context)


@require_safe
@manage_page("deals.ledger_view")
def reconcile_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One invariant: what it means, what contradicts it by name, what to do, and how it stood before."""
    check = CHECKS.get(code)
    if check is None:
        raise Http404
    proofs = list(
        Proof.objects.visible_to(request.actor).filter(check_code=code).order_by("-proved_at", "-pk")[:HISTORY]
    )
    newest = proofs[0] if proofs else None
    offenders = [Offender.from_json(each) for each in newest.offenders] if newest else []
    context = {
        "check": check,
        "proofs": proofs,
        "newest": newest,
        "offenders": offenders,
        "unnamed": newest.broken - len(offenders) if newest else 0,
    }
    return render(request, "manage/deals/reconcile_detail.html", context)
