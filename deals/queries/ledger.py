"""The books as they are read: transactions with their entries, and balances that add up to zero in each currency."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet, Sum

from deals.choices import LedgerAccount
from deals.models import LedgerClose, LedgerEntry, LedgerTransaction
from prm.core.actors import Actor

ZERO = Decimal(0)


def ledger_rows(actor: Actor) -> QuerySet[LedgerTransaction]:
    """Transactions with their entries and whose they are. Two statements for a page."""
    entries = LedgerEntry.objects.select_related("partner__organization", "commission", "item").order_by("pk")
    return LedgerTransaction.objects.visible_to(actor).prefetch_related(
        Prefetch("entries", queryset=entries, to_attr="sides")
    )


@dataclass(frozen=True)
class Balances:
    """What stands on each account in one currency; ``total`` is nothing as long as the books are right."""

    currency: str
    accounts: dict[str, Decimal]

    @property
    def total(self) -> Decimal:
        """The sum over all accounts."""
        return sum(self.accounts.values(), ZERO)

    @property
    def owed(self) -> Decimal:
        """What we owe partners."""
        return -sum(
            (self.accounts[name] for name in (LedgerAccount.ACCRUED, LedgerAccount.PAYABLE, LedgerAccount.CLEARING)),
            ZERO,
        )

    @property
    def rows(self) -> list[tuple[str, Decimal]]:
        """Account and balance, in the order of an amount's life."""
        return [(str(LedgerAccount(name).label), amount) for name, amount in self.accounts.items()]


def account_balances(transactions: QuerySet[LedgerTransaction] | None = None) -> list[Balances]:
    """The balance of each account by currency, over these transactions or all. One statement."""
    entries = LedgerEntry.objects.order_by()
    if transactions is not None:
        entries = entries.filter(transaction__in=transactions.order_by().values("pk"))
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(LedgerAccount.values, ZERO))
    for currency, account, total in entries.values_list("currency", "account").annotate(total=Sum("amount")):
        sums[currency][account] = total
    return [Balances(currency, accounts) for currency, accounts in sorted(sums.items())]


def closes(limit: int = 6) -> list[LedgerClose]:
    """The last days up to which the books were closed, the latest first."""
    return list(LedgerClose.objects.select_related("closed_by").order_by("-closed_until")[:limit])
