"""What needs every app at once: facts, the night, Today, 360°, portal home and QBR packs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """What needs every app at once: facts, the night, Today, 360°, portal home and QBR packs."""

    name = "reporting"
    label = "reporting"
    verbose_name = _("Reporting")
