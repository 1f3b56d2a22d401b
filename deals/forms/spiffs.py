"""What people type to set up a SPIFF. Which value it has depends on its kind."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deals.choices import SpiffKind
from deals.forms.money import MoneyForm, PlainDecimalField, amount_field, currency_choices
from deals.models import Product
from partners.choices import PartnerType
from partners.rules.blueprint import Program
from partners.rules.incentive_terms import SpiffLimit
from prm.core.money import MoneyError, parse_amount
from prm.core.widgets import DayInput

VALUES: dict[str, str | Promise] = {
    SpiffKind.FIRST_DEAL: _("Amount for the first deal"),
    SpiffKind.DISPLACEMENT: _("Amount for each deal"),
    SpiffKind.PRODUCT_LAUNCH: _("Commission is multiplied by"),
    SpiffKind.QUARTERLY_PUSH: _("Percent of the quarter’s commission"),
    SpiffKind.BUNDLE: _("Points on the rate"),
}
MEANINGS: dict[str, str | Promise] = {
    SpiffKind.FIRST_DEAL: _("A flat amount for the first deal that a new partner sources."),
    SpiffKind.PRODUCT_LAUNCH: _("Multiplies the commission on sourced deals with the launched product."),
    SpiffKind.QUARTERLY_PUSH: _(
        "A share of the quarter’s commission on top, once the quota of sourced revenue is met."
    ),
    SpiffKind.DISPLACEMENT: _("A flat amount for each sourced deal in which a competitor is replaced."),
    SpiffKind.BUNDLE: _("Points on the rate of sourced deals that hold all the products."),
}
MONEY = (SpiffKind.FIRST_DEAL, SpiffKind.DISPLACEMENT)
WITH_PRODUCTS = (SpiffKind.PRODUCT_LAUNCH, SpiffKind.BUNDLE)
PROBLEMS: dict[str, tuple[str, str | Promise]] = {
    "kind_not_offered": ("", _("The program in force has no SPIFFs of this kind.")),
    "window_order": ("ends_on", _("It ends before it begins.")),
    "below_limit": ("value", _("That is below what the program allows.")),
    "above_limit": ("value", _("That is above what the program allows.")),
    "window_too_short": ("ends_on", _("The program asks for a longer window.")),
    "window_too_long": ("ends_on", _("The program allows a shorter window only.")),
    "window_in_past": ("starts_on", _("Choose today or a later day: what was won before is not paid again.")),
    "currency_missing": ("currency", _("Please choose a currency.")),
    "products_missing": ("products", _("Please choose the launched product.")),
    "two_products_needed": ("products", _("A bundle has at least two products.")),
    "quota_missing": ("quota_amount", _("Please give the quota of the quarter.")),
    "budget_missing": ("budget_amount", _("Please give a budget above zero.")),
    "budget_too_small": ("budget_amount", _("The budget does not cover a single award.")),
}
"""Codes of ``rules.spiffs.problems`` and ``create_spiff``: the field, and the words."""


class SpiffForm(forms.Form):
    """A SPIFF of one kind; fields that another kind needs are not there."""

    name = forms.CharField(label=_("Name"), max_length=120)
    value = forms.CharField(
        max_length=20, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    quota_amount = amount_field(_("Quota of sourced revenue in the quarter"))
    products = forms.ModelMultipleChoiceField(
        label=_("Products"), queryset=Product.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    competitor = forms.CharField(
        label=_("Competitor"), required=False, max_length=120, help_text=_("Empty: whichever is named on the deal.")
    )
    starts_on = forms.DateField(label=_("From"), widget=DayInput)
    ends_on = forms.DateField(label=_("Until, inclusive"), widget=DayInput)
    currency = forms.ChoiceField(label=_("Currency"))
    budget_amount = amount_field(_("Budget"), help_text=_("Nothing is awarded beyond it."))
    partner_types = forms.MultipleChoiceField(
        label=_("Types of partner"), required=False, choices=PartnerType.choices, widget=forms.CheckboxSelectMultiple
    )
    tiers = forms.MultipleChoiceField(label=_("Tiers"), required=False, widget=forms.CheckboxSelectMultiple)
    note = forms.CharField(
        label=_("What partners read"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self, *args: Any, kind: str, limit: SpiffLimit | None, program: Program, today: date, **kwargs: Any
    ) -> None:
        self.kind, self.limit = kind, limit
        first = today + timedelta(days=1)
        days = (limit.window_least_days if limit else None) or 90
        kwargs.setdefault(
            "initial",
            {
                "value": f"{limit.least:f}" if limit else "",
                "starts_on": first,
                "ends_on": first + timedelta(days=days - 1),
                "currency": program.header.currency,
            },
        )
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(program.header.currency)
        self.fields["tiers"].choices = tiers_of(program)
        self.fields["value"].label = VALUES[kind]
        if limit:
            self.fields["value"].help_text = limits_text(limit)
        if kind in WITH_PRODUCTS:
            self.fields["products"].queryset = Product.objects.offered()
        else:
            del self.fields["products"]
        if kind != SpiffKind.DISPLACEMENT:
            del self.fields["competitor"]
        if kind != SpiffKind.QUARTERLY_PUSH:
            del self.fields["quota_amount"]

    def clean(self) -> dict[str, Any]:
        """Read amounts in the chosen currency and the value in its own unit."""
        cleaned = super().clean() or self.cleaned_data
        currency = cleaned.get("currency") or ""
        names = ["budget_amount", "quota_amount"] + (["value"] if self.kind in MONEY else [])
        for name in names:
            if isinstance(cleaned.get(name), str):
                try:
                    cleaned[name] = parse_amount(cleaned[name], currency)
                except MoneyError as error:
                    self.add_error(name, MoneyForm._ERRORS[error.code])
        if self.kind not in MONEY and isinstance(cleaned.get("value"), str):
            cleaned["value"] = self._figure(cleaned["value"])
        return cleaned

    def _figure(self, text: str) -> Decimal | None:
        try:
            return PlainDecimalField(max_digits=6, decimal_places=3, min_value=0).clean(text)
        except forms.ValidationError as error:
            self.add_error("value", error)
            return None

    def put(self, problems: Iterable[str]) -> None:
        """Show what the action refused at its fields."""
        for code in problems:
            name, text = PROBLEMS[code]
            self.add_error(name if name in self.fields else None, text)


def tiers_of(program: Program) -> list[tuple[str, str]]:
    """The tiers of all tracks by code; one code may stand on several ladders."""
    found: dict[str, list[str]] = {}
    for track in program.tracks:
        for rung in track.tiers:
            found.setdefault(rung.code, []).append(rung.name)
    return [(code, names[0]) for code, names in found.items()]


def limits_text(limit: SpiffLimit) -> str:
    """The range that the program allows, and how long it may run."""
    least, most = f"{limit.least:,f}", f"{limit.most:,f}"
    text = str(
        _("The program allows %(least)s.") % {"least": least}
        if limit.least == limit.most
        else _("The program allows %(least)s to %(most)s.") % {"least": least, "most": most}
    )
    if limit.window_least_days and limit.window_most_days:
        text += " " + str(
            _("It runs %(least)s to %(most)s days.")
            % {"least": limit.window_least_days, "most": limit.window_most_days}
        )
    if limit.within_days:
        text += " " + str(_("The deal is won within %(days)s days of joining.") % {"days": limit.within_days})
    return text


class EndForm(forms.Form):
    """Why a SPIFF ends early."""

    reason = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
