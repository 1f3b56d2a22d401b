"""Other programs' data, brought in through the same actions as people use."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IntegrationsConfig(AppConfig):
    """Other programs' data, brought in through the same actions as people use."""

    name = "prm.integrations"
    label = "integrations"
    verbose_name = _("Integrations")
