"""The ground that every other app stands on."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """Users, companies, access, audit, work items, the outbox and the single doors out and in."""

    name = "prm.core"
    label = "core"
    verbose_name = _("Core")

    def ready(self) -> None:
        """Bind the Celery app for ``shared_task``, the log lines, the checks and core's own event handlers."""
        from prm.core import logs

        logs.configure()
        import prm.celery
        import prm.core.checks
        import prm.core.handlers  # noqa: F401
        from prm.core.refs import register_kind

        register_kind("core.organization", label=_("Company"))
        register_kind("core.user", label=_("Person"))
        register_kind("core.membership", label=_("Member"))
        register_kind("core.invitation", label=_("Invitation"))
        register_kind("core.work_item", label=_("Work item"))
