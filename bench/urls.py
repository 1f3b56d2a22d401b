"""The product's addresses, and the floors'."""

from django.urls import path

from bench.floors.pages import bare_page, bare_registration
from prm.urls import urlpatterns as product

urlpatterns = [
    path("bench/page/<str:name>/", bare_page),
    path("bench/registration/", bare_registration),
    *product,
]
