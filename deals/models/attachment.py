"""Files that belong to a registration."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from deals.models.request import OfRegistrationQuerySet


class Attachment(models.Model):
    """A file a partner brought: a note of a meeting, or evidence of a win. Served only through the registration."""

    registration = models.ForeignKey("deals.Registration", models.PROTECT, related_name="attachments")
    file = models.OneToOneField("core.StoredFile", models.PROTECT, related_name="+")
    is_evidence = models.BooleanField(_("evidence of the win"), default=False)
    added_at = models.DateTimeField(_("added"))
    added_by = models.ForeignKey("core.User", models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(_("removed"), null=True, blank=True)

    objects = OfRegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self) -> str:
        return f"{self.registration_id}: {self.file_id}"
