"""Django admin under our own door, with every record of ours in it."""

from typing import Any

from django.apps import apps
from django.contrib.admin.apps import AdminConfig
from django.db import models

OURS = ("core", "partners", "training", "deals", "marketing", "reporting", "integrations")
_SECRET = ("token", "secret", "password", "content", "iban", "tax_id")
_COLUMNS = 7


class PrmAdminConfig(AdminConfig):
    """Uses the site that knows roles and second factors, and shows what no app has registered itself, to look at."""

    default_site = "prm.core.admin_site.PrmAdminSite"

    def ready(self) -> None:
        """Find the apps' own admins first, then fill the gaps."""
        super().ready()
        from django.contrib import admin

        from prm.core.admin import ReadOnlyAdmin

        for label in OURS:
            for model in apps.get_app_config(label).get_models():
                if not admin.site.is_registered(model):
                    admin.site.register(model, type(f"{model.__name__}Admin", (ReadOnlyAdmin,), _look_of(model)))


def _look_of(model: type[models.Model]) -> dict[str, Any]:
    """Columns for a list of records that nobody designed: what is short, newest first, nothing secret."""
    fields = [
        field for field in model._meta.concrete_fields if not isinstance(field, models.TextField | models.JSONField)
    ]
    secret = [field.name for field in model._meta.concrete_fields if any(word in field.name for word in _SECRET)]
    names = [field.name for field in fields if field.name not in {"id", "version", *secret}][:_COLUMNS]
    return {
        "__module__": "prm.core.admin",
        "list_display": tuple(names) or ("__str__",),
        "list_select_related": tuple(
            path
            for field in fields
            if field.name in names and isinstance(field, models.ForeignKey)
            for path in (field.name, *_names_of(field))
        ),
        "search_fields": ("code",) if any(field.name == "code" for field in fields) else (),
        "exclude": tuple(secret),
        "ordering": ("-pk",),
    }


def _names_of(field: models.ForeignKey) -> list[str]:
    """What a linked record's own name may rest on: its company or its person."""
    linked = field.related_model._meta.concrete_fields
    return [
        f"{field.name}__{each.name}"
        for each in linked
        if isinstance(each, models.ForeignKey) and each.name in {"organization", "user", "partner"}
    ]
