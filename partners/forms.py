"""Forms of the partner side. What an action decides is decided there; forms only read."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from partners.choices import (
    ContactRole,
    ContactSide,
    FitRating,
    LifecycleStage,
    OverrideKind,
    PartnerType,
    TierMetric,
)
from partners.models import Integration, Partner, Tier
from partners.rules.states import PARTNER
from prm.core.csv_import import DAY_ORDERS, ENCODINGS
from prm.core.forms import time_zone_choices
from prm.core.models import User
from prm.core.money import MoneyError, parse_amount
from prm.core.widgets import DayInput

ACTION_LABELS = {"activate": _("Activate"), "suspend": _("Suspend"), "end": _("End the partnership")}


class PlainNumber(forms.RegexField):
    """A whole number in plain digits; no exponents and no digits of other scripts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(regex=r"^[0-9]{1,6}$", error_messages={"invalid": _("Use plain digits, like 12.")}, **kwargs)
        self.widget.attrs |= {"inputmode": "numeric", "autocomplete": "off"}


class DayField(forms.DateField):
    """A day with the browser's picker; only ISO text is read."""

    widget = DayInput
    input_formats = ["%Y-%m-%d"]


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))


class ProfileForm(forms.Form):
    """What a partner's admin may change about their own company."""

    website = forms.URLField(label=_("Website"), required=False, max_length=200, assume_scheme="https")
    about = forms.CharField(
        label=_("About the company"), required=False, max_length=2000, widget=forms.Textarea({"rows": 5})
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    locale = forms.ChoiceField(label=_("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = time_zone_choices()
        self.fields["locale"].choices = settings.LANGUAGES

    @classmethod
    def initial_of(cls, partner: Partner) -> dict[str, Any]:
        """The stored values."""
        return {
            "website": partner.website,
            "about": partner.about,
            "time_zone": partner.organization.time_zone,
            "locale": partner.organization.locale,
        }


class PartnerForm(ProfileForm):
    """A partner company as staff keep it."""

    field_order = (
        "name", "type", "territory", "country", "website", "domain", "agreement_signed_on", "partner_since",
        "high_potential_until", "time_zone", "locale", "about",
    )  # fmt: skip
    name = forms.CharField(label=_("Company"), max_length=200)
    type = forms.ChoiceField(label=_("Type"), choices=PartnerType.choices)
    territory = forms.CharField(label=_("Territory"), required=False, max_length=60)
    country = forms.RegexField(
        label=_("Country"),
        regex=r"^[A-Za-z]{2}$",
        required=False,
        error_messages={"invalid": _("Two letters, like DE.")},
    )
    domain = forms.CharField(label=_("Domain"), required=False, max_length=253, help_text=_("Like northwind.example"))
    agreement_signed_on = DayField(
        label=_("Agreement signed"), required=False, help_text=_("Without a signed agreement there is no tier.")
    )
    partner_since = DayField(label=_("Partner since"), required=False)
    high_potential_until = DayField(label=_("High potential until"), required=False)

    @classmethod
    def initial_of(cls, partner: Partner) -> dict[str, Any]:
        """The stored values."""
        own = ("type", "territory", "country", "domain", "agreement_signed_on", "partner_since", "high_potential_until")
        return {
            **super().initial_of(partner),
            "name": partner.organization.name,
            **{name: getattr(partner, name) for name in own},
        }


class NewPartnerForm(PartnerForm):
    """A new partner company, with its manager."""

    field_order = ("name", "type", "owner", *PartnerForm.field_order[2:])
    owner = forms.ModelChoiceField(
        label=_("Partner manager"), queryset=User.objects.none(), required=False, empty_label=_("Pool, nobody yet")
    )
    high_potential_until = None

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners


class OwnerForm(forms.Form):
    """Whose portfolio a partner belongs to."""

    owner = forms.ModelChoiceField(
        label=_("Partner manager"), queryset=User.objects.none(), required=False, empty_label=_("Pool, nobody yet")
    )

    def __init__(self, *args: Any, owners: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = owners


class StageForm(forms.Form):
    """Where a partnership stands in its life."""

    stage = forms.ChoiceField(label=_("Stage"), choices=LifecycleStage.choices)
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class StatusForm(ReasonForm):
    """What shall become of a partnership; only what its state allows is on offer."""

    field_order = ("action", "reason")
    action = forms.ChoiceField(label=_("Action"))

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = PARTNER.actions_from(partner.status)
        self.fields["action"].choices = [(action, ACTION_LABELS[action]) for action in allowed]


class ContactForm(forms.Form):
    """A person in a role around a partner."""

    name = forms.CharField(label=_("Name"), max_length=150)
    side = forms.ChoiceField(label=_("Side"), choices=ContactSide.choices, initial=ContactSide.THEIRS)
    role = forms.ChoiceField(label=_("Role"), choices=ContactRole.choices, initial=ContactRole.PRIMARY)
    email = forms.EmailField(label=_("Mail address"), required=False, max_length=254)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=40)


class NpsForm(ReasonForm):
    """An answer that came on another way than the survey."""

    field_order = ("score", "answered_on", "email", "comment", "reason")
    score = forms.TypedChoiceField(label=_("Answer"), coerce=int, choices=[(n, str(n)) for n in range(10, -1, -1)])
    answered_on = DayField(label=_("Answered on"))
    email = forms.EmailField(label=_("Who answered"), required=False, max_length=254)
    comment = forms.CharField(label=_("Comment"), required=False, max_length=2000, widget=forms.Textarea({"rows": 2}))


class FitForm(ReasonForm):
    """A judgement of strategic fit."""

    field_order = ("rating", "set_on", "reason")
    rating = forms.ChoiceField(label=_("Strategic fit"), choices=FitRating.choices)
    set_on = DayField(label=_("As of"))


class ValueForm(ReasonForm):
    """A rating of strategic value."""

    field_order = ("score", "rated_on", "reason")
    score = forms.TypedChoiceField(
        label=_("Strategic value"), coerce=int, choices=[(n, str(n)) for n in range(5, 0, -1)]
    )
    rated_on = DayField(label=_("As of"))


class IntegrationForm(forms.Form):
    """An integration that went live, and what shows it."""

    field_order = ("name", "product", "url", "live_on", "evidence")
    name = forms.CharField(label=_("Integration"), max_length=150)
    product = forms.CharField(
        label=_("Our product"), required=False, max_length=120, help_text=_("Or a category, like Analytics.")
    )
    url = forms.URLField(
        label=_("Address"),
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=_("Where customers find it; https only."),
    )
    live_on = DayField(label=_("Live since"))
    evidence = forms.CharField(
        label=_("What shows it"),
        max_length=2000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("A test, a listing, a customer who uses it. The partner does not see this note."),
    )


class IntegrationEditForm(IntegrationForm, ReasonForm):
    """The same, corrected; an empty end says that it runs."""

    field_order = ("name", "product", "url", "live_on", "ended_on", "evidence", "reason")
    ended_on = DayField(label=_("Ended"), required=False, help_text=_("The first day without it."))

    @classmethod
    def initial_of(cls, integration: Integration) -> dict[str, Any]:
        """The stored values."""
        return {name: getattr(integration, name) for name in cls.field_order if name != "reason"}


class IntegrationEndForm(ReasonForm):
    """From when on customers no longer have an integration."""

    field_order = ("ended_on", "reason")
    ended_on = DayField(label=_("Ended"))


class OverrideForm(ReasonForm):
    """A dated exception from the ladder."""

    field_order = (
        "kind",
        "tier",
        "starts_on",
        "ends_on",
        "sourced_arr",
        "qualified_referrals",
        "live_integrations",
        "co_sold_deals",
        "certified_people",
        "reason",
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=OverrideKind.choices,
        help_text=_(
            "Strategic: this tier whatever the results. Provisional: a floor for a new partner. "
            "Accelerator: this tier as soon as the targets are reached."
        ),
    )
    tier = forms.ModelChoiceField(label=_("Tier"), queryset=Tier.objects.none())
    starts_on = DayField(label=_("From"))
    ends_on = DayField(label=_("Last day"))
    sourced_arr = forms.CharField(label=_("Target: sourced ARR"), required=False)
    qualified_referrals = PlainNumber(label=_("Target: qualified referrals"), required=False)
    live_integrations = PlainNumber(label=_("Target: live integrations"), required=False)
    co_sold_deals = PlainNumber(label=_("Target: co-sold deals"), required=False)
    certified_people = PlainNumber(label=_("Target: certified people"), required=False)

    def __init__(self, *args: Any, partner: Partner, metrics: Sequence[str], currency: str, **kwargs: Any) -> None:
        """``metrics`` are those that the partner's ladder counts; the others are not on offer."""
        super().__init__(*args, **kwargs)
        self.currency = currency
        for metric in TierMetric:
            if metric not in metrics:
                del self.fields[metric.value]
        self.fields["tier"].queryset = Tier.objects.filter(track_id=partner.track_id).order_by("rank")

    def clean_sourced_arr(self) -> str:
        """A plain amount in the program's currency."""
        text = self.cleaned_data["sourced_arr"].strip()
        if text:
            try:
                return format(parse_amount(text, self.currency), "f")
            except MoneyError as error:
                raise forms.ValidationError(str(error)) from None
        return ""

    def target_fields(self) -> list[forms.BoundField]:
        """What an accelerator can ask for on this partner's ladder, one path each."""
        return [self[metric] for metric in TierMetric.values if metric in self.fields]

    def targets(self) -> dict[str, Any]:
        """What an accelerator must reach."""
        values = self.cleaned_data
        paths = [{"metric": metric, "threshold": values[metric]} for metric in TierMetric.values if values.get(metric)]
        return {"paths": paths, "certified_people": int(values.get("certified_people") or 0)}


class ProgramFileForm(forms.Form):
    """A program as a file."""

    file = forms.FileField(label=_("Program file (YAML)"))


class PublishForm(forms.Form):
    """From when a version holds."""

    valid_from = DayField(label=_("In force from"))


class ImportForm(forms.Form):
    """A CSV file and how to read it."""

    kind = forms.ChoiceField(label=_("Kind of records"))
    file = forms.FileField(label=_("CSV file"))
    day_order = forms.ChoiceField(
        label=_("Date format"),
        choices=[("iso", _("2026-12-31")), ("dmy", _("31/12/2026")), ("mdy", _("12/31/2026"))],
        initial="iso",
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        choices=[("", _("UTF-8 (default)")), *((name, name) for name in ENCODINGS)],
    )

    def __init__(self, *args: Any, kinds: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds


class StoredImportForm(forms.Form):
    """The same file again: to import it, or to get its errors."""

    kind = forms.ChoiceField()
    file = forms.CharField(max_length=20)
    day_order = forms.ChoiceField(choices=[(each, each) for each in DAY_ORDERS])
    encoding = forms.ChoiceField(required=False, choices=[("", ""), *((name, name) for name in ENCODINGS)])

    def __init__(self, *args: Any, kinds: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds
