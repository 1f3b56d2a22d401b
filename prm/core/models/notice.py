"""What the bell shows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "NoticeQuerySet":
        """One's own, in the membership one is using."""
        return self.filter(membership_id=actor.membership_id) if actor.membership_id else self.none()

    def unread(self) -> "NoticeQuerySet":
        """Those not opened yet."""
        return self.filter(read_at=None)


class Notice(models.Model):
    """A line told to one member in the product; the same news by mail is a ``Mail``."""

    code = models.CharField(max_length=20, unique=True)
    membership = models.ForeignKey("core.Membership", models.PROTECT, related_name="notices")
    topic = models.CharField(max_length=60)
    ref_kind = models.CharField(max_length=50, blank=True)
    ref_code = models.CharField(max_length=60, blank=True)
    title = models.CharField(max_length=250)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["membership", "-at"], name="core_notice_member"),
            models.Index(fields=["membership"], condition=models.Q(read_at=None), name="core_notice_unread"),
        ]

    def __str__(self) -> str:
        return self.title


class NoticePreference(models.Model):
    """A member's wish not to be mailed about a topic; the notice in the product stays."""

    membership = models.ForeignKey("core.Membership", models.CASCADE, related_name="notice_preferences")
    topic = models.CharField(max_length=60)
    by_mail = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("notice preference")
        verbose_name_plural = _("notice preferences")
        constraints = [models.UniqueConstraint(fields=["membership", "topic"], name="core_preference_once")]

    def __str__(self) -> str:
        return f"{self.membership_id} {self.topic}: {self.by_mail}"
