"""What people type to hold, free, adjust or void a commission."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.choices import HoldReason
from deals.forms.disputes import SizeForm
from deals.forms.money import amount_field

BY_HAND = (HoldReason.REVIEW, HoldReason.FRAUD, HoldReason.SUSPENDED)


class HoldForm(forms.Form):
    """Why a line is kept out of runs. A dispute holds by itself."""

    reason = forms.ChoiceField(
        label=_("Held because"), choices=[(each.value, each.label) for each in BY_HAND], initial=HoldReason.REVIEW
    )
    note = forms.CharField(
        label=_("What is to be cleared up"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class FreeForm(forms.Form):
    """Why a held line may go on."""

    note = forms.CharField(label=_("Why it may go on"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class VoidForm(forms.Form):
    """Why a line never should have been."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        help_text=_("Kept in the audit log. The partner sees that the line was taken out."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class AdjustForm(SizeForm):
    """By how much a line is corrected, up or down, and why. ``key`` lets the same page be sent twice."""

    SIZE = "amount"

    amount = amount_field(_("By how much"), help_text=_("Below zero to take back, for instance -250.00."))
    reason = forms.CharField(
        label=_("Why"),
        max_length=250,
        help_text=_("The partner reads it as the title of the new line."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    key = forms.CharField(max_length=60, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """The amount may be below zero: the minus is read before the digits."""
        typed = str(self.cleaned_data.get("amount") or "").strip().replace("−", "-")
        is_minus = typed.startswith("-")
        if is_minus:
            self.cleaned_data["amount"] = typed[1:].strip()
        cleaned = super().clean()
        if is_minus and cleaned.get("amount") is not None and "amount" not in self.errors:
            cleaned["amount"] = -cleaned["amount"]
        return cleaned
