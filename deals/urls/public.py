"""Where links in mails about deals lead."""

from django.urls import path

from deals.views import links

app_name = "deals"
urlpatterns = [
    path("<str:token>/approve/", links.link_approve, name="link_approve"),
    path("<str:token>/extend/", links.link_extend, name="link_extend"),
]
