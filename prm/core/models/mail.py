"""Mail as written, so that it can be read, retried and, where it holds a secret, purged."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.choices import MailState


class MailQuerySet(models.QuerySet["Mail"]):
    """Mail, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "MailQuerySet":
        """Mail holds other people's links and codes: only staff who may read it, and the system."""
        return self if actor.can("core.mail_view") else self.none()


class Mail(models.Model):
    """One message to one person. It leaves through the outbox; a secret body is purged after sending."""

    code = models.CharField(max_length=20, unique=True)
    topic = models.CharField(_("topic"), max_length=60)
    membership = models.ForeignKey("core.Membership", models.PROTECT, null=True, blank=True, related_name="+")
    to_email = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=250)
    body_text = models.TextField()
    body_html = models.TextField(blank=True)
    is_secret = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=MailState, default=MailState.QUEUED)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(_("written"))
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    purged_at = models.DateTimeField(_("purged"), null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mail")
        indexes = [models.Index(fields=["-created_at"], name="core_mail_newest")]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to_email}"
