"""What the vendor's people type when they decide."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.choices import LostReason, OpportunityStage
from deals.forms.money import MoneyForm, amount_field, currency_choices
from deals.models import Product
from prm.core.widgets import DayInput

# What a question can open again for the partner, in the words of the form.
QUESTION_FIELDS = [
    ("customer_name", _("Company")),
    ("customer_domain", _("Website")),
    ("customer_country", _("Country")),
    ("customer_address", _("Address")),
    ("contact_name", _("Contact’s name")),
    ("contact_email", _("Contact’s mail address")),
    ("contact_phone", _("Contact’s phone")),
    ("products", _("Products")),
    ("amount", _("Amount")),
    ("term_months", _("Term")),
    ("expected_close_on", _("Expected close")),
    ("first_contact_on", _("First contact")),
    ("engagement", _("Engagement")),
    ("competitor", _("Competitor")),
    ("notes", _("Notes")),
]


def _area(rows: int = 3) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class ApproveForm(forms.Form):
    """An approval: a note for the partner, and why, where the account is known already."""

    note = forms.CharField(label=_("Note to the partner"), required=False, max_length=2000, widget=_area())
    reason = forms.CharField(
        label=_("Why approve it all the same"),
        required=False,
        max_length=2000,
        widget=_area(2),
        help_text=_("Internal; the partner never sees it."),
    )

    def __init__(self, *args: Any, needs_reason: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needs_reason
        self.fields["reason"].error_messages["required"] = _(
            "This account is already known to us. Please say why you approve it all the same."
        )


class ReturnForm(forms.Form):
    """A question, and which fields the partner may change to answer it."""

    note = forms.CharField(label=_("Your question"), max_length=2000, widget=_area())
    fields_to_fix = forms.MultipleChoiceField(
        label=_("Fields the partner may correct"),
        required=False,
        choices=QUESTION_FIELDS,
        widget=forms.CheckboxSelectMultiple,
    )


class RejectForm(forms.Form):
    """A rejection with its reason."""

    note = forms.CharField(
        label=_("Reason"), max_length=2000, widget=_area(), help_text=_("The partner reads it and may appeal once.")
    )


class TransferForm(forms.Form):
    """Why an account changes hands."""

    reason = forms.CharField(
        label=_("Why the account changes hands"),
        max_length=2000,
        widget=_area(2),
        help_text=_("Internal; neither partner sees it."),
    )


class NoteForm(forms.Form):
    """A note the partner reads, where it may stay empty."""

    note = forms.CharField(label=_("Note to the partner"), required=False, max_length=2000, widget=_area(2))


class NoteNeededForm(forms.Form):
    """A note the partner reads."""

    note = forms.CharField(label=_("Note to the partner"), max_length=2000, widget=_area(2))


class ConfirmWonForm(MoneyForm):
    """A confirmed win: the day and the net invoiced amount."""

    won_on = forms.DateField(label=_("Won on"), widget=DayInput)
    amount = amount_field(_("Net invoiced amount"))
    currency = forms.ChoiceField(label=_("Currency"))
    term_months = forms.IntegerField(label=_("Term in months"), required=False, min_value=1, max_value=240)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(currency, currency)]
        self.initial.setdefault("currency", currency)


class CorrectForm(MoneyForm):
    """New figures of a won deal, and why."""

    won_on = forms.DateField(label=_("Won on"), widget=DayInput)
    amount = amount_field(_("Net invoiced amount"))
    currency = forms.ChoiceField(label=_("Currency"))
    term_months = forms.IntegerField(label=_("Term in months"), required=False, min_value=1, max_value=240)
    product = forms.ModelChoiceField(label=_("Product"), required=False, queryset=Product.objects.none())
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=_area(2))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["product"].queryset = Product.objects.order_by("name")


class OpportunityForm(forms.Form):
    """Stage and close of an open deal."""

    stage = forms.ChoiceField(
        label=_("Stage"), choices=[each for each in OpportunityStage.choices if each[0] != OpportunityStage.CLOSED]
    )
    expected_close_on = forms.DateField(label=_("Expected close"), required=False, widget=DayInput)
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=_area(2))


class LoseForm(forms.Form):
    """Why a deal is lost."""

    lost_reason = forms.ChoiceField(label=_("Why it was lost"), choices=[("", ""), *LostReason.choices])
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=_area(2))


class QualifyForm(MoneyForm):
    """The opportunity a referral becomes."""

    amount = amount_field(_("Amount"))
    currency = forms.ChoiceField(label=_("Currency"))
    term_months = forms.IntegerField(label=_("Term in months"), required=False, min_value=1, max_value=240)
    expected_close_on = forms.DateField(label=_("Expected close"), required=False, widget=DayInput)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.initial.setdefault("currency", currency)
