"""What a partner types about a referral."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.forms.money import MoneyForm, amount_field, currency_choices
from deals.models import Product
from prm.core.countries import country_choices
from prm.core.widgets import DayInput


class ReferralForm(MoneyForm):
    """A customer, somebody to talk to there, and what they may need."""

    customer_name = forms.CharField(label=_("Company"), max_length=200)
    customer_country = forms.ChoiceField(label=_("Country"), choices=country_choices)
    customer_domain = forms.CharField(label=_("Website"), required=False, max_length=253)
    contact_name = forms.CharField(label=_("Contact’s name"), max_length=150)
    contact_email = forms.EmailField(label=_("Contact’s mail address"), required=False)
    contact_phone = forms.CharField(label=_("Contact’s phone"), required=False, max_length=40)
    product = forms.ModelChoiceField(label=_("Product"), required=False, queryset=Product.objects.none())
    amount = amount_field(_("Estimated amount"), required=False)
    currency = forms.ChoiceField(label=_("Currency"))
    first_contact_on = forms.DateField(label=_("First contact"), required=False, widget=DayInput)
    source_code = forms.CharField(label=_("Campaign code"), required=False, max_length=40)
    notes = forms.CharField(
        label=_("What they need"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["product"].queryset = Product.objects.offered()
        self.initial.setdefault("currency", currency)
