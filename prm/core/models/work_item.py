"""One row per thing that somebody must do, with its clock."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor


class WorkItemQuerySet(models.QuerySet["WorkItem"]):
    """Work items, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "WorkItemQuerySet":
        """The work of one's own company."""
        if actor.is_system:
            return self
        return self.filter(organization_id=actor.organization_id) if actor.organization_id else self.none()

    def open(self) -> "WorkItemQuerySet":
        """Work still waiting."""
        return self.filter(closed_at=None)

    def about(self, kind: str, code: str) -> "WorkItemQuerySet":
        """All work about one thing, oldest first."""
        return self.filter(ref_kind=kind, ref_code=code).order_by("opened_at", "pk")


class WorkItem(models.Model):
    """Who has it, since when and until when.

    ``due_at`` is empty while the clock is paused; ``seconds_left`` then keeps the working seconds that
    remain. Only ``prm.core.actions.work_items`` opens, pauses, resumes, passes on and closes.
    """

    code = models.CharField(max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=60)
    ref_kind = models.CharField(max_length=50)
    ref_code = models.CharField(max_length=60)
    title = models.CharField(_("title"), max_length=250)
    context = models.JSONField(default=dict)
    organization = models.ForeignKey(
        "core.Organization",
        models.PROTECT,
        related_name="work_items",
        verbose_name=_("company that must act"),
    )
    about = models.ForeignKey(
        "core.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("partner"),
    )
    role = models.CharField(_("role"), max_length=30, blank=True)
    assignee = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="work_items")
    priority = models.SmallIntegerField(_("priority"), default=0)
    step = models.PositiveSmallIntegerField(default=1)
    steps = models.PositiveSmallIntegerField(default=1)
    opened_at = models.DateTimeField(_("opened"))
    total_seconds = models.PositiveIntegerField(null=True, blank=True)
    due_soon_at = models.DateTimeField(_("due soon"), null=True, blank=True)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused"), null=True, blank=True)
    seconds_left = models.PositiveIntegerField(null=True, blank=True)
    warned_at = models.DateTimeField(_("warned"), null=True, blank=True)
    breached_at = models.DateTimeField(_("breached"), null=True, blank=True)
    escalate_to_role = models.CharField(max_length=30, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)

    objects = WorkItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        constraints = [
            models.UniqueConstraint(
                fields=["ref_kind", "ref_code", "kind", "step"],
                condition=models.Q(closed_at=None),
                name="core_work_item_one_open_per_step",
            ),
            models.CheckConstraint(
                condition=models.Q(paused_at=None) | models.Q(due_at=None),
                name="core_work_item_paused_has_no_due",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "role", "-priority", "due_at"],
                condition=models.Q(closed_at=None),
                name="core_work_item_queue",
            ),
            models.Index(fields=["assignee", "due_at"], condition=models.Q(closed_at=None), name="core_work_item_mine"),
            models.Index(
                fields=["due_soon_at"],
                condition=models.Q(closed_at=None, warned_at=None),
                name="core_wi_soon",
            ),
            models.Index(fields=["due_at"], condition=models.Q(closed_at=None, breached_at=None), name="core_wi_due"),
            models.Index(
                fields=["kind", "-priority", "due_at", "id"],
                condition=models.Q(closed_at=None),
                name="core_work_item_order",
            ),
            models.Index(fields=["ref_kind", "ref_code"], name="core_work_item_ref"),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.code})"

    def state_at(self, at: datetime) -> str:
        """One of closed, paused, breached, due_soon, open: the word beside the clock."""
        if self.closed_at:
            return "closed"
        if self.paused_at:
            return "paused"
        if self.due_at and at >= self.due_at:
            return "breached"
        if self.due_soon_at and at >= self.due_soon_at:
            return "due_soon"
        return "open"
