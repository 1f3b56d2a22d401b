"""What people type on this app's pages."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.forms.money import PlainDecimalField
from partners.choices import TierMetric
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
    """What a partner imagines on top of today's results, on the ladder of its own. Empty means nothing more."""

    METRICS: ClassVar = {
        "arr": TierMetric.SOURCED_ARR,
        "referrals": TierMetric.QUALIFIED_REFERRALS,
        "integrations": TierMetric.LIVE_INTEGRATIONS,
        "co_sold": TierMetric.CO_SOLD_DEALS,
    }
    arr = PlainDecimalField(
        label=_("More sourced ARR"), required=False, min_value=0, max_value=10**10, decimal_places=2
    )
    referrals = forms.IntegerField(label=_("More qualified referrals"), required=False, min_value=0, max_value=10_000)
    integrations = forms.IntegerField(label=_("More live integrations"), required=False, min_value=0, max_value=10_000)
    co_sold = forms.IntegerField(label=_("More co-sold deals"), required=False, min_value=0, max_value=10_000)
    certified = forms.IntegerField(label=_("More certified people"), required=False, min_value=0, max_value=10_000)

    def __init__(self, data: Mapping[str, Any], *, metrics: Sequence[str], certificate: str = "") -> None:
        """``metrics`` are those that the ladder counts; ``certificate`` names the kind it asks for, where it is one.

        The form is bound only when something was asked.
        """
        others = [name for name, metric in self.METRICS.items() if metric not in metrics]
        asked = [name for name in self.base_fields if name not in others]
        super().__init__(data if any(data.get(name) for name in asked) else None)
        for name in others:
            del self.fields[name]
        if certificate:
            self.fields["certified"].label = _("More people with %(kind)s") % {"kind": certificate}

    def added(self) -> tuple[dict[str, Decimal], int]:
        """What comes on top by metric, and people; what was not understood counts as nothing."""
        data = self.cleaned_data if self.is_bound and self.is_valid() else {}
        counted = {metric.value: Decimal(data.get(name) or 0) for name, metric in self.METRICS.items() if name in data}
        return counted, data.get("certified") or 0


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
