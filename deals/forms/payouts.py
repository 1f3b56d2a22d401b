"""What people type about payouts: which run, what the bank did, and where a partner is paid."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.choices import PayoutMethod, TaxForm
from deals.forms.money import currency_choices
from deals.models import PayoutDetails
from prm.core.widgets import DayInput


class RunForm(forms.Form):
    """Which run to look at."""

    currency = forms.ChoiceField(label=_("Currency"))
    through = forms.DateField(label=_("Payable until"), widget=DayInput)
    includes_ended = forms.BooleanField(label=_("Pay partners whose agreement has ended, too"), required=False)

    def __init__(self, *args: Any, first: str, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["currency"].choices = currency_choices(first)

    def clean_through(self) -> date:
        """Not in the future: what becomes payable later may still be taken back."""
        day = self.cleaned_data["through"]
        if day > self.today:
            raise forms.ValidationError(_("Please choose a day that is not in the future."))
        return day


class RequestForm(forms.Form):
    """A word for whoever approves."""

    note = forms.CharField(
        label=_("Note to the approver"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)


class NothingForm(forms.Form):
    """A step that needs no words."""


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class FailureForm(forms.Form):
    """What the bank wrote when it returned a payment."""

    reason = forms.CharField(
        label=_("The bank’s reason"),
        max_length=300,
        help_text=_("For instance: AC04, account closed. The partner’s people don’t read it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PaidForm(forms.Form):
    """The day on which payments arrived."""

    paid_on = forms.DateField(label=_("Paid on"), widget=DayInput)


class ReportForm(forms.Form):
    """The bank's report as a file."""

    file = forms.FileField(
        label=_("The bank’s report (CSV)"),
        help_text=_("Columns: reference, paid_on, reason. A line has a day (2026-06-30) or a reason, not both."),
    )


class PayoutDetailsForm(forms.Form):
    """Where a partner is paid and its tax form. What is on file stays where a secret field is left empty."""

    method = forms.ChoiceField(label=_("How your bank is reached"), choices=PayoutMethod.choices)
    account_holder = forms.CharField(
        label=_("Name on the account"), max_length=70, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    account = forms.CharField(
        label=_("IBAN or account number"),
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bank = forms.CharField(
        label=_("Routing number or BIC"),
        required=False,
        max_length=20,
        help_text=_("ACH: the routing number. Wire: the BIC. For an IBAN leave it empty."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tax_form = forms.ChoiceField(label=_("Tax form"), choices=TaxForm.choices)
    tax_id = forms.CharField(
        label=_("Tax number"),
        required=False,
        max_length=40,
        help_text=_("W-9: SSN or EIN. W-8: your tax number at home. Else your VAT number."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tax_form_signed_on = forms.DateField(
        label=_("Signed on"), required=False, widget=DayInput, help_text=_("For W-9 and W-8.")
    )
    tax_form_file = forms.FileField(
        label=_("The signed form"), required=False, help_text=_("W-9 or W-8 as PDF or picture, up to 20 MB.")
    )
    notice_email = forms.EmailField(
        label=_("Notices to"),
        help_text=_("Whoever changes these details later, a notice goes to this address."),
    )
    replaces = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20)

    def __init__(self, *args: Any, details: PayoutDetails | None = None, email: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("initial", _initial(details, email))
        super().__init__(*args, **kwargs)
        if details is None:
            return
        for name, shown in (
            ("account", details.account_mask),
            ("bank", details.bank_mask),
            ("tax_id", details.tax_id_mask),
        ):
            if shown:
                self.fields[name].widget.attrs["placeholder"] = _("%(shown)s stays as it is") % {"shown": shown}
        if details.tax_form_file_id:
            self.fields["tax_form_file"].help_text = _("A form is on file and stays, unless you choose another.")

    def typed(self) -> dict[str, Any]:
        """The values for the action."""
        return {name: value for name, value in self.cleaned_data.items() if name not in {"tax_form_file", "replaces"}}


def _initial(details: PayoutDetails | None, email: str) -> dict[str, Any]:
    if details is None:
        return {"notice_email": email, "replaces": ""}
    return {
        "method": details.method,
        "account_holder": details.account_holder,
        "tax_form": details.tax_form,
        "tax_form_signed_on": details.tax_form_signed_on,
        "notice_email": details.notice_email,
        "replaces": details.code,
    }
