"""What people type to close the books."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from prm.core.widgets import DayInput


class CloseForm(forms.Form):
    """The last day to close, and that it is meant."""

    until = forms.DateField(label=_("Close up to and including"), widget=DayInput)
    is_sure = forms.BooleanField(label=_("I know that a closed day is never opened again"))

    def __init__(self, *args: Any, until: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"until": until}, **kwargs)
