"""A partner's way on the ladder: overrides, changes, and the standing that each night found."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.choices import OverrideEnd, OverrideKind, TierChangeKind, TierNoticeKind, TierOutcome
from prm.core.actors import Actor
from prm.core.refs import Ref


class PartnerOwnedQuerySet(models.QuerySet):
    """Rows that belong to one partner, which its own people may read."""

    def visible_to(self, actor: Actor) -> Self:
        """Staff see all rows, partner people those of their company."""
        if actor.is_vendor or actor.is_system:
            return self
        if not (actor.is_partner and actor.organization_id):
            return self.none()
        return self.filter(partner_id=actor.organization_id)


class StaffOnlyQuerySet(models.QuerySet):
    """Rows about a partner that only the vendor's staff may read."""

    def visible_to(self, actor: Actor) -> "StaffOnlyQuerySet":
        """Staff see all rows, partner people none."""
        return self if actor.is_vendor or actor.is_system else self.none()


class TierOverride(models.Model):
    """A dated exception to the ladder: strategic, provisional, or an accelerator with its targets.

    Ending it early moves ``ends_on`` to the day before; on its first day that is the day before it began. The
    tier engine acts on the end and only then sets ``ended_at``.
    """

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="overrides")
    kind = models.CharField(_("kind"), max_length=12, choices=OverrideKind)
    tier = models.ForeignKey("partners.Tier", models.PROTECT, related_name="+", verbose_name=_("tier"))
    reason = models.TextField(_("reason"))
    targets = models.JSONField(_("targets"), default=dict, blank=True)
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("last day"))
    by = models.ForeignKey("core.User", models.PROTECT, null=True, related_name="+", verbose_name=_("set by"))
    created_at = models.DateTimeField(_("recorded"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    ended_how = models.CharField(_("how it ended"), max_length=10, choices=OverrideEnd, blank=True)

    objects = StaffOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier override")
        verbose_name_plural = _("tier overrides")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind"], condition=models.Q(ended_at=None), name="partners_override_one_open"
            ),
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on") - timedelta(days=1)),
                name="partners_override_range",
            ),
            models.CheckConstraint(condition=~models.Q(reason=""), name="partners_override_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.kind} until {self.ends_on}"

    @property
    def ref(self) -> Ref:
        """How the audit names this override."""
        return Ref("partners.override", self.code)


class TierChange(models.Model):
    """A partner's tier became another one: the history that partner and staff both read."""

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="tier_changes")
    from_tier = models.ForeignKey("partners.Tier", models.PROTECT, null=True, blank=True, related_name="+")
    to_tier = models.ForeignKey("partners.Tier", models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(_("kind"), max_length=12, choices=TierChangeKind)
    changed_on = models.DateField(_("on"))
    reason = models.TextField(_("reason"), blank=True)
    explanation = models.JSONField(default=list)
    version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))

    objects = PartnerOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        indexes = [models.Index(fields=["partner", "-changed_on", "-id"], name="partners_tier_history")]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.from_tier_id} → {self.to_tier_id} on {self.changed_on}"


class TierStanding(models.Model):
    """What a night found about a partner's tier. A row is kept only when something differs from the last one.

    Amounts are in the program's currency; ``explanation`` holds the lines of the rule's result; ``fingerprint`` is
    the hash of everything in the row but its day, so that "nothing changed" is one comparison.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="standings")
    day = models.DateField(_("day"))
    version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, related_name="+")
    tier = models.ForeignKey("partners.Tier", models.PROTECT, null=True, related_name="+")
    qualified_tier = models.ForeignKey("partners.Tier", models.PROTECT, null=True, related_name="+")
    next_tier = models.ForeignKey("partners.Tier", models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=20, choices=TierOutcome)
    progress_percent = models.PositiveSmallIntegerField(_("progress"), null=True)
    sourced_arr = models.DecimalField(_("sourced ARR"), max_digits=18, decimal_places=4)
    qualified_referrals = models.PositiveIntegerField(_("qualified referrals"))
    live_integrations = models.PositiveIntegerField(_("live integrations"), default=0, db_default=0)
    co_sold_deals = models.PositiveIntegerField(_("co-sold deals"), default=0, db_default=0)
    certified_people = models.PositiveIntegerField(_("certified people"))
    review_on = models.DateField(_("review"), null=True)
    grace_until = models.DateField(_("grace until"), null=True)
    at_risk = models.BooleanField(_("at risk"), default=False)
    support_plan = models.BooleanField(_("support plan"), default=False)
    explanation = models.JSONField(default=list)
    fingerprint = models.CharField(max_length=32)

    objects = PartnerOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier standing")
        verbose_name_plural = _("tier standings")
        constraints = [models.UniqueConstraint(fields=["partner", "day"], name="partners_standing_once_a_day")]

    def __str__(self) -> str:
        return f"{self.partner_id} on {self.day}: {self.outcome}"


class TierNoticeSent(models.Model):
    """A partner was told, so many days ahead, that a review, a grace period or a provisional tier ends."""

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="tier_notices")
    kind = models.CharField(_("about"), max_length=12, choices=TierNoticeKind)
    due_on = models.DateField(_("due"))
    days = models.PositiveSmallIntegerField(_("days before"))
    sent_on = models.DateField(_("sent"))

    objects = PartnerOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("tier notice")
        verbose_name_plural = _("tier notices")
        constraints = [
            models.UniqueConstraint(fields=["partner", "kind", "due_on", "days"], name="partners_tier_notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.kind} {self.days} days before {self.due_on}"


class Grant(models.Model):
    """A partner holds an entitlement for a while, from a tier, a certificate or by hand. Both days included.

    Every gate asks ``partners.queries.grants.entitlement``, which reads these rows and names the source.
    """

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="grants")
    entitlement = models.SlugField(_("entitlement"), max_length=40)
    value = models.CharField(_("value"), max_length=60)
    rank = models.PositiveSmallIntegerField(default=0)
    source_kind = models.CharField(_("source"), max_length=12)
    source_code = models.CharField(max_length=60)
    version = models.ForeignKey("partners.ProgramVersion", models.PROTECT, null=True, related_name="+")
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("last day"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("recorded"))

    objects = PartnerOwnedQuerySet.as_manager()

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "entitlement", "source_kind", "source_code", "valid_from"],
                name="partners_grant_once",
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "entitlement", "valid_from"], name="partners_grant_lookup"),
            models.Index(
                fields=["partner", "source_kind"],
                condition=models.Q(valid_until=None),
                name="partners_grant_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.entitlement} = {self.value} ({self.source_kind} {self.source_code})"
