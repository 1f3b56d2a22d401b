"""Which domains a partner asked about."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.choices import Availability
from prm.core.actors import Actor


class AvailabilityCheckQuerySet(models.QuerySet["AvailabilityCheck"]):
    """Checks, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "AvailabilityCheckQuerySet":
        """Vendor staff only: the log is there to see who fishes."""
        return self if actor.is_vendor or actor.is_system else self.none()


class AvailabilityCheck(models.Model):
    """One domain asked about by one partner on one day (program's time zone): the log, and what the limit counts."""

    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="+", verbose_name=_("partner"))
    membership = models.ForeignKey("core.Membership", models.PROTECT, related_name="+", verbose_name=_("asked by"))
    day = models.DateField(_("day"))
    domain_key = models.CharField(_("domain"), max_length=300)
    answer = models.CharField(_("answer"), max_length=20, choices=Availability)
    first_at = models.DateTimeField(_("first asked"))

    objects = AvailabilityCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("availability check")
        verbose_name_plural = _("availability checks")
        constraints = [
            models.UniqueConstraint(fields=["partner", "day", "domain_key"], name="deals_availability_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.day} {self.domain_key}"
