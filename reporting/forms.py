"""What people type on this app's pages."""

from datetime import date
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.models import Partner
from prm.core.widgets import DayInput
from reporting.choices import ActionSide, PackVersion


class ActionForm(forms.Form):
    """An action agreed in a review: what, whose, until when."""

    title = forms.CharField(label=_("What was agreed"), max_length=250)
    side = forms.ChoiceField(label=_("Who does it"), choices=ActionSide.choices, initial=ActionSide.US)
    owner_name = forms.CharField(label=_("Name"), max_length=150, required=False)
    due_on = forms.DateField(label=_("Due"), required=False, widget=DayInput)


class CarryForm(forms.Form):
    """The later day until which an action is carried over."""

    due_on = forms.DateField(label=_("New day"), widget=DayInput)


class WhatIfForm(forms.Form):
    """What a partner imagines on top of today's results. Empty means nothing more."""

    arr = forms.DecimalField(
        label=_("More sourced ARR"), required=False, min_value=0, max_value=10**10, decimal_places=2
    )
    referrals = forms.IntegerField(label=_("More qualified referrals"), required=False, min_value=0, max_value=10_000)
    certified = forms.IntegerField(label=_("More certified people"), required=False, min_value=0, max_value=10_000)

    def added(self) -> tuple[Decimal, int, int]:
        """ARR, referrals, people; what was not understood counts as nothing."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else {}
        return data.get("arr") or Decimal(0), data.get("referrals") or 0, data.get("certified") or 0


class OrderPackForm(forms.Form):
    """One partner's pack for a quarter that has ended. The partners offered are those the person may see."""

    partner = forms.ModelChoiceField(label=_("Partner"), queryset=Partner.objects.none(), to_field_name="code")
    version = forms.ChoiceField(label=_("Version"), choices=PackVersion.choices, initial=PackVersion.SHARED)

    def __init__(self, *args: object, partners: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class AsOfForm(forms.Form):
    """A business date to run the night for by hand."""

    on = forms.DateField(label=_("As of"), widget=DayInput)

    def __init__(self, *args: object, latest: date | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.latest = latest

    def clean_on(self) -> date:
        """A date that has ended."""
        on: date = self.cleaned_data["on"]
        if self.latest and on > self.latest:
            raise forms.ValidationError(
                _("Choose a day that has ended: the last one is %(day)s.") % {"day": self.latest}
            )
        return on
