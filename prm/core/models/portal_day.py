"""On which days a member used the portal: the raw fact of the engagement score."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PortalDay(models.Model):
    """One row per member and business day; the only write a page view makes."""

    membership = models.ForeignKey("core.Membership", models.PROTECT, related_name="portal_days")
    organization = models.ForeignKey("core.Organization", models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day"))

    class Meta:
        verbose_name = _("portal day")
        verbose_name_plural = _("portal days")
        constraints = [models.UniqueConstraint(fields=["membership", "day"], name="core_portal_day_once")]
        indexes = [models.Index(fields=["organization", "-day"], name="core_portal_day_recent")]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.day}"
