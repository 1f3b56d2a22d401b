"""Where the pages that join everything are, for partner people."""

from django.urls import path

from reporting.views import search
from reporting.views.portal import home, packs, tier

app_name = "reporting"

urlpatterns = [
    path("", home.home, name="home"),
    path("tier/", tier.tier_detail, name="tier_detail"),
    path("tier/why/", tier.tier_why, name="tier_why"),
    path("search/", search.portal_search, name="search"),
    path("reporting/packs/", packs.pack_list, name="pack_list"),
    path("reporting/packs/<str:code>/", packs.pack_detail, name="pack_detail"),
    path("reporting/packs/<str:code>/file/", packs.pack_file, name="pack_file"),
]
