"""The filters of the vendor's lists of commissions, contracts, SPIFFs and ledger transactions."""

from contextlib import suppress
from datetime import date
from typing import Any

import django_filters
from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from deals.choices import (
    CommissionKind,
    CommissionStatus,
    ContractStatus,
    DealKind,
    HoldReason,
    LedgerAccount,
    LedgerKind,
    SpiffKind,
)
from deals.models import Commission, Contract, LedgerEntry, LedgerTransaction, Spiff
from deals.queries.program import program_at
from deals.rules.accounts import AccountError, normalise_name
from partners.queries.program import calendar_terms
from prm.core.business_time import add_months, quarter_of
from prm.core.codes import read_code

QUARTERS_BACK = 8
_STATES = {
    LedgerAccount.ACCRUED: (CommissionStatus.ACCRUED,),
    LedgerAccount.PAYABLE: (CommissionStatus.PAYABLE, CommissionStatus.IN_PAYOUT),
    LedgerAccount.CLEARING: (CommissionStatus.IN_PAYOUT,),
}
_RECOVERABLE = (CommissionStatus.PAYABLE, CommissionStatus.IN_PAYOUT, CommissionStatus.PAID)


class CommissionFilters(django_filters.FilterSet):
    """Filters of the list of commissions; ``at_risk`` are those that a cancellation today would take back."""

    q = django_filters.CharFilter(method="by_line", label=_("Customer or number"))
    partner = django_filters.CharFilter("partner__organization__name", "icontains", label=_("Partner"))
    status = django_filters.MultipleChoiceFilter(choices=CommissionStatus.choices, label=_("State"))
    kind = django_filters.MultipleChoiceFilter(choices=CommissionKind.choices, label=_("Kind"))
    plan = django_filters.CharFilter(method="by_plan", label=_("Plan"))
    quarter = django_filters.ChoiceFilter(method="of_quarter", label=_("Quarter earned"))
    held = django_filters.MultipleChoiceFilter("held_reason", choices=HoldReason.choices, label=_("Held because"))
    currency = django_filters.CharFilter("currency", "iexact", label=_("Currency"))
    earned = django_filters.DateFromToRangeFilter("earned_on", label=_("Earned"))
    payable = django_filters.DateFromToRangeFilter("payable_on", label=_("Payable"))
    paid = django_filters.DateFromToRangeFilter("paid_on", label=_("Paid"))
    waiting = django_filters.BooleanFilter("payable_on", "isnull", label=_("Waits for the customer"))
    account = django_filters.ChoiceFilter(
        method="standing_on",
        choices=[(each.value, each.label) for each in _STATES],
        label=_("Stands in the books as"),
    )
    at_risk = django_filters.BooleanFilter(method="only_at_risk", label=_("Within the clawback window"))
    spiff = django_filters.CharFilter("spiff_awards__spiff__code", "exact", label=_("SPIFF’s number"))

    class Meta:
        model = Commission
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        program = program_at(self.request.at)
        self.today = program.today
        self.fiscal = calendar_terms(program.version).fiscal_start_month
        self.filters["quarter"].field.choices = [("", ""), *quarters(self.today, self.fiscal)]

    def by_line(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By what the line is for, its number, or that of its contract or deal."""
        code = read_code(value) or "-"
        return rows.filter(
            Q(title__icontains=value) | Q(code=code) | Q(contract__code=code) | Q(opportunity__code=code)
        )

    def by_plan(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By the plan's code or a part of its name."""
        return rows.filter(Q(plan_code=value) | Q(plan_name__icontains=value))

    def of_quarter(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """Earned in the fiscal quarter that begins on a day."""
        quarter = quarter_of(date.fromisoformat(value), self.fiscal)
        return rows.filter(earned_on__range=(quarter.start, quarter.end))

    def standing_on(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """Lines that have something on an account of the ledger: together they are its balance."""
        account = LedgerAccount(value)
        entries = LedgerEntry.objects.filter(account=account, commission__status__in=_STATES[account]).order_by()
        left = entries.values("commission").annotate(total=Sum("amount")).exclude(total=0)
        return rows.filter(pk__in=left.values("commission"))

    def only_at_risk(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Released lines of customers who are still within their window, or all others."""
        found = Q(amount__gt=0, status__in=_RECOVERABLE, contract__status=ContractStatus.ACTIVE)
        found &= Q(final_on__gt=self.today)
        return rows.filter(found) if value else rows.exclude(found)


def quarters(today: date, fiscal: int) -> list[tuple[str, str]]:
    """The fiscal quarters up to today, the latest first, by their first day."""
    found = [quarter_of(add_months(today, -3 * number), fiscal) for number in range(QUARTERS_BACK)]
    return [(quarter.start.isoformat(), quarter.label) for quarter in found]


class ContractFilters(django_filters.FilterSet):
    """Filters of the list of contracts."""

    q = django_filters.CharFilter(method="by_customer", label=_("Customer or number"))
    partner = django_filters.CharFilter("opportunity__partner__organization__name", "icontains", label=_("Partner"))
    status = django_filters.MultipleChoiceFilter(choices=ContractStatus.choices, label=_("State"))
    kind = django_filters.ChoiceFilter("deal_kind", choices=DealKind.choices, label=_("Economic model"))
    unpaid = django_filters.BooleanFilter("first_paid_on", "isnull", label=_("Not paid yet"))
    currency = django_filters.CharFilter("currency", "iexact", label=_("Currency"))
    signed = django_filters.DateFromToRangeFilter("signed_on", label=_("Signed"))

    class Meta:
        model = Contract
        fields: list[str] = []

    def by_customer(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By customer, or by the contract's or the deal's number, here or elsewhere."""
        code = read_code(value)
        if code:
            return rows.filter(Q(code=code) | Q(opportunity__code=code))
        found = Q(external_id=value) | Q(opportunity__external_id=value)
        with suppress(AccountError):
            found |= Q(opportunity__account__plain_name__icontains=normalise_name(value))
        return rows.filter(found)


class SpiffFilters(django_filters.FilterSet):
    """Filters of the list of SPIFFs."""

    q = django_filters.CharFilter("name", "icontains", label=_("Name"))
    kind = django_filters.MultipleChoiceFilter(choices=SpiffKind.choices, label=_("Kind"))
    window = django_filters.ChoiceFilter(
        method="by_window",
        label=_("Window"),
        choices=[("running", _("Running")), ("planned", _("Planned")), ("over", _("Over"))],
    )
    spent = django_filters.BooleanFilter(method="with_budget_spent", label=_("Budget spent"))

    class Meta:
        model = Spiff
        fields: list[str] = []

    def by_window(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By where today lies; one that was ended is over."""
        today = program_at(self.request.at).today
        if value == "over":
            return rows.filter(Q(status="ended") | Q(ends_on__lt=today))
        alive = rows.exclude(status="ended")
        if value == "planned":
            return alive.filter(starts_on__gt=today)
        return alive.filter(starts_on__lte=today, ends_on__gte=today)

    def with_budget_spent(self, rows: QuerySet, _name: str, value: Any) -> QuerySet:
        """Those that have nothing left to give, or the others."""
        spent = Q(spent_amount__gte=F("budget_amount"))
        return rows.filter(spent) if value else rows.exclude(spent)


class LedgerFilters(django_filters.FilterSet):
    """Filters of the ledger."""

    q = django_filters.CharFilter(method="by_number", label=_("Number or fact"))
    partner = django_filters.CharFilter(method="of_partner", label=_("Partner"))
    account = django_filters.MultipleChoiceFilter(
        method="on_account", choices=LedgerAccount.choices, label=_("Account")
    )
    kind = django_filters.MultipleChoiceFilter(choices=LedgerKind.choices, label=_("Kind"))
    currency = django_filters.CharFilter(method="in_currency", label=_("Currency"))
    posted = django_filters.DateFromToRangeFilter("posted_on", label=_("Posted"))

    class Meta:
        model = LedgerTransaction
        fields: list[str] = []

    def by_number(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """By its number, or that of the commission or payout that it books."""
        code = read_code(value) or "-"
        return rows.filter(
            Q(code=code) | Q(entries__commission__code=code) | Q(entries__item__code=code) | Q(source_key=value)
        ).distinct()

    def of_partner(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """With an entry of a partner, by its name."""
        return rows.filter(entries__partner__organization__name__icontains=value).distinct()

    def on_account(self, rows: QuerySet, _name: str, value: list[str]) -> QuerySet:
        """With an entry on one of the accounts."""
        return rows.filter(entries__account__in=value).distinct() if value else rows

    def in_currency(self, rows: QuerySet, _name: str, value: str) -> QuerySet:
        """With an entry in a currency."""
        return rows.filter(entries__currency__iexact=value).distinct()
