"""What people type about what happened to a contract."""

from datetime import date
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deals.actions.contract_events import NEEDS_AMOUNT
from deals.choices import ContractEventKind as Kind
from deals.forms.money import MoneyForm, amount_field
from deals.models import Contract
from prm.core.csv_import import DAY_ORDERS, ENCODINGS
from prm.core.money import MoneyError, parse_amount
from prm.core.widgets import DayInput

AMOUNTS: dict[str, str | Promise] = {
    Kind.PAID: _("What the customer paid"),
    Kind.REFUNDED: _("What the customer got back"),
    Kind.DOWNGRADED: _("What a year is worth from then on"),
    Kind.RENEWED: _("What the new year is worth"),
}
DAYS: dict[str, str | Promise] = {
    Kind.PAID: _("Paid on"),
    Kind.REFUNDED: _("Refunded on"),
    Kind.CANCELLED: _("Ends on"),
    Kind.DOWNGRADED: _("From"),
    Kind.RENEWED: _("The new year begins on"),
    Kind.FRAUD: _("Found on"),
    Kind.IMPLEMENTED: _("Complete on"),
    Kind.TRIAL_COMPLETED: _("Complete on"),
}
MEANINGS: dict[str, str | Promise] = {
    Kind.PAID: _("The first payment starts the holdback of what waits for it; recurring shares are earned on each."),
    Kind.IMPLEMENTED: _("Starts the holdback of what waits for the implementation."),
    Kind.TRIAL_COMPLETED: _("Starts the holdback of what waits for the end of the trial."),
    Kind.RENEWED: _("Partners earn on the new year by the plan in force on the day."),
    Kind.DOWNGRADED: _("Commission on the part that is gone is taken back by the days since the start."),
    Kind.REFUNDED: _("Commission on the refunded part is taken back in full, whatever the day."),
    Kind.CANCELLED: _("Commission is taken back by the days since the start; later nothing is."),
    Kind.FRAUD: _("Everything is taken back, what is unpaid is held, and the director is asked about the partnership."),
}


class EventForm(forms.Form):
    """One event of one kind; the amount is in the contract's currency."""

    effective_on = forms.DateField(widget=DayInput)
    amount = amount_field("")
    external_id = forms.CharField(
        label=_("Number elsewhere"),
        required=False,
        max_length=100,
        help_text=_("Invoice or credit note; the same number is never recorded twice."),
    )
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, kind: str, contract: Contract, today: date, **kwargs: Any) -> None:
        self.kind, self.contract = kind, contract
        kwargs.setdefault("initial", {"effective_on": today})
        super().__init__(*args, **kwargs)
        self.fields["effective_on"].label = DAYS[kind]
        if kind in NEEDS_AMOUNT:
            self.fields["amount"].label = AMOUNTS[kind]
        else:
            del self.fields["amount"]

    def clean(self) -> dict[str, Any]:
        """Read the amount in the contract's currency."""
        cleaned = super().clean() or self.cleaned_data
        text = cleaned.get("amount")
        if isinstance(text, str):
            try:
                cleaned["amount"] = parse_amount(text, self.contract.currency)
            except MoneyError as error:
                self.add_error("amount", MoneyForm._ERRORS[error.code])
        return cleaned


class EventImportForm(forms.Form):
    """A file of events and how to read it."""

    file = forms.FileField(label=_("CSV file"))
    day_order = forms.ChoiceField(
        label=_("Date format"),
        choices=[("iso", _("2026-12-31")), ("dmy", _("31/12/2026")), ("mdy", _("12/31/2026"))],
        initial="iso",
    )
    encoding = forms.ChoiceField(
        label=_("Encoding"),
        required=False,
        choices=[("", _("UTF-8 (default)")), *((name, name) for name in ENCODINGS)],
    )


class StoredEventsForm(forms.Form):
    """The same file again: to import it, or to get the rows it refuses."""

    file = forms.CharField(max_length=20)
    day_order = forms.ChoiceField(choices=[(each, each) for each in DAY_ORDERS])
    encoding = forms.ChoiceField(required=False, choices=[("", ""), *((name, name) for name in ENCODINGS)])
