"""The table of contents of every address, by who it is for."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path


def _here(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _area(audience, table):
    return (
        [path(prefix, include(module)) for prefix, module in table if _here(module)],
        audience,
    )


urlpatterns = [
    path(
        "manage/",
        include(
            _area(
                "manage",
                [
                    ("", "reporting.urls.manage"),
                    ("partners/", "partners.urls.manage"),
                    ("training/", "training.urls.manage"),
                    ("deals/", "deals.urls.manage"),
                    ("core/", "prm.core.urls.manage"),
                ],
            )
        ),
    ),
    path(
        "portal/",
        include(
            _area(
                "portal",
                [
                    ("", "reporting.urls.portal"),
                    ("partners/", "partners.urls.portal"),
                    ("deals/", "deals.urls.portal"),
                ],
            )
        ),
    ),
    *([path("me/", include("prm.core.urls.account"))] if _here("prm.core.urls.account") else []),
    path("", include(_area("public", [("", "prm.core.urls.public")]))),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
