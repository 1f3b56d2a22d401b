"""Addresses about oneself."""

from django.urls import path

from prm.core.views import account

app_name = "me"
urlpatterns = [
    path("", account.profile, name="profile"),
    path("notices/", account.notice_list, name="notice_list"),
    path("notices/read/", account.notices_read, name="notices_read"),
    path("notices/<str:code>/open/", account.notice_open, name="notice_open"),
    path("preferences/", account.preferences, name="preferences"),
    path("switch/", account.switch, name="switch"),
]
