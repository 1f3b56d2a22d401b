"""QBR packs: PDFs made by the worker, kept with what they were made of."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from reporting.choices import PackState, PackVersion


class QbrPackQuerySet(models.QuerySet["QbrPack"]):
    """Packs, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "QbrPackQuerySet":
        """Vendor staff see all; partner people the shared packs of their own company that are ready."""
        if actor.is_vendor or actor.is_system:
            return self
        if not actor.organization_id:
            return self.none()
        return self.filter(partner_id=actor.organization_id, version=PackVersion.SHARED, state=PackState.READY)


class QbrPack(models.Model):
    """One partner, one quarter, one version. Ordered again it is made anew and replaces its file."""

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="qbr_packs")
    quarter_start = models.DateField(_("quarter from"))
    quarter_end = models.DateField(_("quarter to"))
    as_of = models.DateField(_("figures as of"))
    version = models.CharField(_("version"), max_length=10, choices=PackVersion)
    state = models.CharField(_("state"), max_length=10, choices=PackState)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    ordered_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    ordered_at = models.DateTimeField(_("ordered"))
    ready_at = models.DateTimeField(_("ready"), null=True, blank=True)
    error = models.TextField(blank=True)

    objects = QbrPackQuerySet.as_manager()

    class Meta:
        verbose_name = _("QBR pack")
        verbose_name_plural = _("QBR packs")
        constraints = [
            models.UniqueConstraint(fields=["partner", "quarter_start", "version"], name="reporting_qbr_pack_once"),
            models.CheckConstraint(
                condition=~models.Q(state="ready") | models.Q(file__isnull=False),
                name="reporting_qbr_pack_ready_has_file",
            ),
        ]
        indexes = [models.Index(fields=["-quarter_start", "partner"], name="reporting_qbr_pack_recent")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.quarter_start} {self.version}"
