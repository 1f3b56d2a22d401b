"""The closed lists of words that reporting uses."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class RunTrigger(TextChoices):
    SCHEDULE = "schedule", _("by the clock")
    MANUAL = "manual", _("by hand")


class RunState(TextChoices):
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class PackVersion(TextChoices):
    SHARED = "shared", _("Shared with the partner")
    INTERNAL = "internal", _("Internal")


class PackState(TextChoices):
    QUEUED = "queued", _("Queued")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ActionSide(TextChoices):
    US = "us", _("Us")
    PARTNER = "partner", _("Partner")
    BOTH = "both", _("Both")


class ActionState(TextChoices):
    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")
