"""A customer that a partner names and the vendor works."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.choices import ConflictOutcome, LostReason, ReferralStatus
from prm.core.actors import Actor
from prm.core.refs import Ref

OPEN = (ReferralStatus.SUBMITTED, ReferralStatus.ACCEPTED, ReferralStatus.QUALIFIED)


class ReferralQuerySet(models.QuerySet["Referral"]):
    """Referrals, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "ReferralQuerySet":
        """Vendor staff see all; a partner its own."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()


class Referral(models.Model):
    """A lead handed to the vendor. Anyone may send one; it protects nothing.

    It is *qualified* on the day it became an opportunity (``qualified_on``); that day counts for tiers.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="referrals", verbose_name=_("partner"))
    created_by = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("referred by"))
    version = models.PositiveIntegerField(default=1, editable=False)
    program_version = models.ForeignKey(
        "partners.ProgramVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("terms")
    )

    customer_name = models.CharField(_("company"), max_length=200)
    customer_domain = models.CharField(_("customer’s website"), max_length=253, blank=True)
    customer_country = models.CharField(_("country"), max_length=2)
    domain_key = models.CharField(max_length=300, blank=True, editable=False)
    name_key = models.CharField(max_length=500, blank=True, editable=False)
    plain_name = models.CharField(max_length=400, blank=True, editable=False)
    key_version = models.PositiveSmallIntegerField(default=1, editable=False)
    account = models.ForeignKey("deals.Account", models.PROTECT, null=True, blank=True, related_name="referrals")
    contact_name = models.CharField(_("contact’s name"), max_length=150)
    contact_email = models.EmailField(_("contact’s mail address"), blank=True)
    contact_phone = models.CharField(_("contact’s phone"), max_length=40, blank=True)
    product = models.ForeignKey(
        "deals.Product", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    amount = models.DecimalField(_("estimated amount"), max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    first_contact_on = models.DateField(_("first contact"), null=True, blank=True)
    source_code = models.CharField(_("campaign code"), max_length=40, blank=True)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)

    status = models.CharField(_("state"), max_length=20, choices=ReferralStatus, default=ReferralStatus.SUBMITTED)
    submitted_at = models.DateTimeField(_("submitted"))
    conflict_outcome = models.CharField(max_length=20, choices=ConflictOutcome, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    decision_note = models.TextField(_("note to the partner"), max_length=2000, blank=True)
    qualified_on = models.DateField(_("qualified on"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    lost_reason = models.CharField(_("reason it was lost"), max_length=20, choices=LostReason, blank=True)

    objects = ReferralQuerySet.as_manager()

    class Meta:
        verbose_name = _("referral")
        verbose_name_plural = _("referrals")
        constraints = [
            models.UniqueConstraint(fields=["id", "partner"], name="deals_referral_partner"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0, amount__lte=10**12), name="deals_referral_amount_in_range"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["qualified", "won"]) | Q(qualified_on__isnull=False),
                name="deals_referral_qualified_is_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-submitted_at", "-id"], name="deals_ref_partner_newest"),
            models.Index(fields=["status", "-submitted_at", "-id"], name="deals_ref_status_newest"),
            models.Index(fields=["-submitted_at", "-id"], name="deals_ref_newest"),
            models.Index(fields=["partner", "qualified_on"], name="deals_ref_qualified"),
            models.Index(
                fields=["domain_key"], condition=Q(status__in=OPEN) & ~Q(domain_key=""), name="deals_ref_open_domain"
            ),
            models.Index(fields=["name_key"], condition=Q(status__in=OPEN), name="deals_ref_open_name"),
            GinIndex(
                OpClass("plain_name", name="gin_trgm_ops"), condition=Q(status__in=OPEN), name="deals_ref_open_alike"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.customer_name}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.referral", self.code)
