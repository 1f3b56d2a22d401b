"""Certificates in Django admin: looked at, and taken back only with a reason on their own page."""

from django.contrib import admin

from prm.core.admin import ReadOnlyAdmin
from training.models import Certificate


@admin.register(Certificate)
class CertificateAdmin(ReadOnlyAdmin):
    """Who holds what until when."""

    list_display = ("number", "holder_name", "kind", "partner", "valid_from", "valid_until", "revoked_on")
    list_filter = ("kind",)
    list_select_related = ("partner__organization",)
    search_fields = ("number", "holder_name", "holder_email", "partner__sort_name")
