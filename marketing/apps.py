"""The place for co-marketing: it holds nothing yet and keeps the arrow between apps."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    """The place for co-marketing: it holds nothing yet and keeps the arrow between apps."""

    name = "marketing"
    label = "marketing"
    verbose_name = _("Marketing")
