"""Partner companies, their program terms, tier standing and health."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """Partner companies, their program terms, tier standing and health."""

    name = "partners"
    label = "partners"
    verbose_name = _("Partners")
