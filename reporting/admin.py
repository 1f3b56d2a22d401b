"""Reporting in Django admin: runs, packs and agreed actions are looked at; their pages and the worker change them."""

from django.contrib import admin

from prm.core.admin import ReadOnlyAdmin
from reporting.models import JobRun, QbrAction, QbrPack


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    """What each step of each night did."""

    list_display = ("on", "job", "trigger", "state", "started_at", "seen", "changed")
    list_filter = ("state", "trigger", "job")
    date_hierarchy = "on"


@admin.register(QbrPack)
class QbrPackAdmin(ReadOnlyAdmin):
    """Packs, ready or not."""

    list_display = ("code", "partner", "quarter_start", "version", "state", "ordered_at", "ready_at")
    list_filter = ("state", "version")
    list_select_related = ("partner__organization",)
    search_fields = ("code", "partner__sort_name")


@admin.register(QbrAction)
class QbrActionAdmin(ReadOnlyAdmin):
    """What was agreed in reviews."""

    list_display = ("code", "partner", "title", "side", "due_on", "state")
    list_filter = ("state", "side")
    list_select_related = ("partner__organization",)
    search_fields = ("code", "title", "partner__sort_name")
