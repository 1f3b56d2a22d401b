"""The filters of the lists of deals; whatever else stands in the address is ignored."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from deals.choices import (
    CommissionKind,
    CommissionStatus,
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
from deals.models import (
    Claim,
    Commission,
    Dispute,
    Opportunity,
    PayoutItem,
    PayoutRun,
    Referral,
    Registration,
    Statement,
)
from deals.queries.attribution import Period, deals_behind, period_named
from deals.queries.program import program_at
from deals.rules.accounts import AccountError, normalise_name
from partners.models import Partner, Tier
from partners.queries.program import calendar_terms
from prm.core.business_time import quarter_of
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


FIGURES = {
    "revenue": _("Total revenue"),
    "sourced": _("Partner-sourced"),
    "influenced": _("Partner-influenced, reported"),
    "involved": _("Partner-involved"),
}
PERIODS = {
    "12m": _("Last 12 months"),
    "quarter": _("This quarter"),
    "last_quarter": _("Last quarter"),
    "year": _("This fiscal year"),
    "last_year": _("Last fiscal year"),
}


class AttributionFilters(django_filters.FilterSet):
    """Which figure of the attribution report a list of won deals adds up, of what period and whose."""

    figure = django_filters.ChoiceFilter(
        choices=[*FIGURES.items(), ("left_out", _("Left out: no exchange rate"))], label=_("Figure")
    )
    period = django_filters.ChoiceFilter(choices=list(PERIODS.items()), label=_("Period"))
    partner = django_filters.CharFilter(label=_("Partner’s number"))
    tier = django_filters.ModelChoiceFilter(queryset=Tier.objects.all(), label=_("Tier"))
    rung = django_filters.CharFilter(label=_("Tier’s code"))
    quarter = django_filters.DateFilter(label=_("In the quarter of"))

    class Meta:
        model = Opportunity
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """The deals behind the figure; without one, those with a partner in them."""
        asked = self.form.cleaned_data
        program = program_at(self.request.at)
        fiscal = calendar_terms(program.version).fiscal_start_month
        period = period_named(asked.get("period") or "", program.today, fiscal)
        if asked.get("quarter"):
            quarter = quarter_of(asked["quarter"], fiscal)
            period = Period(max(quarter.start, period.start), min(quarter.end, period.end))
        partner_id = None
        if asked.get("partner"):
            code = read_code(asked["partner"])
            found = Partner.objects.visible_to(self.request.actor).filter(code=code).values_list("pk", flat=True)
            partner_id = found.first() or 0
        deals = deals_behind(
            asked.get("figure") or "involved",
            period,
            partner_id=partner_id,
            tier_id=asked["tier"].pk if asked.get("tier") else None,
            tier_code=asked.get("rung") or "",
        )
        return queryset.filter(pk__in=deals.values("pk"))


class OwnCommissionFilters(django_filters.FilterSet):
    """Filters of a partner's own earnings."""

    q = django_filters.CharFilter(method="by_line", label=_("Customer or number"))
    status = django_filters.MultipleChoiceFilter(choices=CommissionStatus.choices, label=_("State"))
    kind = django_filters.MultipleChoiceFilter(choices=CommissionKind.choices, label=_("Kind"))
    held = django_filters.BooleanFilter(method="only_held", label=_("Held"))
    currency = django_filters.CharFilter("currency", "iexact", label=_("Currency"))
    earned = django_filters.DateFromToRangeFilter("earned_on", label=_("Earned"))
    payable = django_filters.DateFromToRangeFilter("payable_on", label=_("Payable"))
    paid = django_filters.DateFromToRangeFilter("paid_on", label=_("Paid"))

    class Meta:
        model = Commission
        fields: list[str] = []

    def by_line(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By what the line is for, or its number."""
        return rows.filter(Q(title__icontains=value) | Q(code=read_code(value) or "-"))

    def only_held(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Those that something keeps out of runs, or those that nothing does."""
        return rows.exclude(held_reason="") if value else rows.filter(held_reason="")


class StatementFilters(django_filters.FilterSet):
    """Filters of the vendor's list of statements."""

    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    currency = django_filters.CharFilter("currency", "iexact", label=_("Currency"))
    month = django_filters.DateFromToRangeFilter("month", label=_("Month"))
    failed = django_filters.BooleanFilter(method="only_failed", label=_("Failed"))
    waiting = django_filters.BooleanFilter(method="only_waiting", label=_("Waiting"))

    class Meta:
        model = Statement
        fields: list[str] = []

    def only_failed(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Those whose figures contradicted each other, or the others."""
        return rows.exclude(failure="") if value else rows.filter(failure="")

    def only_waiting(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Those the worker has not made yet, or the others."""
        return rows.filter(ready_at=None, failure="") if value else rows.exclude(ready_at=None)
