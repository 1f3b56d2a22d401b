"""Addresses of the vendor's staff that belong to no other app."""

from django.urls import path

from prm.core.views import audit, gallery, mail, staff

app_name = "core"
urlpatterns = [
    path("staff/", staff.staff_list, name="staff_list"),
    path("staff/invite/", staff.staff_invite, name="staff_invite"),
    path("staff/<str:code>/role/", staff.staff_role, name="staff_role"),
    path("staff/<str:code>/deactivate/", staff.staff_deactivate, name="staff_deactivate"),
    path("invitations/<str:code>/resend/", staff.invitation_resend, name="invitation_resend"),
    path("invitations/<str:code>/revoke/", staff.invitation_revoke, name="invitation_revoke"),
    path("audit/", audit.audit_list, name="audit_list"),
    path("mail/", mail.mail_list, name="mail_list"),
    path("mail/<str:code>/", mail.mail_detail, name="mail_detail"),
    path("mail/<str:code>/body/", mail.mail_body, name="mail_body"),
    path("gallery/", gallery.gallery, name="gallery"),
]
