"""The table of contents of every address, by who it is for."""

from django.contrib import admin
from django.urls import include, path

manage = (
    [
        path("", include("reporting.urls.manage")),
        path("partners/", include("partners.urls.manage")),
        path("training/", include("training.urls.manage")),
        path("", include("deals.urls.manage")),
        path("core/", include("prm.core.urls.manage")),
    ],
    "manage",
)
portal = (
    [
        path("", include("reporting.urls.portal")),
        path("partners/", include("partners.urls.portal")),
        path("", include("deals.urls.portal")),
    ],
    "portal",
)
public = (
    [
        path("", include("prm.core.urls.public")),
        path("act/", include("deals.urls.public")),
    ],
    "public",
)

urlpatterns = [
    path("manage/", include(manage)),
    path("portal/", include(portal)),
    path("me/", include("prm.core.urls.account")),
    path("", include(public)),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
]
