"""What people type about who did what for a deal."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.choices import TouchKind, VerdictKind
from partners.models import Partner
from prm.core.widgets import DayInput

DIRECT, OTHER = "direct", "other"


class OwnTouchForm(forms.Form):
    """What a partner did itself. Nothing here says whose it was or what it was worth."""

    use_required_attribute = False

    kind = forms.ChoiceField(label=_("What happened"), choices=[("", ""), *TouchKind.choices])
    occurred_on = forms.DateField(label=_("On"), widget=DayInput)
    person = forms.CharField(label=_("Who was there"), required=False, max_length=150)
    evidence = forms.CharField(
        label=_("What shows it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A sentence or a file, one of them is needed."),
    )
    file = forms.FileField(label=_("File"), required=False, help_text=_("PDF, picture or office file, up to 20 MB."))

    def clean(self) -> dict[str, Any]:
        """Evidence of one kind or the other."""
        typed = super().clean() or {}
        if not (typed.get("evidence", "").strip() or typed.get("file")):
            self.add_error("evidence", _("Please describe or attach what shows it."))
        return typed


class TouchForm(forms.Form):
    """What a partner or our own sales did, as staff record it."""

    use_required_attribute = False

    side = forms.ChoiceField(label=_("Who did it"))
    kind = forms.ChoiceField(label=_("What happened"), choices=[("", ""), *TouchKind.choices])
    occurred_on = forms.DateField(label=_("On"), widget=DayInput)
    person = forms.CharField(label=_("Person"), required=False, max_length=150)
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    file = forms.FileField(label=_("File"), required=False)
    is_material = forms.BooleanField(label=_("It mattered to the win"), required=False)
    other = forms.CharField(
        label=_("Another partner’s name or number"),
        required=False,
        max_length=200,
        help_text=_("Only for a partner that is not in the list yet."),
    )

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["side"].choices = [
            *((partner.code, partner.name) for partner in partners),
            (DIRECT, _("Our own sales")),
            (OTHER, _("Another partner")),
        ]


class StrikeForm(forms.Form):
    """Why a touch does not count."""

    reason = forms.CharField(label=_("Why it does not count"), max_length=300)


class OverruleForm(forms.Form):
    """Another verdict, and why."""

    use_required_attribute = False

    partner = forms.ChoiceField(label=_("Partner"))
    kind = forms.ChoiceField(label=_("New verdict"), choices=[("", ""), *VerdictKind.choices])
    reason = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The partner reads it. Never mention another partner."),
    )

    def __init__(self, *args: Any, partners: Iterable[Partner], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partner"].choices = [(partner.code, partner.name) for partner in partners]
