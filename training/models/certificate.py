"""Certificates: who has shown that they know the product, and until when that counts."""

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _

from partners.choices import RecordSource
from prm.core.actors import Actor
from prm.core.refs import Ref


class CertificateQuerySet(models.QuerySet["Certificate"]):
    """Certificates, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "CertificateQuerySet":
        """Staff see all certificates; partner people those earned at their company."""
        if actor.is_vendor or actor.is_system:
            return self
        if not (actor.is_partner and actor.organization_id):
            return self.none()
        return self.filter(partner_id=actor.organization_id)

    def current(self, on: date) -> "CertificateQuerySet":
        """Certificates that count on a day: begun, not run out, not revoked by then."""
        return self.filter(
            models.Q(revoked_on=None) | models.Q(revoked_on__gt=on), valid_from__lte=on, valid_until__gte=on
        )


class Certificate(models.Model):
    """A person passed something. Counts only while current and while the person belongs to a partner.

    The person is known by mail address; ``user`` is filled as soon as that address has an account. Both days of
    the range are included.
    """

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    number = models.CharField(_("number"), max_length=40, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="certificates")
    user = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="certificates")
    holder_name = models.CharField(_("name"), max_length=150)
    holder_email = models.EmailField(_("mail address"))
    kind = models.SlugField(_("kind"), max_length=40)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"))
    source = models.CharField(_("source"), max_length=10, choices=RecordSource)
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))
    revoked_on = models.DateField(_("revoked"), null=True, blank=True)
    revoked_reason = models.TextField(_("reason of the revocation"), blank=True)
    reminded_days = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        constraints = [
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="training_cert_external_once"
            ),
            models.UniqueConstraint(fields=["holder_email", "kind", "valid_from"], name="training_certificate_once"),
            models.CheckConstraint(
                condition=models.Q(valid_until__gte=models.F("valid_from")), name="training_certificate_range"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "valid_until"], name="training_cert_user"),
            models.Index(fields=["holder_email"], condition=models.Q(user=None), name="training_cert_unlinked"),
            models.Index(fields=["partner", "-valid_until"], name="training_cert_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"

    @property
    def ref(self) -> Ref:
        """How other apps and the audit name this certificate."""
        return Ref("training.certificate", self.code)

    def is_current(self, on: date) -> bool:
        """Whether it counts on a day."""
        return self.valid_from <= on <= self.valid_until and (self.revoked_on is None or self.revoked_on > on)
