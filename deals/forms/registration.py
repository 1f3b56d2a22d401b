"""What a partner types about a registration."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.actions.registrations import WRITABLE
from deals.choices import EngagementKind, LostReason, OpportunityStage
from deals.forms.money import MoneyForm, amount_field, currency_choices, plain_amount
from deals.models import Product, Registration
from prm.core.countries import country_choices
from prm.core.widgets import DayInput

_STAGES = [choice for choice in OpportunityStage.choices if choice[0] != OpportunityStage.CLOSED]


class RegistrationForm(MoneyForm):
    """All that can be said of a deal. Half-filled is fine for a draft; what is missing is said on submission."""

    use_required_attribute = False

    customer_domain = forms.CharField(
        label=_("Customer’s website"),
        required=False,
        max_length=253,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "url", "spellcheck": "false"}),
    )
    customer_name = forms.CharField(label=_("Company"), max_length=200)
    customer_country = forms.ChoiceField(label=_("Country"), choices=country_choices)
    products = forms.ModelMultipleChoiceField(
        label=_("Products"),
        queryset=Product.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Please choose at least one product.")},
    )
    amount = amount_field(_("Amount"))
    currency = forms.ChoiceField(label=_("Currency"))
    term_months = forms.IntegerField(
        label=_("Term in months"), required=False, min_value=1, max_value=240, help_text=_("Empty for a yearly price.")
    )
    expected_close_on = forms.DateField(label=_("Expected close"), widget=DayInput)
    first_contact_on = forms.DateField(
        label=_("First contact"), widget=DayInput, help_text=_("Registered within 7 days, a deal counts as sourced.")
    )
    customer_address = forms.CharField(
        label=_("Address"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    contact_name = forms.CharField(label=_("Contact’s name"), required=False, max_length=150)
    contact_title = forms.CharField(label=_("Position"), required=False, max_length=100)
    contact_email = forms.EmailField(label=_("Contact’s mail address"), required=False)
    contact_phone = forms.CharField(label=_("Contact’s phone"), required=False, max_length=40)
    stage = forms.ChoiceField(label=_("How far it has come"), choices=_STAGES, required=False)
    engagement = forms.ChoiceField(
        label=_("How you are engaged"), choices=[("", ""), *EngagementKind.choices], required=False
    )
    competitor = forms.CharField(label=_("Competitor"), required=False, max_length=150)
    source_code = forms.CharField(label=_("Campaign code"), required=False, max_length=40)
    quote_sent = forms.BooleanField(label=_("A quote was already sent"), required=False)
    quote_sent_on = forms.DateField(label=_("Quote sent on"), required=False, widget=DayInput)
    notes = forms.CharField(label=_("Notes"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))
    file = forms.FileField(label=_("File"), required=False, help_text=_("PDF, picture or office file, up to 20 MB."))

    def __init__(self, *args: Any, currency: str, registration: Registration | None = None, **kwargs: Any) -> None:
        if registration is not None:
            kwargs["initial"] = initial_of(registration) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["products"].queryset = Product.objects.offered()
        self.initial.setdefault("currency", currency)

    def clean_stage(self) -> str:
        """The first stage when none is chosen."""
        return self.cleaned_data["stage"] or OpportunityStage.PROSPECTING

    def kept(self) -> dict[str, Any]:
        """What can be saved of a form that is not valid (yet): the fields that could be read."""
        self.is_valid()
        return {name: self.cleaned_data[name] for name in WRITABLE if name in self.cleaned_data} | {
            name: None if name in _EMPTY_IS_NONE else ""
            for name in WRITABLE
            if name in self.errors and name in self.data and not str(self.data[name]).strip()
        }

    def kept_products(self) -> list[Product] | None:
        """The chosen products; None where the choice can't be read."""
        if "products" in self.cleaned_data:
            return list(self.cleaned_data["products"])
        return [] if not self.data.getlist("products") else None

    @property
    def missing_only(self) -> bool:
        """Whether all that is wrong is what was left empty; a draft may be kept like that without a word."""
        return all(error.code == "required" for errors in self.errors.as_data().values() for error in errors)


_EMPTY_IS_NONE = frozenset({"amount", "term_months", "expected_close_on", "first_contact_on", "quote_sent_on"})


def initial_of(registration: Registration) -> dict[str, Any]:
    """A registration's fields as the form shows them."""
    values: dict[str, Any] = {name: getattr(registration, name) for name in WRITABLE}
    values["amount"] = plain_amount(registration.amount)
    values["products"] = [product.pk for product in registration.products.all()]
    return values


class AnswerForm(RegistrationForm):
    """The answer to a question: free text, a file, and of the registration only the fields that were asked for."""

    answer = forms.CharField(
        label=_("Your answer"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("In words, or by correcting the fields below."),
    )

    def __init__(self, *args: Any, open_fields: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = set(open_fields) | {"answer", "file"}
        if "amount" in wanted or "currency" in wanted:
            wanted |= {"amount", "currency"}
        for name in list(self.fields):
            if name not in wanted:
                del self.fields[name]
        self.order_fields(["answer"])

    @property
    def asked(self) -> list[Any]:
        """The fields that were asked for, as bound fields; the currency stands beside its amount."""
        return [bound for bound in self if bound.name not in ("answer", "file", "currency")]


class UpdateForm(forms.Form):
    """How far an open deal has come."""

    stage = forms.ChoiceField(label=_("Stage"), choices=_STAGES)
    expected_close_on = forms.DateField(label=_("Expected close"), required=False, widget=DayInput)
    note = forms.CharField(
        label=_("What happened"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class WonForm(forms.Form):
    """A win, with what shows it."""

    won_on = forms.DateField(label=_("Won on"), widget=DayInput)
    evidence = forms.CharField(
        label=_("What shows it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("An order number, a signed offer, a mail of the customer. Describe it or attach it."),
    )
    file = forms.FileField(label=_("File"), required=False)


class LostForm(forms.Form):
    """Why a deal is lost."""

    lost_reason = forms.ChoiceField(label=_("Why it was lost"), choices=[("", ""), *LostReason.choices])
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class ExtensionForm(forms.Form):
    """Why more time is needed."""

    activity = forms.CharField(
        label=_("What has happened with the customer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AppealForm(forms.Form):
    """What speaks against a rejection."""

    grounds = forms.CharField(
        label=_("What speaks for your registration"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    file = forms.FileField(label=_("File"), required=False)


class WithdrawForm(forms.Form):
    """Why a registration is taken back."""

    reason = forms.CharField(
        label=_("Reason"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class FileForm(forms.Form):
    """One file."""

    file = forms.FileField(label=_("File"), help_text=_("PDF, picture or office file, up to 20 MB."))
