"""Deals in Django admin: looked at. The price list and the rates are kept here, through actions."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from deals import models
from deals.actions import catalogue
from prm.core.admin import ChangedByAction, ReadOnlyAdmin


class KeptByAction(ChangedByAction):
    """Data that administrators add and change; saving calls the action."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who may use admin."""
        return request.actor.can("core.admin_use")

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Hand the typed values to the action; the row itself is not saved here."""
        values = {name: form.cleaned_data[name] for name in self.editable}
        obj.pk = self.keep(request, obj if change else None, values).pk

    def keep(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> Model:
        """Carry out the change."""
        raise NotImplementedError

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """History is the audit log; Django's own is not kept."""


@admin.register(models.Product)
class ProductAdmin(KeptByAction):
    """The price list."""

    list_display = ("name", "series", "line", "list_price", "currency", "is_active")
    list_filter = ("is_active", "series")
    search_fields = ("name", "external_id")
    editable = catalogue.PRODUCT_FIELDS
    fields = catalogue.PRODUCT_FIELDS

    def keep(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> Model:
        """Through the action."""
        return catalogue.save_product(product=row, values=values, by=request.actor, at=request.at)


@admin.register(models.ExchangeRate)
class ExchangeRateAdmin(KeptByAction):
    """Dated rates."""

    list_display = ("currency", "to_currency", "valid_from", "rate", "source")
    list_filter = ("currency", "to_currency")
    editable = catalogue.RATE_FIELDS
    fields = catalogue.RATE_FIELDS

    def keep(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> Model:
        """Through the action."""
        return catalogue.save_rate(rate=row, values=values, by=request.actor, at=request.at)


@admin.register(models.Registration)
class RegistrationAdmin(ReadOnlyAdmin):
    """Registrations that were sent in; drafts are the partners' own."""

    list_display = ("code", "customer_name", "partner", "status", "amount", "currency", "submitted_at")
    list_filter = ("status", "in_conflict")
    search_fields = ("=code", "plain_name")
    list_select_related = ("partner__organization",)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """What staff may see."""
        return models.Registration.objects.visible_to(request.actor)


@admin.register(models.Referral)
class ReferralAdmin(ReadOnlyAdmin):
    """Referrals."""

    list_display = ("code", "customer_name", "partner", "status", "submitted_at")
    list_filter = ("status",)
    search_fields = ("=code", "plain_name")
    list_select_related = ("partner__organization",)


@admin.register(models.Opportunity)
class OpportunityAdmin(ReadOnlyAdmin):
    """Opportunities."""

    list_display = ("code", "account", "partner", "status", "stage", "amount", "currency", "won_on")
    list_filter = ("status", "stage", "origin")
    search_fields = ("=code", "=external_id")
    list_select_related = ("account", "partner__organization")


@admin.register(models.Claim)
class ClaimAdmin(ReadOnlyAdmin):
    """Claims on accounts."""

    list_display = ("code", "account_key", "partner", "started_at", "ended_at", "ended_because")
    list_filter = ("ended_because", "basis")
    search_fields = ("account_key", "=code")
    list_select_related = ("partner__organization",)


@admin.register(models.Account)
class AccountAdmin(ReadOnlyAdmin):
    """End customers; they come from deals and imports."""

    list_display = ("code", "name", "domain", "country")
    search_fields = ("plain_name", "domain_key")


@admin.register(models.AvailabilityCheck)
class AvailabilityCheckAdmin(ReadOnlyAdmin):
    """Who asked about which customer."""

    list_display = ("partner", "day", "domain_key", "answer", "membership")
    list_filter = ("answer", "day")
    list_select_related = ("partner__organization", "membership__user")


for _model in (
    models.Appeal,
    models.Attachment,
    models.ConflictMatch,
    models.ExtensionRequest,
    models.InfoRequest,
):
    admin.site.register(_model, ReadOnlyAdmin)
