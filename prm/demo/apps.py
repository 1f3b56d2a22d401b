"""A demonstration world, told through the real actions."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DemoConfig(AppConfig):
    """A demonstration world, told through the real actions."""

    name = "prm.demo"
    label = "demo"
    verbose_name = _("Demo")
