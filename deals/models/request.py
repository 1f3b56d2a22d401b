"""What each side asks of the other about a registration: information, more time, a second look."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.choices import ExtensionStatus
from prm.core.actors import Actor


class OfRegistrationQuerySet(models.QuerySet):
    """Rows that belong to a registration, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "OfRegistrationQuerySet":
        """Vendor staff see all; a partner those of its own registrations."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(registration__partner_id=actor.organization_id)
        return self.none()


class InfoRequest(models.Model):
    """A question that returns a registration to the partner. ``fields`` are the only ones open while it waits."""

    registration = models.ForeignKey("deals.Registration", models.CASCADE, related_name="info_requests")
    fields = models.JSONField(_("fields to fix"), default=list)
    question = models.TextField(_("question"), max_length=2000)
    asked_at = models.DateTimeField(_("asked"))
    asked_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    expires_on = models.DateField(_("answer by"))
    answer = models.TextField(_("answer"), max_length=4000, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answered_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = OfRegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("information request")
        verbose_name_plural = _("information requests")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"], condition=models.Q(closed_at=None), name="deals_info_request_one_open"
            )
        ]
        indexes = [
            models.Index(fields=["expires_on"], condition=models.Q(closed_at=None), name="deals_info_request_waits")
        ]

    def __str__(self) -> str:
        return self.question


class ExtensionRequest(models.Model):
    """A partner's wish to be protected longer, with what it has done since. Days are the program's."""

    registration = models.ForeignKey("deals.Registration", models.CASCADE, related_name="extension_requests")
    activity = models.TextField(_("what happened since"), max_length=2000)
    status = models.CharField(max_length=10, choices=ExtensionStatus, default=ExtensionStatus.REQUESTED)
    requested_at = models.DateTimeField(_("requested"))
    requested_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(_("note to the partner"), max_length=2000, blank=True)
    from_day = models.DateField(_("protected until, before"))
    until_day = models.DateField(_("protected until, after"), null=True, blank=True)

    objects = OfRegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("extension request")
        verbose_name_plural = _("extension requests")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"],
                condition=models.Q(status="requested"),
                name="deals_extension_request_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.status}"


class Appeal(models.Model):
    """A partner's one objection to a rejection; the next rank decides. ``outcome`` is upheld or overturned."""

    registration = models.ForeignKey("deals.Registration", models.CASCADE, related_name="appeals")
    grounds = models.TextField(_("why it should be looked at again"), max_length=4000)
    role = models.CharField(_("goes to"), max_length=30)
    filed_at = models.DateTimeField(_("filed"))
    filed_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(
        max_length=12, blank=True, choices=[("upheld", _("Rejection upheld")), ("overturned", _("Overturned"))]
    )
    note = models.TextField(_("note to the partner"), max_length=2000, blank=True)

    objects = OfRegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        constraints = [
            models.UniqueConstraint(
                fields=["registration"], condition=models.Q(decided_at=None), name="deals_appeal_one_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.outcome}"
