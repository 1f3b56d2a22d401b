"""A partner's wish to have a deal protected."""

from datetime import date

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from deals.choices import (
    ConflictOutcome,
    EngagementKind,
    LostReason,
    OpportunityStage,
    RegistrationStatus,
)
from prm.core.actors import Actor
from prm.core.refs import Ref

OPEN = (RegistrationStatus.SUBMITTED, RegistrationStatus.INFO_REQUESTED, RegistrationStatus.APPROVED)


class RegistrationQuerySet(models.QuerySet["Registration"]):
    """Registrations, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "RegistrationQuerySet":
        """Vendor staff see what was sent in, never drafts; partner people all of their own company's."""
        if actor.is_system:
            return self
        if actor.is_vendor:
            return self.filter(submitted_at__isnull=False)
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def protected_on(self, day: date) -> "RegistrationQuerySet":
        """Approved holders whose last protected day has not passed, whatever the night last wrote."""
        return self.filter(status=RegistrationStatus.APPROVED, in_conflict=False, protected_until__gte=day)


class Registration(models.Model):
    """One deal that a partner registers: who the customer is, what they would buy, and how far it has come.

    ``submitted_at`` is the moment the first complete version came in; returns keep it, because it decides who was
    first. ``protected_until`` is the last protected day in the program's time zone. ``in_conflict`` means that another
    partner held the account when this one was submitted: it was stored without a claim.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, related_name="registrations", verbose_name=_("partner")
    )
    created_by = models.ForeignKey("core.User", models.PROTECT, related_name="+", verbose_name=_("registered by"))
    version = models.PositiveIntegerField(default=1, editable=False)
    program_version = models.ForeignKey(
        "partners.ProgramVersion", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("terms")
    )

    customer_name = models.CharField(_("company"), max_length=200, blank=True)
    customer_domain = models.CharField(_("customer’s website"), max_length=253, blank=True)
    customer_country = models.CharField(_("country"), max_length=2, blank=True)
    customer_address = models.TextField(_("address"), max_length=500, blank=True)
    domain_key = models.CharField(max_length=300, blank=True, editable=False)
    name_key = models.CharField(max_length=500, blank=True, editable=False)
    plain_name = models.CharField(max_length=400, blank=True, editable=False)
    account_key = models.CharField(max_length=500, blank=True, editable=False)
    key_version = models.PositiveSmallIntegerField(default=1, editable=False)
    account = models.ForeignKey("deals.Account", models.PROTECT, null=True, blank=True, related_name="registrations")

    contact_name = models.CharField(_("contact’s name"), max_length=150, blank=True)
    contact_title = models.CharField(_("contact’s position"), max_length=100, blank=True)
    contact_email = models.EmailField(_("contact’s mail address"), blank=True)
    contact_phone = models.CharField(_("contact’s phone"), max_length=40, blank=True)

    products = models.ManyToManyField("deals.Product", related_name="+", blank=True, verbose_name=_("products"))
    amount = models.DecimalField(_("amount"), max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    term_months = models.PositiveSmallIntegerField(_("term in months"), null=True, blank=True)
    expected_close_on = models.DateField(_("expected close"), null=True, blank=True)
    first_contact_on = models.DateField(_("first contact"), null=True, blank=True)
    stage = models.CharField(_("stage"), max_length=20, choices=OpportunityStage, default=OpportunityStage.PROSPECTING)
    competitor = models.CharField(_("competitor"), max_length=150, blank=True)
    engagement = models.CharField(_("how you are engaged"), max_length=20, choices=EngagementKind, blank=True)
    quote_sent = models.BooleanField(_("a quote was already sent"), default=False)
    quote_sent_on = models.DateField(_("quote sent on"), null=True, blank=True)
    source_code = models.CharField(_("campaign code"), max_length=40, blank=True)
    notes = models.TextField(_("notes"), max_length=4000, blank=True)

    status = models.CharField(_("state"), max_length=20, choices=RegistrationStatus, default=RegistrationStatus.DRAFT)
    created_at = models.DateTimeField(_("started"))
    saved_at = models.DateTimeField(_("saved"))
    submitted_at = models.DateTimeField(_("submitted"), null=True, blank=True)
    submitted_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    conflict_outcome = models.CharField(max_length=20, choices=ConflictOutcome, blank=True)
    in_conflict = models.BooleanField(_("in conflict"), default=False)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    decision_note = models.TextField(_("note to the partner"), max_length=2000, blank=True)
    approval_reason = models.TextField(_("why it was approved all the same"), max_length=2000, blank=True)
    protected_from = models.DateField(_("protected from"), null=True, blank=True)
    protected_until = models.DateField(_("protected until"), null=True, blank=True)
    extensions_used = models.PositiveSmallIntegerField(_("extensions"), default=0)
    reminded_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    lost_reason = models.CharField(_("reason it was lost"), max_length=20, choices=LostReason, blank=True)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("deal registration")
        verbose_name_plural = _("deal registrations")
        constraints = [
            models.UniqueConstraint(fields=["id", "partner"], name="deals_registration_partner"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0, amount__lte=10**12),
                name="deals_registration_amount_in_range",
            ),
            models.CheckConstraint(
                condition=Q(status=RegistrationStatus.DRAFT)
                | Q(status=RegistrationStatus.WITHDRAWN)
                | Q(submitted_at__isnull=False),
                name="deals_registration_sent_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["approved", "expired", "won"])
                | Q(protected_until__isnull=False, protected_from__isnull=False),
                name="deals_registration_approved_is_protected",
            ),
            models.CheckConstraint(
                condition=Q(protected_until=None) | Q(protected_until__gte=F("protected_from")),
                name="deals_registration_protection_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-saved_at", "-id"], name="deals_reg_partner_newest"),
            models.Index(fields=["partner", "status", "-saved_at", "-id"], name="deals_reg_partner_status"),
            models.Index(
                fields=["-submitted_at", "-id"], condition=Q(submitted_at__isnull=False), name="deals_reg_newest"
            ),
            models.Index(
                fields=["partner", "-submitted_at", "-id"],
                condition=Q(submitted_at__isnull=False),
                name="deals_reg_partner_sent",
            ),
            models.Index(
                fields=["status", "-submitted_at", "-id"],
                condition=Q(submitted_at__isnull=False),
                name="deals_reg_status_newest",
            ),
            models.Index(
                fields=["domain_key"], condition=Q(status__in=OPEN) & ~Q(domain_key=""), name="deals_reg_open_domain"
            ),
            models.Index(fields=["name_key"], condition=Q(status__in=OPEN), name="deals_reg_open_name"),
            GinIndex(
                OpClass("plain_name", name="gin_trgm_ops"), condition=Q(status__in=OPEN), name="deals_reg_open_alike"
            ),
            GinIndex(OpClass(Upper("plain_name"), name="gin_trgm_ops"), name="deals_reg_search"),
            models.Index(fields=["protected_until"], condition=Q(status="approved"), name="deals_reg_protection_ends"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.customer_name}"

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.registration", self.code)

    @property
    def is_editable(self) -> bool:
        """Whether the partner may change every field: only before it is sent."""
        return self.status == RegistrationStatus.DRAFT

    def is_protected_on(self, day: date) -> bool:
        """Whether the account is the partner's alone on that day (program's time zone)."""
        return (
            self.status == RegistrationStatus.APPROVED
            and not self.in_conflict
            and self.protected_until is not None
            and day <= self.protected_until
        )
