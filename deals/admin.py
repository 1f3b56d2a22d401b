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


@admin.register(models.Commission)
class CommissionAdmin(ReadOnlyAdmin):
    """Lines that partners earned, or that were taken back."""

    list_display = ("code", "title", "partner", "kind", "amount", "currency", "status", "earned_on")
    list_filter = ("status", "kind", "held_reason", "currency")
    search_fields = ("=code", "=source_key")
    list_select_related = ("partner__organization",)


@admin.register(models.Contract)
class ContractAdmin(ReadOnlyAdmin):
    """What customers signed."""

    list_display = ("code", "opportunity", "deal_kind", "current_annual_amount", "currency", "status", "signed_on")
    list_filter = ("status", "deal_kind", "currency")
    search_fields = ("=code", "=external_id")
    list_select_related = ("opportunity",)


@admin.register(models.Spiff)
class SpiffAdmin(ReadOnlyAdmin):
    """SPIFFs with their budgets."""

    list_display = (
        "code",
        "name",
        "kind",
        "status",
        "starts_on",
        "ends_on",
        "spent_amount",
        "budget_amount",
        "currency",
    )
    list_filter = ("kind", "status")
    search_fields = ("=code", "name")


@admin.register(models.OwnRate)
class OwnRateAdmin(ReadOnlyAdmin):
    """Rates agreed with single partners."""

    list_display = ("partner", "plan_code", "rate_percent", "valid_from", "valid_until")
    search_fields = ("plan_code",)
    list_select_related = ("partner__organization",)


@admin.register(models.LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    """Facts in the books."""

    list_display = ("code", "kind", "source_key", "posted_on", "by")
    list_filter = ("kind",)
    search_fields = ("=code", "=source_key")


@admin.register(models.LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    """Debits and credits."""

    list_display = ("transaction", "account", "partner", "amount", "currency")
    list_filter = ("account", "currency")
    list_select_related = ("transaction", "partner__organization")


@admin.register(models.PayoutDetails)
class PayoutDetailsAdmin(ReadOnlyAdmin):
    """Where partners are paid, as far as those without finance's permission may know; what is sealed stays so."""

    fields = ("code", "partner", "method", "country", "account_mask", "tax_form", "created_at", "superseded_at")
    list_display = ("code", "partner", "method", "country", "account_mask", "created_at", "superseded_at")
    list_filter = ("method", "tax_form")
    search_fields = ("=code",)
    list_select_related = ("partner__organization",)


@admin.register(models.PayoutRun)
class PayoutRunAdmin(ReadOnlyAdmin):
    """Payout runs."""

    list_display = ("code", "currency", "through", "status", "total_amount", "requested_by", "approved_by")
    list_filter = ("status", "currency")
    search_fields = ("=code",)
    list_select_related = ("requested_by", "approved_by")


@admin.register(models.PayoutItem)
class PayoutItemAdmin(ReadOnlyAdmin):
    """Payouts of runs."""

    list_display = ("code", "run", "partner", "amount", "status", "paid_on")
    list_filter = ("status",)
    search_fields = ("=code",)
    list_select_related = ("run", "partner__organization")


@admin.register(models.Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Lines that partners do not agree with."""

    list_display = ("code", "commission", "partner", "status", "opened_at", "settled_at")
    list_filter = ("status",)
    search_fields = ("=code",)
    list_select_related = ("commission", "partner__organization")


@admin.register(models.Statement)
class StatementAdmin(ReadOnlyAdmin):
    """Monthly statements."""

    list_display = ("code", "partner", "month", "currency", "ordered_at", "ready_at", "failure")
    list_filter = ("currency",)
    search_fields = ("=code",)
    list_select_related = ("partner__organization",)


@admin.register(models.Touch)
class TouchAdmin(ReadOnlyAdmin):
    """What partners and direct sales did on deals."""

    list_display = ("code", "opportunity", "partner", "kind", "side")
    list_filter = ("kind", "side")
    search_fields = ("=code",)
    list_select_related = ("opportunity", "partner__organization")


@admin.register(models.Verdict)
class VerdictAdmin(ReadOnlyAdmin):
    """Partners' parts in deals."""

    list_display = ("opportunity", "partner", "kind", "factor_percent", "credit_bps", "is_overruled", "judged_at")
    list_filter = ("kind", "is_overruled")
    list_select_related = ("opportunity", "partner__organization")


for _model in (
    models.Appeal,
    models.Attachment,
    models.ConflictMatch,
    models.ContractEvent,
    models.EarningTerms,
    models.ExtensionRequest,
    models.InfoRequest,
    models.LedgerClose,
    models.PayoutFile,
    models.PayoutLine,
    models.Proof,
    models.SpiffAward,
):
    admin.site.register(_model, ReadOnlyAdmin)
