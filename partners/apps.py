"""Partner companies, the program they take part in, and what is known of them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PartnersConfig(AppConfig):
    """Program versions, companies, contacts, tiers, grants and health."""

    name = "partners"
    verbose_name = _("Partners")

    def ready(self) -> None:
        """Make the kinds known that work items, notices and audit lines refer to."""
        import partners.handlers  # noqa: F401
        from partners.actions.imports import IMPORTERS
        from partners.models import Partner, PartnerContact, ProgramVersion
        from prm.core.csv_import import register_importer
        from prm.core.refs import register_kind
        from prm.core.topics import register_topic

        for importer, label, permission in IMPORTERS:
            register_importer(importer.kind, label, permission, importer)

        register_kind(
            "partners.partner",
            label=_("Partner"),
            queryset_for=Partner.objects.visible_to,
            manage_url="manage:reporting:partner_detail",
        )
        register_kind(
            "partners.program",
            label=_("Program version"),
            queryset_for=ProgramVersion.objects.visible_to,
            manage_url="manage:partners:version_detail",
        )
        register_kind("partners.contact", label=_("Contact"), queryset_for=PartnerContact.objects.visible_to)
        register_kind(
            "partners.tier",
            label=_("Tier"),
            manage_url="manage:reporting:partner_detail",
            portal_url="portal:reporting:tier_detail",
            portal_takes_code=False,
        )
        register_topic("partners.tier_changed", _("Your tier changed"))
        register_topic("partners.tier_notice", _("Tier reviews and grace periods that end"))
        register_topic("partners.health_alerted", _("Partners whose health fell"), audience="vendor")
