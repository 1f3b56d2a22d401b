"""Addresses open to anyone."""

from django.urls import path

from prm.core.views import invitations, public

app_name = "core"
urlpatterns = [
    path("", public.start, name="start"),
    path("brand.css", public.brand_css, name="brand_css"),
    path("health/", public.health, name="health"),
    path("join/<str:token>/", invitations.accept, name="invitation_accept"),
]
