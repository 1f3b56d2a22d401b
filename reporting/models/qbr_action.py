"""What was agreed in a business review, until it is done."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from reporting.choices import ActionSide, ActionState


class QbrActionQuerySet(models.QuerySet["QbrAction"]):
    """Agreed actions, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "QbrActionQuerySet":
        """Vendor staff see all, partner people those of their own company: both sides agreed on them."""
        if actor.is_vendor or actor.is_system:
            return self
        return self.filter(partner_id=actor.organization_id) if actor.organization_id else self.none()

    def open(self) -> "QbrActionQuerySet":
        """Those not done or dropped."""
        return self.filter(state=ActionState.OPEN)


class QbrAction(models.Model):
    """One thing that the vendor, the partner or both will do. It is carried from pack to pack until done."""

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(max_length=80, unique=True, null=True, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="qbr_actions")
    title = models.CharField(_("action"), max_length=250)
    side = models.CharField(_("side"), max_length=10, choices=ActionSide)
    owner_name = models.CharField(_("owner"), max_length=150, blank=True)
    agreed_on = models.DateField(_("agreed"))
    due_on = models.DateField(_("due"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ActionState, default=ActionState.OPEN)
    closed_on = models.DateField(_("closed"), null=True, blank=True)
    created_at = models.DateTimeField()

    objects = QbrActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("QBR action")
        verbose_name_plural = _("QBR actions")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="open", closed_on=None)
                | (~models.Q(state="open") & models.Q(closed_on__isnull=False)),
                name="reporting_qbr_action_end_is_dated",
            )
        ]
        indexes = [models.Index(fields=["partner", "state", "due_on"], name="reporting_qbr_action_open")]

    def __str__(self) -> str:
        return self.title
