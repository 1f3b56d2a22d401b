"""The filters of the lists of deals; whatever else stands in the address is ignored."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from deals.choices import (
    ConflictOutcome,
    DisputeStatus,
    OpportunitySource,
    OpportunityStage,
    OpportunityStatus,
    PayoutItemStatus,
    PayoutRunStatus,
    ReferralStatus,
    RegistrationStatus,
)
from deals.models import Claim, Dispute, Opportunity, PayoutItem, PayoutRun, Referral, Registration
from deals.rules.accounts import AccountError, normalise_name
from prm.core.codes import read_code

_SENT = [choice for choice in RegistrationStatus.choices if choice[0] != RegistrationStatus.DRAFT]


def _found_by_name(rows: QuerySet, text: str, path: str = "plain_name") -> QuerySet:
    """Rows whose code is typed, or whose normalised name holds what is typed (an index answers it)."""
    code = read_code(text)
    try:
        plain = normalise_name(text)
    except AccountError:
        plain = ""
    wanted = Q(code=code) if code else Q(**{f"{path}__icontains": plain}) if plain else Q(pk__in=[])
    return rows.filter(wanted)


class RegistrationFilters(django_filters.FilterSet):
    """Filters of the vendor's lists of registrations."""

    q = django_filters.CharFilter(method="by_name", label=_("Customer or number"))
    status = django_filters.MultipleChoiceFilter(choices=_SENT, label=_("State"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    conflict = django_filters.ChoiceFilter("conflict_outcome", choices=ConflictOutcome.choices, label=_("Conflict"))
    submitted = django_filters.DateFromToRangeFilter("submitted_at", label=_("Submitted"))
    protected = django_filters.DateFromToRangeFilter("protected_until", label=_("Protected until"))

    class Meta:
        model = Registration
        fields: list[str] = []

    def by_name(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By customer or number."""
        return _found_by_name(rows, value)


class WaitingFilters(RegistrationFilters):
    """The same filters over open decisions. Nothing is joined until one of them is used."""

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Decisions about registrations that match."""
        if not any(self.form.cleaned_data.values()):
            return queryset
        wanted = super().filter_queryset(Registration.objects.visible_to(self.request.actor))
        return queryset.filter(ref_code__in=wanted.order_by().values("code"))


class OwnRegistrationFilters(django_filters.FilterSet):
    """Filters of a partner's own list."""

    q = django_filters.CharFilter(method="by_name", label=_("Customer or number"))
    status = django_filters.MultipleChoiceFilter(choices=RegistrationStatus.choices, label=_("State"))
    mine = django_filters.BooleanFilter(method="only_mine", label=_("Registered by me"))
    closes = django_filters.DateFromToRangeFilter("expected_close_on", label=_("Expected close"))
    protected = django_filters.DateFromToRangeFilter("protected_until", label=_("Protected until"))

    class Meta:
        model = Registration
        fields: list[str] = []

    def by_name(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By what the partner typed, drafts included."""
        return rows.filter(Q(customer_name__icontains=value) | Q(code=read_code(value) or "-"))

    def only_mine(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Those the reader started."""
        return rows.filter(created_by_id=self.request.actor.user_id) if value else rows


class OpportunityFilters(django_filters.FilterSet):
    """Filters of the vendor's list of opportunities."""

    q = django_filters.CharFilter(method="by_name", label=_("Customer or number"))
    status = django_filters.MultipleChoiceFilter(choices=OpportunityStatus.choices, label=_("Result"))
    stage = django_filters.MultipleChoiceFilter(choices=OpportunityStage.choices, label=_("Stage"))
    origin = django_filters.MultipleChoiceFilter(choices=OpportunitySource.choices, label=_("Origin"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    won = django_filters.DateFromToRangeFilter("won_on", label=_("Won"))
    closes = django_filters.DateFromToRangeFilter("expected_close_on", label=_("Expected close"))
    unknown = django_filters.BooleanFilter("account", "isnull", label=_("Customer unknown"))
    unrated = django_filters.BooleanFilter(method="without_rate", label=_("Without an exchange rate"))

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def by_name(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By customer, number, or the number it has elsewhere."""
        if rows.filter(external_id=value).exists():
            return rows.filter(external_id=value)
        return _found_by_name(rows, value, "account__plain_name")

    def without_rate(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Won deals that no sum includes, because nobody entered a rate."""
        missing = Q(status=OpportunityStatus.WON, rate=None)
        return rows.filter(missing) if value else rows.exclude(missing)


class ReferralFilters(django_filters.FilterSet):
    """Filters of the vendor's list of referrals."""

    q = django_filters.CharFilter(method="by_name", label=_("Customer or number"))
    status = django_filters.MultipleChoiceFilter(choices=ReferralStatus.choices, label=_("State"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    submitted = django_filters.DateFromToRangeFilter("submitted_at", label=_("Submitted"))

    class Meta:
        model = Referral
        fields: list[str] = []

    def by_name(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By customer or number."""
        return _found_by_name(rows, value)


class OwnReferralFilters(ReferralFilters):
    """Filters of a partner's own referrals."""

    partner = None

    class Meta:
        model = Referral
        fields: list[str] = []


class ClaimFilters(django_filters.FilterSet):
    """Filters of the history of claims."""

    q = django_filters.CharFilter("account_key", "icontains", label=_("Account"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    ended = django_filters.BooleanFilter("ended_at", "isnull", exclude=True, label=_("Ended"))

    class Meta:
        model = Claim
        fields: list[str] = []


class PayoutRunFilters(django_filters.FilterSet):
    """Filters of the list of payout runs."""

    q = django_filters.CharFilter("code", "icontains", label=_("Number"))
    currency = django_filters.CharFilter("currency", "iexact", label=_("Currency"))
    status = django_filters.MultipleChoiceFilter(choices=PayoutRunStatus.choices, label=_("State"))

    class Meta:
        model = PayoutRun
        fields: list[str] = []


class PayoutItemFilters(django_filters.FilterSet):
    """Filters of the payouts of a run."""

    q = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    status = django_filters.MultipleChoiceFilter(choices=PayoutItemStatus.choices, label=_("State"))

    class Meta:
        model = PayoutItem
        fields: list[str] = []


class DisputeFilters(django_filters.FilterSet):
    """Filters of the vendor's queue of disputes."""

    q = django_filters.CharFilter(method="by_line", label=_("Line or number"))
    status = django_filters.MultipleChoiceFilter(choices=DisputeStatus.choices, label=_("State"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    opened = django_filters.DateFromToRangeFilter("opened_at", label=_("Opened"))

    class Meta:
        model = Dispute
        fields: list[str] = []

    def by_line(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By what the line is for, its number or the dispute's."""
        code = read_code(value) or "-"
        return rows.filter(Q(commission__title__icontains=value) | Q(code=code) | Q(commission__code=code))


class OwnDisputeFilters(DisputeFilters):
    """Filters of a partner's own disputes."""

    partner = None

    class Meta:
        model = Dispute
        fields: list[str] = []
