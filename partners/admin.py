"""Partner records in Django admin: looked at, or changed through the same actions that the pages use."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from partners import models
from partners.actions import cover
from partners.actions.partners import edit_partner
from prm.core.admin import ChangedByAction, ReadOnlyAdmin, run_each
from prm.core.refused import Refused


class RefusalsAreSaid:
    """A refusal of the action is told on the form that was sent, and nothing is written."""

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict | None = None
    ) -> HttpResponse:
        """The form; after a refusal again, with the reason."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[misc]
        except Refused as refusal:
            messages.error(request, refusal.message)
            return redirect(request.get_full_path())


@admin.register(models.Partner)
class PartnerAdmin(RefusalsAreSaid, ChangedByAction):
    """Companies. Tier, status, stage, owner and all figures are read-only here; the partner's pages change them."""

    list_display = ("organization", "code", "type", "tier", "status", "owner", "health_score", "territory")
    list_filter = ("type", "status", "stage")
    list_select_related = ("organization", "tier", "owner")
    search_fields = ("sort_name", "code", "external_id")
    editable = ("territory", "country", "website", "domain", "about", "high_potential_until")

    def change(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> None:
        """Through the edit action, with the version that the form showed."""
        version = models.Partner.objects.values_list("version", flat=True).get(pk=obj.pk)
        edit_partner(partner=obj, version=version, changes=values, by=request.actor, at=request.at)


class AddedByAction(RefusalsAreSaid, ReadOnlyAdmin):
    """Rows that come and go through actions, so that history knows of them."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who manage staff."""
        return request.actor.can(cover.PERMISSION)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """History is the audit log; Django's own is not kept."""


@admin.register(models.TerritoryCover)
class TerritoryCoverAdmin(AddedByAction):
    """Who decides for a whole territory."""

    list_display = ("user", "territory", "created_at")
    list_select_related = ("user",)
    fields = ("user", "territory")
    actions = ("end",)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Through the action; the row that it made is the one shown next."""
        made = cover.cover_territory(user=obj.user, territory=obj.territory, by=request.actor, at=request.at)
        obj.pk = made.pk

    @admin.action(description=_("End the cover"))
    def end(self, request: HttpRequest, rows: QuerySet[models.TerritoryCover]) -> None:
        """End the chosen covers."""
        rows = rows.select_related("user")
        run_each(
            request,
            rows,
            lambda row: cover.uncover_territory(cover=row, by=request.actor, at=request.at),
            str(_("ended")),
        )


@admin.register(models.Delegation)
class DelegationAdmin(AddedByAction):
    """Who decides while somebody is away."""

    list_display = ("giver", "taker", "starts_on", "ends_on")
    list_select_related = ("giver", "taker")
    fields = ("giver", "taker", "starts_on", "ends_on", "reason")
    actions = ("take_back",)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Through the action; the row that it made is the one shown next."""
        values = {name: form.cleaned_data[name] for name in self.fields}
        obj.pk = cover.delegate(**values, by=request.actor, at=request.at).pk

    @admin.action(description=_("Take back"))
    def take_back(self, request: HttpRequest, rows: QuerySet[models.Delegation]) -> None:
        """Take the chosen delegations back."""
        rows = rows.select_related("giver")
        run_each(
            request,
            rows,
            lambda row: cover.undelegate(delegation=row, by=request.actor, at=request.at),
            str(_("taken back")),
        )


def _look_only(model: type[Model], *shown: str, related: tuple[str, ...] = (), search: tuple[str, ...] = ()) -> None:
    admin.site.register(model, ReadOnlyAdmin, list_display=shown, list_select_related=related, search_fields=search)


_PARTNER = ("partner__organization",)
_BY_NAME = ("partner__sort_name", "partner__code")
_look_only(models.ProgramVersion, "code", "name", "status", "valid_from", "currency", "published_at")
_look_only(models.Track, "code", "name")
_look_only(models.Tier, "track", "code", "name", "rank", related=("track",))
_look_only(models.Benefit, "code", "name", "kind", "position")
_look_only(models.TrackTerm, "version", "track", "economic_model", related=("version", "track"))
_look_only(
    models.TierTerm, "version", "tier", "certified_people", "review_months", "grace_months", related=("version", "tier")
)
_look_only(models.TierPath, "tier_term", "metric", "threshold", related=("tier_term",))
_look_only(models.BenefitTerm, "version", "tier", "benefit", "value", related=("version", "tier", "benefit"))
_look_only(models.PartnerTypeTerm, "version", "type", "track", "key_metric", related=("version", "track"))
_look_only(models.TermSet, "version", "topic", related=("version",))
_look_only(models.LifecycleChange, "partner", "from_stage", "to_stage", "changed_on", related=_PARTNER, search=_BY_NAME)
_look_only(models.PartnerContact, "name", "partner", "side", "role", "ended_at", related=_PARTNER, search=_BY_NAME)
_look_only(
    models.TierOverride,
    "partner",
    "kind",
    "tier",
    "starts_on",
    "ends_on",
    "ended_at",
    related=(*_PARTNER, "tier"),
    search=_BY_NAME,
)
_look_only(
    models.TierChange,
    "partner",
    "from_tier",
    "to_tier",
    "kind",
    "changed_on",
    related=(*_PARTNER, "from_tier", "to_tier"),
    search=_BY_NAME,
)
_look_only(
    models.TierStanding,
    "partner",
    "day",
    "tier",
    "outcome",
    "progress_percent",
    related=(*_PARTNER, "tier"),
    search=_BY_NAME,
)
_look_only(models.TierNoticeSent, "partner", "kind", "due_on", "days", "sent_on", related=_PARTNER, search=_BY_NAME)
_look_only(
    models.Grant,
    "partner",
    "entitlement",
    "value",
    "source_kind",
    "source_code",
    "valid_from",
    "valid_until",
    related=_PARTNER,
    search=(*_BY_NAME, "entitlement"),
)
_look_only(models.HealthScore, "partner", "day", "score", "band", "known_points", related=_PARTNER, search=_BY_NAME)
_look_only(models.NpsAnswer, "partner", "score", "answered_on", "source", related=_PARTNER, search=_BY_NAME)
_look_only(models.FitRating, "partner", "rating", "set_on", "source", related=_PARTNER, search=_BY_NAME)
_look_only(models.ValueRating, "partner", "score", "rated_on", "source", related=_PARTNER, search=_BY_NAME)
_look_only(
    models.Integration, "partner", "name", "product", "live_on", "ended_on", "source", related=_PARTNER, search=_BY_NAME
)
