"""Paying partners: where the money goes, the runs that pay it, and what each run pays to whom."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from deals.choices import PayoutFileFormat, PayoutItemStatus, PayoutMethod, PayoutRunStatus, TaxForm
from prm.core.actors import Actor
from prm.core.refs import Ref


class OfPartnerQuerySet(models.QuerySet):
    """Rows of one partner, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "OfPartnerQuerySet":
        """Vendor staff see all; a partner its own."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()


class PayoutDetails(models.Model):
    """A partner's bank account and tax form, encrypted. A change is a new row; the old one stays for its payouts.

    Only the ``*_mask`` fields are ever shown without finance's permission; the ``*_sealed`` ones hold ciphertext.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="payout_details")
    method = models.CharField(_("method"), max_length=10, choices=PayoutMethod)
    account_holder = models.CharField(_("account holder"), max_length=70)
    country = models.CharField(_("country of the bank"), max_length=2)
    account_sealed = models.TextField(editable=False)
    account_mask = models.CharField(_("account"), max_length=40)
    bank_sealed = models.TextField(editable=False, blank=True)
    bank_mask = models.CharField(_("bank"), max_length=40, blank=True)
    tax_form = models.CharField(_("tax form"), max_length=10, choices=TaxForm)
    tax_id_sealed = models.TextField(editable=False, blank=True)
    tax_id_mask = models.CharField(_("tax number"), max_length=40, blank=True)
    tax_form_file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    tax_form_signed_on = models.DateField(_("signed on"), null=True, blank=True)
    notice_email = models.EmailField(_("notices to"))
    created_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("entered"))
    superseded_at = models.DateTimeField(_("replaced"), null=True, blank=True)

    objects = OfPartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout details")
        verbose_name_plural = _("payout details")
        constraints = [
            models.UniqueConstraint(
                fields=["partner"], condition=Q(superseded_at=None), name="deals_payout_details_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.account_mask}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.payout_details", self.code)

    @property
    def has_tax_form(self) -> bool:
        """Whether the tax form is complete: its number, and for the W-forms the signed form itself."""
        return bool(self.tax_id_sealed) and (self.tax_form == TaxForm.VAT or self.tax_form_file_id is not None)

    def sealed_in(self, column: str) -> str:
        """What a column's ciphertext is bound to."""
        return f"{self.code}:{column}"


class PayoutRunQuerySet(models.QuerySet["PayoutRun"]):
    """Runs, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "PayoutRunQuerySet":
        """The vendor's only; partners see their own items."""
        return self if actor.is_vendor or actor.is_system else self.none()


class PayoutRun(models.Model):
    """One payment of everything payable in a currency up to a day, asked for by one person, approved by another.

    ``total_amount`` is the sum of its items that are not void. One open run a currency: lines can't be in two.
    ``left_out`` keeps what was due and is not in it, partner by partner with the reason, as the approver saw it.
    """

    code = models.CharField(max_length=20, unique=True)
    currency = models.CharField(_("currency"), max_length=3)
    through = models.DateField(_("payable until"))
    status = models.CharField(_("status"), max_length=12, choices=PayoutRunStatus)
    minimum_amount = models.DecimalField(_("minimum"), max_digits=18, decimal_places=4)
    total_amount = models.DecimalField(_("total"), max_digits=18, decimal_places=4)
    includes_ended = models.BooleanField(_("pays partners that ended"), default=False)
    left_out = models.JSONField(_("left out"), default=list)
    note = models.TextField(_("note"), max_length=1000, blank=True)
    requested_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(_("requested"))
    approved_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancelled_reason = models.CharField(_("reason"), max_length=300, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PayoutRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout run")
        verbose_name_plural = _("payout runs")
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("requested_by")), name="deals_payout_run_four_eyes"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["requested", "cancelled"])
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="deals_payout_run_approved_is_signed",
            ),
            models.UniqueConstraint(
                fields=["currency"],
                condition=Q(status__in=["requested", "approved", "partial"]),
                name="deals_payout_run_one_open",
            ),
        ]
        indexes = [models.Index(fields=["-requested_at", "-id"], name="deals_payout_run_newest")]

    def __str__(self) -> str:
        return self.code

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.payout_run", self.code)


class PayoutFile(models.Model):
    """One file for the bank: the payouts of a run that had been in none yet. Kept sealed, never written again.

    Each payout that is sent stands in exactly one; one that failed and is sent again stands in a later one.
    """

    run = models.ForeignKey(PayoutRun, models.PROTECT, related_name="files")
    number = models.PositiveSmallIntegerField(_("number"))
    format = models.CharField(_("format"), max_length=10, choices=PayoutFileFormat)
    file = models.OneToOneField("core.StoredFile", models.PROTECT, related_name="+")
    items_count = models.PositiveIntegerField(_("payouts"))
    total_amount = models.DecimalField(_("total"), max_digits=18, decimal_places=4)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("file for the bank")
        verbose_name_plural = _("files for the bank")
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="deals_payout_file_number"),
            models.CheckConstraint(
                condition=Q(total_amount__gt=0, total_amount__lt=10**14, items_count__gt=0),
                name="deals_payout_file_is_not_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}-{self.number}"


class PayoutItem(models.Model):
    """What one run pays to one partner: the sum of its lines. ``attempt`` counts how often it was sent.

    planned (waits for approval) → ready (in the books as leaving, in the file) → paid | failed; failed → ready (sent
    again) or void (its lines are payable again).
    """

    code = models.CharField(max_length=20, unique=True)
    run = models.ForeignKey(PayoutRun, models.PROTECT, related_name="items")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="payouts")
    currency = models.CharField(_("currency"), max_length=3)
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    status = models.CharField(_("status"), max_length=10, choices=PayoutItemStatus)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=0)
    details = models.ForeignKey(PayoutDetails, models.PROTECT, null=True, blank=True, related_name="+")
    failure = models.CharField(_("failed because"), max_length=300, blank=True)
    paid_on = models.DateField(_("paid on"), null=True, blank=True)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = OfPartnerQuerySet.as_manager()

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        constraints = [
            models.UniqueConstraint(fields=["run", "partner"], name="deals_payout_item_once"),
            models.UniqueConstraint(fields=["id", "partner"], name="deals_payout_item_id_partner"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**12), name="deals_payout_item_amount"),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(paid_on__isnull=False), name="deals_payout_item_paid_is_dated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.amount} {self.currency}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.payout", self.code)


class PayoutLine(models.Model):
    """A commission in a payout. A commission is in at most one payout that is not void."""

    item = models.ForeignKey(PayoutItem, models.PROTECT, related_name="lines")
    commission = models.ForeignKey("deals.Commission", models.PROTECT, related_name="payout_lines")
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+")
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4)
    is_void = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("payout line")
        verbose_name_plural = _("payout lines")
        constraints = [
            models.UniqueConstraint(
                fields=["commission"], condition=Q(is_void=False), name="deals_payout_line_one_live"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.commission_id}"
