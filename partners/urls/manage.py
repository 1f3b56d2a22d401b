"""Where the partner pages of the vendor's staff are."""

from django.urls import path

from partners.views.manage import companies, imports, people, program, records

app_name = "partners"
urlpatterns = [
    path("", companies.partner_list_page, name="partner_list"),
    path("add/", companies.partner_create, name="partner_create"),
    path("import/", imports.import_start, name="import_start"),
    path("import/confirm/", imports.import_confirm, name="import_confirm"),
    path("import/errors/", imports.import_errors, name="import_errors"),
    path("program/", program.program_detail, name="program_detail"),
    path("program/add/", program.version_create, name="version_create"),
    path("program/<str:code>/", program.version_detail, name="version_detail"),
    path("program/<str:code>/compare/", program.version_compare, name="version_compare"),
    path("program/<str:code>/file/", program.version_file, name="version_file"),
    path("program/<str:code>/publish/", program.version_publish, name="version_publish"),
    path("program/<str:code>/delete/", program.version_delete, name="version_delete"),
    path("members/<str:code>/role/", people.member_role, name="member_role"),
    path("members/<str:code>/deactivate/", people.member_deactivate, name="member_deactivate"),
    path("invitations/<str:code>/resend/", people.invitation_resend, name="invitation_resend"),
    path("invitations/<str:code>/revoke/", people.invitation_revoke, name="invitation_revoke"),
    path("contacts/<str:code>/end/", people.contact_end, name="contact_end"),
    path("overrides/<str:code>/end/", records.override_end, name="override_end"),
    path("integrations/<str:code>/edit/", records.integration_edit, name="integration_edit"),
    path("integrations/<str:code>/end/", records.integration_end, name="integration_end"),
    path("<str:code>/edit/", companies.partner_edit, name="partner_edit"),
    path("<str:code>/owner/", companies.partner_owner, name="partner_owner"),
    path("<str:code>/stage/", companies.partner_stage, name="partner_stage"),
    path("<str:code>/status/", companies.partner_status, name="partner_status"),
    path("<str:code>/people/", people.partner_people, name="partner_people"),
    path("<str:code>/people/invite/", people.partner_invite, name="partner_invite"),
    path("<str:code>/people/contact/", people.partner_add_contact, name="partner_add_contact"),
    path("<str:code>/records/", records.partner_records, name="partner_records"),
    path("<str:code>/records/nps/", records.partner_add_nps, name="partner_add_nps"),
    path("<str:code>/records/fit/", records.partner_set_fit, name="partner_set_fit"),
    path("<str:code>/records/value/", records.partner_set_value, name="partner_set_value"),
    path("<str:code>/records/integration/", records.partner_add_integration, name="partner_add_integration"),
    path("<str:code>/override/", records.partner_override, name="partner_override"),
    path("<str:code>/promote/", records.partner_promote, name="partner_promote"),
]
