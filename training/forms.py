"""Forms about certificates."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partners.forms import DayField, ReasonForm
from partners.models import Partner


class PartnerChoice(forms.ModelChoiceField):
    """A partner by its public code."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Partner.objects.none(), to_field_name="code", **kwargs)

    def label_from_instance(self, partner: Partner) -> str:
        """The company's name."""
        return partner.name


class CertificateForm(ReasonForm):
    """A certificate entered by hand."""

    field_order = (
        "partner", "kind", "holder_name", "holder_email", "valid_from", "valid_until", "number", "reason",
    )  # fmt: skip
    partner = PartnerChoice(label=_("Partner"))
    kind = forms.ChoiceField(label=_("Certificate"))
    holder_name = forms.CharField(label=_("Name"), max_length=150)
    holder_email = forms.EmailField(
        label=_("Mail address"), max_length=254, help_text=_("Counts for the tier once this address is a member's.")
    )
    valid_from = DayField(label=_("Valid from"))
    valid_until = DayField(
        label=_("Valid until"), required=False, help_text=_("Left empty, it lasts as long as the program says.")
    )
    number = forms.CharField(label=_("Number"), max_length=40, required=False, help_text=_("Left empty, one is given."))

    def __init__(self, *args: Any, partners: Any, kinds: list, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partner"].queryset = partners
        self.fields["kind"].choices = kinds
