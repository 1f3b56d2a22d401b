"""Forms about people: invitation, accepting it, role, profile, mail preferences."""

from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.utils.translation import gettext_lazy as _

from prm.core.models import Invitation, Membership, NoticePreference, Organization, User
from prm.core.roles import ROLES, roles_for
from prm.core.topics import topics_for


def time_zone_choices() -> list[tuple[str, str]]:
    """Zones as people know them: Continent/City."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in zones)]


class InvitationForm(forms.Form):
    """Whom to invite, in which role; the roles are those that the company can give."""

    email = forms.EmailField(label=_("Mail address"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=150, required=False)
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: object, organization: Organization, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        audience = "vendor" if organization.is_vendor else "partner"
        self.fields["role"].choices = [(role.code, role.label) for role in roles_for(audience)]
        self.fields["role"].initial = "read_only" if organization.is_vendor else "seller"


class RoleForm(forms.Form):
    """The role a member shall have."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: object, membership: Membership, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.code, role.label) for role in roles_for(ROLES[membership.role].audience)]
        self.fields["role"].initial = membership.role


class AcceptForm(forms.Form):
    """What a new person tells about themselves; address, company and role are not theirs to choose."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Password"),
        help_text=_("At least 12 characters. A sentence is easier to remember than a word."),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: object, invitation: Invitation, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.invitation = invitation
        self.fields["name"].initial = invitation.name

    def clean(self) -> dict:
        """Check the password against the person's own name and address as well."""
        data = super().clean() or self.cleaned_data
        if data.get("password"):
            person = User(email=self.invitation.email, name=data.get("name", ""))
            try:
                password_validation.validate_password(data["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class ProfileForm(forms.ModelForm):
    """How the product speaks to a person."""

    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    locale = forms.ChoiceField(label=_("Language"), required=False)

    class Meta:
        model = User
        fields = ["name", "time_zone", "locale"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        as_company = [("", _("As my company"))]
        self.fields["time_zone"].choices = [*as_company, *time_zone_choices()]
        self.fields["locale"].choices = [*as_company, *settings.LANGUAGES]


class PreferencesForm(forms.Form):
    """Which news to get by mail as well. Topics that can't be switched off are not asked for."""

    topics = forms.MultipleChoiceField(label=_("Also by mail"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: object, membership_id: int, audience: str, **kwargs: object) -> None:
        self.offered = [topic for topic in topics_for(audience) if topic.can_opt_out]
        silent = set(
            NoticePreference.objects.filter(membership_id=membership_id, by_mail=False).values_list("topic", flat=True)
        )
        kwargs["initial"] = {"topics": [topic.code for topic in self.offered if topic.code not in silent]}
        super().__init__(*args, **kwargs)
        self.fields["topics"].choices = [(topic.code, topic.label) for topic in self.offered]
