"""Training: for now, the certificates that tiers count."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    """Courses and certificates."""

    name = "training"
    verbose_name = _("Training")

    def ready(self) -> None:
        """Make certificates known to imports, work items, notices and audit lines."""
        from prm.core.csv_import import register_importer
        from prm.core.refs import register_kind
        from prm.core.topics import register_topic
        from training.actions.imports import CertificateImporter
        from training.models import Certificate

        register_importer("certificates", _("Certificates"), "training.certificate_edit", CertificateImporter)
        register_kind(
            "training.certificate",
            label=_("Certificate"),
            queryset_for=Certificate.objects.visible_to,
            manage_url="manage:training:certificate_detail",
        )
        register_topic("training.certificate_ends", _("Certificates that run out"))
