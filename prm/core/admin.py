"""Core's records in Django admin. Nothing is changed here but through the actions that the pages use."""

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from prm.core import models
from prm.core.actions import deliveries, invitations, memberships, organizations, people
from prm.core.refused import Refused


class ReadOnlyAdmin(admin.ModelAdmin):
    """Records that are looked at: no adding, changing or deleting. The base of every admin here and in other apps."""

    show_full_result_count = False
    list_per_page = 50
    actions: Any = []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Records come from actions."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Records change by actions."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Records are never deleted here."""
        return False


class ChangedByAction(ReadOnlyAdmin):
    """Records of which some fields may be edited; saving calls ``change`` with exactly those."""

    editable: tuple[str, ...] = ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Those who may use admin."""
        return request.actor.can("core.admin_use")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Everything but the editable fields."""
        hidden = set(self.exclude or ())
        return [
            field.name
            for field in self.model._meta.fields
            if field.name not in self.editable and field.name not in hidden and field.name != "id"
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        """Hand the changed values to the action; the row itself is not saved here."""
        self.change(request, obj, {name: form.cleaned_data[name] for name in self.editable})

    def change(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> None:
        """Carry out the change."""
        raise NotImplementedError

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """History is the audit log; Django's own is not kept."""


def run_each(request: HttpRequest, rows: QuerySet[Any], action: Callable[[Any], object], done: str) -> None:
    """Run an action on each chosen row and tell what was refused, row by row."""
    count = 0
    for row in rows:
        try:
            action(row)
        except Refused as refusal:
            messages.error(request, f"{row}: {refusal.message}")
        else:
            count += 1
    if count:
        messages.success(request, f"{count}: {done}")


