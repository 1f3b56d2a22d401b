"""Who did what for a deal, and when."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from deals.choices import RecordSource, TouchKind, TouchSide
from prm.core.actors import Actor
from prm.core.refs import Ref


class TouchQuerySet(models.QuerySet["Touch"]):
    """Touches, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "TouchQuerySet":
        """Vendor staff see all; a partner its own, never those of direct sales or of another partner."""
        if actor.is_vendor or actor.is_system:
            return self
        if actor.is_partner and actor.organization_id:
            return self.filter(partner_id=actor.organization_id)
        return self.none()

    def standing(self) -> "TouchQuerySet":
        """Those that count: not struck out."""
        return self.filter(struck_at=None)


class Touch(models.Model):
    """One contact with the customer about a deal, by a partner or by the vendor's own sales.

    ``is_material`` is the vendor's opinion that it mattered to the win; a partner can't set it. A touch is never
    deleted: a wrong one is struck out with a reason. The system's touches carry a ``source_key`` and come once.
    """

    code = models.CharField(max_length=20, unique=True)
    opportunity = models.ForeignKey("deals.Opportunity", models.PROTECT, related_name="touches")
    side = models.CharField(_("side"), max_length=10, choices=TouchSide)
    partner = models.ForeignKey(
        "partners.Partner", models.PROTECT, null=True, blank=True, related_name="touches", verbose_name=_("partner")
    )
    kind = models.CharField(_("what happened"), max_length=20, choices=TouchKind)
    occurred_on = models.DateField(_("on"))
    person = models.CharField(_("who"), max_length=150, blank=True)
    evidence = models.TextField(_("evidence"), max_length=2000, blank=True)
    file = models.ForeignKey("core.StoredFile", models.PROTECT, null=True, blank=True, related_name="+")
    is_material = models.BooleanField(_("mattered to the win"), default=False)
    source = models.CharField(_("recorded by"), max_length=10, choices=RecordSource)
    source_key = models.CharField(max_length=80, null=True, blank=True, unique=True)
    recorded_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("recorded"))
    struck_at = models.DateTimeField(_("struck out"), null=True, blank=True)
    struck_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    struck_reason = models.CharField(_("reason"), max_length=300, blank=True)

    objects = TouchQuerySet.as_manager()

    class Meta:
        verbose_name = _("touch")
        verbose_name_plural = _("touches")
        constraints = [
            models.CheckConstraint(
                condition=Q(side="partner", partner__isnull=False) | Q(side="direct", partner=None),
                name="deals_touch_side_has_its_partner",
            ),
        ]
        indexes = [
            models.Index(fields=["opportunity", "occurred_on", "id"], name="deals_touch_of_deal"),
            models.Index(fields=["partner", "-occurred_on"], name="deals_touch_of_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.get_kind_display()}"

    @property
    def is_documented(self) -> bool:
        """Whether something shows it: a text, a file, or that the system saw it happen."""
        return bool(self.evidence.strip() or self.file_id or self.source == RecordSource.SYSTEM)

    @property
    def ref(self) -> Ref:
        """How other apps refer to it."""
        return Ref("deals.touch", self.code)
