"""What needs every app at once: facts, the night, Today, 360°, portal home and QBR packs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportingConfig(AppConfig):
    """The highest app: it may see all others, and none of them sees it."""

    name = "reporting"
    label = "reporting"
    verbose_name = _("Reporting")

    def ready(self) -> None:
        """Register references, topics and event handlers."""
        import reporting.handlers
        import reporting.work_kinds  # noqa: F401
        from prm.core.csv_import import register_importer
        from prm.core.refs import register_kind
        from prm.core.topics import register_topic
        from reporting.actions.imports import IMPORTERS
        from reporting.models import QbrAction, QbrPack

        for importer, label, permission in IMPORTERS:
            register_importer(importer.kind, label, permission, importer)
        register_kind(
            "reporting.pack",
            label=_("QBR pack"),
            queryset_for=lambda actor: QbrPack.objects.visible_to(actor),
            manage_url="manage:reporting:pack_detail",
            portal_url="portal:reporting:pack_detail",
        )
        register_kind(
            "reporting.qbr_action",
            label=_("QBR action"),
            queryset_for=lambda actor: QbrAction.objects.visible_to(actor),
        )
        register_kind("reporting.night", label=_("Night"))
        register_topic("reporting.pack_ready", _("QBR pack ready"))
