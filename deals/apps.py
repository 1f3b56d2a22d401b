"""Deals: what partners bring, who holds an account, and what was sold."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DealsConfig(AppConfig):
    """Registrations, referrals, claims on accounts, and opportunities."""

    name = "deals"
    verbose_name = _("Deals")

    def ready(self) -> None:
        """Make known: event handlers, kinds that others refer to, the news people get, and links that act."""
        import deals.handlers
        import deals.purposes
        import deals.refs
        import deals.topics  # noqa: F401
        from deals.actions.contract_imports import IMPORTERS as EVENT_IMPORTERS
        from deals.actions.imports import IMPORTERS
        from prm.core.csv_import import register_importer

        for importer, label, permission in (*IMPORTERS, *EVENT_IMPORTERS):
            register_importer(importer.kind, label, permission, importer)
