"""Where a partner's own company pages are."""

from django.urls import path

from partners.views.portal import company

app_name = "partners"
urlpatterns = [
    path("", company.company_detail, name="company_detail"),
    path("edit/", company.company_edit, name="company_edit"),
    path("invite/", company.company_invite, name="company_invite"),
    path("members/<str:code>/role/", company.member_role, name="member_role"),
    path("members/<str:code>/deactivate/", company.member_deactivate, name="member_deactivate"),
    path("invitations/<str:code>/resend/", company.invitation_resend, name="invitation_resend"),
    path("invitations/<str:code>/revoke/", company.invitation_revoke, name="invitation_revoke"),
]
