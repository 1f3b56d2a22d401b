"""Where the pages about certificates are."""

from django.urls import path

from training.views import manage as views

app_name = "training"
urlpatterns = [
    path("certificates/", views.certificate_list, name="certificate_list"),
    path("certificates/add/", views.certificate_create, name="certificate_create"),
    path("certificates/<str:code>/", views.certificate_detail, name="certificate_detail"),
    path("certificates/<str:code>/revoke/", views.certificate_revoke, name="certificate_revoke"),
]
