"""What a partner types to dispute a line, and the vendor to settle it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.forms.money import MoneyForm, amount_field
from deals.models import Commission
from prm.core.money import MoneyError, parse_amount


class SizeForm(forms.Form):
    """A form with one amount in the line's currency, named by ``SIZE``; the currency is not the reader's choice."""

    SIZE = ""

    def __init__(self, *args: Any, line: Commission, **kwargs: Any) -> None:
        self.line = line
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        """Read the amount in the line's currency; an empty one stays empty."""
        cleaned = super().clean() or self.cleaned_data
        typed = cleaned.get(self.SIZE)
        if isinstance(typed, str):
            try:
                cleaned[self.SIZE] = parse_amount(typed, self.line.currency) if typed.strip() else None
            except MoneyError as error:
                self.add_error(self.SIZE, MoneyForm._ERRORS[error.code])
        return cleaned


class DisputeForm(SizeForm):
    """What is wrong with a line, what it should be, and a file that shows it."""

    SIZE = "expected_amount"

    reason = forms.CharField(
        label=_("What is wrong"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What should be different, and how we can see it."),
    )
    expected_amount = amount_field(_("What it should be"), required=False)
    file = forms.FileField(
        label=_("Evidence"), required=False, help_text=_("PDF, picture or office file, up to 20 MB.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.line.amount < 0:
            self.fields["expected_amount"].label = _("What should have been taken back")


class UpholdForm(SizeForm):
    """What the line should be, and why."""

    SIZE = "right_amount"

    right_amount = amount_field(_("What the line should be"))
    answer = forms.CharField(
        label=_("Answer"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The partner reads it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.line.amount < 0:
            self.fields["right_amount"].label = _("What should have been taken back")


class RejectDisputeForm(forms.Form):
    """Why the line is right."""

    answer = forms.CharField(
        label=_("Why the line is right"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The partner reads it."),
    )
