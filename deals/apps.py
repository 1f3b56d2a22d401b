"""Registrations, claims, referrals and opportunities."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DealsConfig(AppConfig):
    """Registrations, claims, referrals and opportunities."""

    name = "deals"
    label = "deals"
    verbose_name = _("Deals")