@admin.register(models.User)
class UserAdmin(ChangedByAction):
    """People. The password is theirs; access ends with their memberships."""

    list_display = ("email", "name", "is_active", "created_at")
    search_fields = ("email", "name")
    exclude = ("password",)
    editable = ("name", "time_zone", "locale")

    def change(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> None:
        """Through the profile action."""
        people.change_profile(user=obj, **values, by=request.actor, at=request.at)


@admin.register(models.Organization)
class OrganizationAdmin(ChangedByAction):
    """Companies."""

    list_display = ("name", "kind", "status", "code", "created_at")
    list_filter = ("kind", "status")
    search_fields = ("name", "code")
    editable = organizations.EDITABLE

    def change(self, request: HttpRequest, obj: Any, values: dict[str, Any]) -> None:
        """Through the company action."""
        organizations.change_organization(organization=obj, values=values, by=request.actor, at=request.at)


@admin.register(models.Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who works where. Ending access is an action; roles are changed on the staff and team pages."""

    list_display = ("user", "organization", "role", "is_active", "created_at", "deactivated_at")
    list_filter = ("role", "is_active")
    list_select_related = ("user", "organization")
    search_fields = ("user__email", "user__name", "organization__name", "code")
    actions = ("end_access",)

    @admin.action(description=_("End access now, with every session and link"))
    def end_access(self, request: HttpRequest, rows: QuerySet[models.Membership]) -> None:
        """End the chosen memberships."""
        run_each(
            request,
            rows,
            lambda row: memberships.deactivate_membership(membership=row, by=request.actor, at=request.at),
            str(_("access ended")),
        )


@admin.register(models.Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Invitations."""

    list_display = ("email", "organization", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
    list_select_related = ("organization",)
    search_fields = ("email", "organization__name", "code")
    exclude = ("token_hash",)
    actions = ("withdraw",)

    @admin.action(description=_("Withdraw"))
    def withdraw(self, request: HttpRequest, rows: QuerySet[models.Invitation]) -> None:
        """Withdraw the chosen invitations."""
        run_each(
            request,
            rows,
            lambda row: invitations.revoke_invitation(invitation=row, by=request.actor, at=request.at),
            str(_("withdrawn")),
        )


@admin.register(models.OutboxDelivery)
class OutboxDeliveryAdmin(ReadOnlyAdmin):
    """Deliveries. What failed for good or had no handler can be tried again."""

    list_display = ("event", "handler", "state", "attempts", "next_try_at", "done_at")
    list_filter = ("state", "handler")
    list_select_related = ("event",)
    actions = ("retry",)

    @admin.action(description=_("Try again"))
    def retry(self, request: HttpRequest, rows: QuerySet[models.OutboxDelivery]) -> None:
        """Put the chosen deliveries back in line."""
        run_each(
            request,
            rows,
            lambda row: deliveries.retry_delivery(delivery=row, by=request.actor, at=request.at),
            str(_("back in line")),
        )


@admin.register(models.AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """History."""

    list_display = ("at", "code", "ref_kind", "ref_code", "actor_kind", "actor_user", "organization")
    list_select_related = ("actor_user", "organization")
    search_fields = ("ref_code", "code", "request_id")
    ordering = ("-at", "-pk")


@admin.register(models.AuditSeal)
class AuditSealAdmin(ReadOnlyAdmin):
    """Seals of history."""

    list_display = ("day", "entries", "digest", "sealed_at")
    ordering = ("-day",)


@admin.register(models.Mail)
class MailAdmin(ReadOnlyAdmin):
    """That mail was written and sent, not what it says."""

    list_display = ("created_at", "topic", "to_email", "subject", "state", "sent_at", "purged_at")
    list_filter = ("state", "topic")
    search_fields = ("to_email", "subject", "code")
    exclude = ("body_text", "body_html")
    ordering = ("-created_at",)


@admin.register(models.StoredFile)
class StoredFileAdmin(ReadOnlyAdmin):
    """That a file is kept, not the file: it is downloaded where it belongs."""

    list_display = ("name", "organization", "media_type", "size", "created_at", "code")
    list_select_related = ("organization",)
    search_fields = ("name", "code", "sha256")
    exclude = ("content",)


@admin.register(models.SignedLink)
class SignedLinkAdmin(ReadOnlyAdmin):
    """Links in mail."""

    list_display = ("purpose", "membership", "ref_kind", "ref_code", "created_at", "expires_at", "used_at")
    list_select_related = ("membership",)
    exclude = ("token_hash",)


@admin.register(models.WorkItem)
class WorkItemAdmin(ReadOnlyAdmin):
    """Work that waits or waited."""

    list_display = ("title", "kind", "organization", "role", "assignee", "opened_at", "due_at", "closed_at", "outcome")
    list_filter = ("kind",)
    list_select_related = ("organization", "assignee")
    search_fields = ("ref_code", "code", "title")


@admin.register(models.Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """Notices."""

    list_display = ("at", "topic", "title", "membership", "read_at")
    list_select_related = ("membership",)


@admin.register(models.OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    """Events."""

    list_display = ("at", "name", "ref_kind", "ref_code", "request_id")
    list_filter = ("name",)
    search_fields = ("ref_code", "request_id")


@admin.register(models.NoticePreference)
class NoticePreferenceAdmin(ReadOnlyAdmin):
    """Who does not want which mail."""

    list_display = ("membership", "topic", "by_mail")
    list_select_related = ("membership",)


@admin.register(models.PortalDay)
class PortalDayAdmin(ReadOnlyAdmin):
    """Who used the portal when."""

    list_display = ("day", "organization", "membership")
    list_select_related = ("organization", "membership")


def _look_only(model: type[Model], *, shown: tuple[str, ...], hidden: tuple[str, ...] = ()) -> None:
    """A library's model that says who somebody is: looked at, never edited, secrets left out."""
    admin.site.register(model, ReadOnlyAdmin, list_display=shown, exclude=hidden)


_look_only(EmailAddress, shown=("email", "user", "verified", "primary"))
_look_only(Authenticator, shown=("user", "type", "created_at", "last_used_at"), hidden=("data",))
_look_only(UserSession, shown=("user", "ip", "created_at", "last_seen_at"), hidden=("session_key", "data"))
_look_only(SocialAccount, shown=("user", "provider", "uid"), hidden=("extra_data",))
_look_only(SocialToken, shown=("account", "expires_at"), hidden=("token", "token_secret"))
