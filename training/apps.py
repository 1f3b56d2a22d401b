"""Certificates: who is proven to know what, until when."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    """Certificates: who is proven to know what, until when."""

    name = "training"
    label = "training"
    verbose_name = _("Training")
