"""Typed amounts with their currency."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from prm.core.money import CURRENCY_DIGITS, MoneyError, parse_amount


def currency_choices(first: str = "") -> list[tuple[str, str]]:
    """All currencies, the program's own first."""
    return [(code, code) for code in sorted(CURRENCY_DIGITS, key=lambda code: (code != first, code))]


def plain_amount(amount: Decimal | None) -> str:
    """A stored amount as a person would type it."""
    if amount is None:
        return ""
    text = f"{amount:f}"
    whole, _dot, minor = text.partition(".")
    minor = minor.rstrip("0")
    return f"{whole}.{minor.ljust(2, '0')}" if minor else whole


class MoneyForm(forms.Form):
    """A form with ``amount`` and ``currency``; plain digits only, with the decimals the currency has."""

    _ERRORS = {
        "format": _("Please write plain digits, like 84000 or 1250.50."),
        "digits": _("This currency does not have so many decimals."),
        "currency": _("Please choose a currency."),
        "range": _("This amount is too large."),
    }

    def clean(self) -> dict[str, Any]:
        """Read the amount in its currency; an empty one stays empty."""
        cleaned = super().clean() or self.cleaned_data
        typed = cleaned.get("amount")
        if isinstance(typed, str):
            try:
                cleaned["amount"] = parse_amount(typed, cleaned.get("currency") or "") if typed.strip() else None
            except MoneyError as error:
                self.add_error("amount", self._ERRORS[error.code])
        return cleaned


class PlainDecimalField(forms.DecimalField):
    """A number in plain digits. Django's own also reads 1e3, digits of other scripts and, in some places, words."""

    _PLAIN = re.compile(r"-?[0-9]{1,18}(?:[.,][0-9]{1,9})?")

    def to_python(self, value: Any) -> Decimal | None:
        """The number as typed, or nothing; ValidationError for anything but ASCII digits with one separator."""
        if isinstance(value, str) and value.strip():
            value = value.strip()
            if not self._PLAIN.fullmatch(value):
                raise forms.ValidationError(_("Please write plain digits, like 12.5."), code="format")
            value = value.replace(",", ".")
        return super().to_python(value)


def amount_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.CharField:
    """The text field of an amount."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=30,
        help_text=help_text,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
