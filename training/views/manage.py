"""Certificates: the list, one by hand, one in full, and taking it back."""

import django_filters as filters
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.forms import ReasonForm
from partners.models import Partner
from partners.queries.program import NoProgramInForce, program_today, term_set, version_at
from partners.views.answers import attempt, first_error
from prm.core.access import manage_page
from prm.core.cells import Column
from prm.core.lists import ListPage, Sort, View
from training.actions import certificates as actions
from training.forms import CertificateForm
from training.models import Certificate


class CertificateFilter(filters.FilterSet):
    """What the list can be narrowed by."""

    q = filters.CharFilter(field_name="holder_name", lookup_expr="icontains", label=gettext_lazy("Person"))
    partner = filters.CharFilter(
        field_name="partner__organization__name", lookup_expr="icontains", label=gettext_lazy("Partner")
    )
    kind = filters.CharFilter(lookup_expr="iexact", label=gettext_lazy("Certificate"))
    state = filters.ChoiceFilter(
        method="narrow_to_state",
        label=gettext_lazy("State"),
        choices=[("current", gettext_lazy("Current")), ("past", gettext_lazy("Expired or revoked"))],
    )
    valid_until = filters.DateFromToRangeFilter(label=gettext_lazy("Valid until"))

    class Meta:
        model = Certificate
        fields: list[str] = []

    def narrow_to_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Those that count today, or the others."""
        current = Certificate.objects.current(program_today(self.request.at)).values("pk")
        return queryset.filter(pk__in=current) if value == "current" else queryset.exclude(pk__in=current)


def _columns(names: dict[str, str]) -> list[Column]:
    return [
        Column(
            "holder",
            gettext_lazy("Person"),
            value="holder_name",
            kind="who",
            link=lambda row: reverse("manage:training:certificate_detail", args=[row.code]),
            sort="holder",
            place="title",
            fixed=True,
        ),
        Column("partner", gettext_lazy("Partner"), value="partner.organization.name", sort="partner"),
        Column("kind", gettext_lazy("Certificate"), value=lambda row: names.get(row.kind, row.kind)),
        Column("valid_from", gettext_lazy("Valid from"), kind="day", sort="from"),
        Column("valid_until", gettext_lazy("Valid until"), kind="day", sort="until"),
        Column("revoked_on", gettext_lazy("Revoked"), kind="day", shown=False),
        Column("number", gettext_lazy("Number")),
        Column("email", gettext_lazy("Mail address"), value="holder_email", shown=False),
        Column("member", gettext_lazy("Has an account"), value=lambda row: row.user_id is not None, kind="flag"),
    ]


SORTS = {
    "holder": Sort.by("holder_name"),
    "partner": Sort.by("partner__sort_name"),
    "from": Sort.by("valid_from"),
    "until": Sort.by("valid_until"),
}


def _kinds(request: HttpRequest) -> dict[str, str]:
    try:
        terms = term_set(version_at(program_today(request.at)), "certificates")
    except NoProgramInForce:
        return {}
    return {kind.code: kind.name for kind in terms.kinds}


def _visible(request: HttpRequest) -> QuerySet[Certificate]:
    return Certificate.objects.visible_to(request.actor).select_related("partner__organization", "user", "by")


@require_safe
@manage_page("training.certificate_view")
def certificate_list(request: HttpRequest) -> HttpResponse:
    """All certificates, those that last longest on top."""
    page = ListPage(
        request,
        _visible(request),
        columns=_columns(_kinds(request)),
        sorts=SORTS,
        default_sort="-until",
        filterset=CertificateFilter,
        primary=("q", "partner", "state"),
        views=[View(gettext_lazy("All")), View(gettext_lazy("Current"), {"state": "current"})],
        can_export=request.actor.can("reporting.export"),
    )
    if page.export:
        return page.export_response("certificates")
    context = {"page": page, "can_edit": request.actor.can("training.certificate_edit")}
    return render(request, page.template("manage/training/certificate_list.html"), context)


@require_safe
@manage_page("training.certificate_view")
def certificate_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One certificate."""
    certificate = get_object_or_404(_visible(request), code=code)
    context = {
        "certificate": certificate,
        "kind": _kinds(request).get(certificate.kind, certificate.kind),
        "is_current": certificate.is_current(program_today(request.at)),
        "can_edit": request.actor.can("training.certificate_edit"),
        "form": ReasonForm(),
    }
    return render(request, "manage/training/certificate_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@manage_page("training.certificate_edit")
def certificate_create(request: HttpRequest) -> HttpResponse:
    """Enter a certificate by hand."""
    partners = Partner.objects.visible_to(request.actor).active().select_related("organization").order_by("sort_name")
    initial = {"partner": request.GET.get("partner", ""), "valid_from": program_today(request.at)}
    kinds = list(_kinds(request).items())
    form = CertificateForm(request.POST or None, partners=partners, kinds=kinds, initial=initial)
    if request.method == "POST" and form.is_valid():
        made: list[Certificate] = []
        if attempt(
            request,
            lambda: made.append(actions.add_certificate(**form.cleaned_data, by=request.actor, at=request.at)),
            _("The certificate is kept."),
            form,
        ):
            return redirect("manage:training:certificate_detail", made[0].code)
    return render(
        request, "manage/training/certificate_create.html", {"form": form}, status=422 if form.errors else 200
    )


@require_POST
@manage_page("training.certificate_edit")
def certificate_revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Take a certificate back."""
    certificate = get_object_or_404(_visible(request), code=code)
    form = ReasonForm(request.POST)
    if form.is_valid():
        attempt(
            request,
            lambda: actions.revoke_certificate(
                certificate=certificate, reason=form.cleaned_data["reason"], by=request.actor, at=request.at
            ),
            _("The certificate no longer counts."),
        )
    else:
        messages.error(request, first_error(form))
    return redirect("manage:training:certificate_detail", certificate.code)
