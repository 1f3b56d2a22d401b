"""The ledger: what we owe each partner, as entries that are never changed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.choices import LedgerAccount, LedgerKind
from prm.core.actors import Actor
from prm.core.refs import Ref


class LedgerTransactionQuerySet(models.QuerySet["LedgerTransaction"]):
    """Ledger transactions, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "LedgerTransactionQuerySet":
        """Only the vendor reads the ledger itself; partners read their commissions and statements."""
        return self if actor.is_vendor or actor.is_system else self.none()


class LedgerTransaction(models.Model):
    """One business fact in the books, with entries that add up to zero in each currency.

    Append-only, and nothing is posted into a closed period (triggers). ``source_key`` lets a fact be posted once. A
    mistake is reversed by a transaction that names it in ``reverses``: same accounts, opposite signs, once.
    """

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=LedgerKind)
    source_key = models.CharField(max_length=140, unique=True)
    posted_on = models.DateField(_("posted on"), db_index=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")
    by = models.CharField(_("by"), max_length=80)
    memo = models.CharField(_("memo"), max_length=250, blank=True)
    created_at = models.DateTimeField(_("created"))

    objects = LedgerTransactionQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger transaction")
        verbose_name_plural = _("ledger transactions")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses=None)),
                name="deals_ledger_reversal_names_it",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.ledger", self.code)


class LedgerEntry(models.Model):
    """One side of a transaction: an amount on one of a partner's accounts. Debits above zero, credits below."""

    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, related_name="entries")
    account = models.CharField(_("account"), max_length=12, choices=LedgerAccount)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="ledger_entries")
    commission = models.ForeignKey("deals.Commission", models.PROTECT, null=True, blank=True, related_name="entries")
    item = models.ForeignKey("deals.PayoutItem", models.PROTECT, null=True, blank=True, related_name="entries")
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "account", "commission"], name="deals_ledger_entry_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=-(10**12), amount__lt=10**12) & ~Q(amount=0), name="deals_ledger_entry_amount"
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "currency", "account"], include=["amount"], name="deals_ledger_entry_balance"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount} {self.currency}"


class LedgerClose(models.Model):
    """A day up to which the books are closed for good. Append-only."""

    closed_until = models.DateField(_("closed until"), unique=True)
    closed_by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"))

    class Meta:
        verbose_name = _("closed period")
        verbose_name_plural = _("closed periods")

    def __str__(self) -> str:
        return str(self.closed_until)
