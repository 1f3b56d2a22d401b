"""What a partner asks about a deal that does not exist yet. The address holds it, so that it can be kept and sent."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.choices import VerdictKind
from deals.forms.money import MoneyForm, amount_field, currency_choices
from deals.models import Product


class WhatIfForm(MoneyForm):
    """A deal in seven facts."""

    amount = amount_field(_("Amount"), help_text=_("What the customer would agree to pay over the whole term."))
    currency = forms.ChoiceField(label=_("Currency"))
    term_months = forms.IntegerField(
        label=_("Term in months"),
        required=False,
        min_value=1,
        max_value=120,
        help_text=_("Empty: the amount is yearly."),
    )
    product = forms.ModelChoiceField(label=_("Product"), queryset=Product.objects.none(), required=False)
    verdict = forms.ChoiceField(
        label=_("Your part in the deal"),
        choices=[
            (VerdictKind.SOURCED.value, _("You brought it: sourced")),
            (VerdictKind.INFLUENCED.value, _("You helped to win it: influenced")),
        ],
        widget=forms.RadioSelect,
    )
    registered = forms.BooleanField(label=_("You registered it before"), required=False)
    resale = forms.BooleanField(label=_("You resell it: the amount is the list price"), required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["product"].queryset = Product.objects.offered()


class QuoteForm(MoneyForm):
    """A list price, and whether the deal is registered."""

    amount = amount_field(_("List price"))
    currency = forms.ChoiceField(label=_("Currency"))
    product = forms.ModelChoiceField(label=_("Product"), queryset=Product.objects.none(), required=False)
    registered = forms.BooleanField(label=_("The deal is registered"), required=False)
    customer = forms.CharField(label=_("For"), required=False, max_length=120)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["product"].queryset = Product.objects.offered()
