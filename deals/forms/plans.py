"""What people type about plans: their terms, a deal to try them on, agreements with single partners, and what-ifs."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deals.actions.plans import PlanRefused
from deals.choices import DealKind, EarningTrigger, PlanModel, VerdictKind
from deals.documents.plan_words import bracket_lines, plain
from deals.forms.money import MoneyForm, PlainDecimalField, amount_field, currency_choices
from deals.forms.spiffs import tiers_of
from deals.models import Product
from partners.choices import BenefitKind, PartnerType
from partners.models import ProgramVersion
from partners.rules.blueprint import Problem, Program
from partners.rules.incentive_terms import ANY_DEAL, Bracket, PlanTerm
from partners.rules.term_reader import TermsError
from prm.core.widgets import DayInput

_BRACKET = re.compile(r"([0-9.]+)\s*(?:-|–|to)\s*([0-9.]*)\s*[:=]\s*([0-9.]+)\s*%?")
_PERCENT = {"min_value": 0, "max_value": 100, "max_digits": 9, "decimal_places": 6, "required": False}
DEALS = [(ANY_DEAL, _("All deals")), *DealKind.choices]


def percent_field(label: Any, **more: Any) -> PlainDecimalField:
    """A percentage, 0 to 100."""
    return PlainDecimalField(label=label, **{**_PERCENT, **more})


def read_brackets(text: str) -> list[dict[str, str | None]]:
    """Brackets from lines like ``0 - 100000: 20``; the last one has no end. Raises ValidationError with the line."""
    found = []
    for number, line in enumerate(filter(None, (each.strip() for each in text.splitlines())), start=1):
        match = _BRACKET.fullmatch(line.replace(",", ""))
        if match is None:
            raise forms.ValidationError(_("Line %(number)s is not like 0 - 100000: 20"), params={"number": number})
        found.append({"at_least": match[1], "below": match[2] or None, "percent": match[3]})
    return found


class PlanForm(forms.Form):
    """All terms of a plan, and why they change. Paths of problems inside the plan find their fields."""

    PLACES = {
        "scope.deal": "deal",
        "scope.tracks": "tracks",
        "scope.types": "types",
        "scope.tiers": "tiers",
        "scope.products": "products",
        "scope": "deal",
        "guard_rail.least": "guard_least",
        "guard_rail.most": "guard_most",
        "guard_rail": "guard_least",
    }

    name = forms.CharField(label=_("Name"), max_length=120)
    code = forms.CharField(label=_("Code"), max_length=40, help_text=_("Small letters, digits and _."))
    model = forms.ChoiceField(label=_("How it earns"), choices=PlanModel.choices)
    rate_percent = percent_field(_("Rate in percent"))
    rate_benefit = forms.ChoiceField(
        label=_("Rate by tier"), required=False, help_text=_("Instead of a rate: what the tier’s benefit says.")
    )
    months = forms.IntegerField(label=_("Months of a recurring share"), required=False, min_value=1, max_value=120)
    flat_amount = PlainDecimalField(
        label=_("Flat amount"), required=False, min_value=0, max_digits=14, decimal_places=2
    )
    currency = forms.ChoiceField(
        label=_("Currency"), required=False, help_text=_("Of flat amounts and brackets; other deals don’t fit.")
    )
    brackets = forms.CharField(
        label=_("Brackets by the year’s volume"),
        required=False,
        help_text=_("One a line, like 0 - 100000: 20 and, for the last one, 250000 - : 30"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    deal = forms.ChoiceField(label=_("Deals"), choices=DEALS)
    tracks = forms.MultipleChoiceField(label=_("Tracks"), required=False, widget=forms.CheckboxSelectMultiple)
    types = forms.MultipleChoiceField(
        label=_("Types of partner"), required=False, choices=PartnerType.choices, widget=forms.CheckboxSelectMultiple
    )
    tiers = forms.MultipleChoiceField(label=_("Tiers"), required=False, widget=forms.CheckboxSelectMultiple)
    products = forms.MultipleChoiceField(label=_("Products"), required=False, widget=forms.CheckboxSelectMultiple)
    renewal_rate_percent = percent_field(_("Rate of renewals"), help_text=_("Empty: the plan’s rate of the day."))
    trigger = forms.ChoiceField(label=_("Waits for"), required=False)
    holdback_days = forms.IntegerField(
        label=_("Holdback in days"), required=False, min_value=0, max_value=365, help_text=_("Empty: the program’s.")
    )
    splits_credit = forms.BooleanField(label=_("Share it by credit among the partners of a deal"), required=False)
    guard_least = percent_field(_("Usual from"))
    guard_most = percent_field(_("Usual to"), help_text=_("Empty: what is usual for the types."))
    starts_on = forms.DateField(label=_("Only from"), required=False, widget=DayInput)
    ends_on = forms.DateField(label=_("Only until"), required=False, widget=DayInput)
    reason = forms.CharField(
        label=_("What changes and why"),
        max_length=1000,
        help_text=_("Kept with the draft."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, program: Program, plan: PlanTerm | None, **kwargs: Any) -> None:
        self.program, self.before = program, plan
        if plan is not None:
            kwargs.setdefault("initial", terms_typed(plan))
        super().__init__(*args, **kwargs)
        percents = [
            (each.head.code, each.head.name) for each in program.benefits if each.head.kind == BenefitKind.PERCENT
        ]
        own = program.topics["incentives"]
        self.fields["rate_benefit"].choices = [("", _("no")), *percents]
        self.fields["currency"].choices = [
            ("", _("the program’s: %(currency)s") % {"currency": program.header.currency}),
            *currency_choices(program.header.currency),
        ]
        self.fields["tracks"].choices = [(track.code, track.name) for track in program.tracks]
        self.fields["tiers"].choices = tiers_of(program)
        self.fields["trigger"].choices = [
            ("", _("the program’s: %(trigger)s") % {"trigger": EarningTrigger(own.trigger).label}),
            *EarningTrigger.choices,
        ]
        named = {name for each in own.plans for name in each.scope.products}
        offered = Product.objects.offered().values_list("name", flat=True)
        self.fields["products"].choices = [(name, name) for name in sorted({*offered, *named})]
        if plan is not None:
            self.fields["code"].disabled = True

    def clean_brackets(self) -> list[dict[str, str | None]]:
        """Each line's edges and percentage."""
        return read_brackets(self.cleaned_data["brackets"])

    def clean(self) -> dict[str, Any]:
        """Read the plan as strictly as a file; what is wrong goes to its field."""
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            cleaned["plan"] = PlanTerm.from_dict(self._data(cleaned))
        except TermsError as error:
            self.put([Problem(error.path, error.reason)])
        return cleaned

    def _data(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        least, most = cleaned["guard_least"], cleaned["guard_most"]
        return {
            "code": cleaned["code"],
            "name": cleaned["name"],
            "model": cleaned["model"],
            "scope": {
                "deal": cleaned["deal"],
                **{name: cleaned[name] for name in ("tracks", "types", "tiers", "products")},
            },
            "rate_percent": cleaned["rate_percent"],
            "rate_benefit": cleaned["rate_benefit"],
            "months": cleaned["months"],
            "flat_amount": cleaned["flat_amount"],
            "currency": cleaned["currency"],
            "brackets": cleaned["brackets"],
            "renewal_rate_percent": cleaned["renewal_rate_percent"],
            "trigger": cleaned["trigger"] or None,
            "holdback_days": cleaned["holdback_days"],
            "splits_credit": cleaned["splits_credit"],
            "guard_rail": None
            if least is None and most is None
            else {"least": least if least is not None else 0, "most": most if most is not None else 100},
            "starts_on": cleaned["starts_on"],
            "ends_on": cleaned["ends_on"],
        }

    def put(self, problems: Iterable[Problem]) -> None:
        """Show problems at the fields that their paths name, and the others above the form."""
        for each in problems:
            path = re.sub(r"\[\d+\].*", "", each.path)
            name = self.PLACES.get(path, path)
            known = name in self.fields
            self.add_error(
                name if known else None, each.reason if known or not each.path else f"{each.path}: {each.reason}"
            )

    def put_refusal(self, refusal: PlanRefused) -> None:
        """Show what the action refused."""
        if refusal.problems:
            self.put(refusal.problems)
        else:
            self.add_error(None, refusal.message)


def terms_typed(plan: PlanTerm) -> dict[str, Any]:
    """A plan's terms as the form shows them."""
    rail = plan.guard_rail
    return {
        "name": plan.name,
        "code": plan.code,
        "model": plan.model,
        "rate_percent": plain(plan.rate_percent),
        "rate_benefit": plan.rate_benefit,
        "months": plan.months,
        "flat_amount": plain(plan.flat_amount),
        "currency": plan.currency,
        "brackets": bracket_lines(plan),
        "deal": plan.scope.deal,
        "tracks": list(plan.scope.tracks),
        "types": list(plan.scope.types),
        "tiers": list(plan.scope.tiers),
        "products": list(plan.scope.products),
        "renewal_rate_percent": plain(plan.renewal_rate_percent),
        "trigger": plan.trigger or "",
        "holdback_days": plan.holdback_days,
        "splits_credit": plan.splits_credit,
        "guard_least": plain(rail.least) if rail else "",
        "guard_most": plain(rail.most) if rail else "",
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
    }


class DropForm(forms.Form):
    """Why a plan is left out of the next version."""

    reason = forms.CharField(label=_("Why"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class PublishPlansForm(forms.Form):
    """The day from which the draft's terms count."""

    valid_from = forms.DateField(label=_("In force from"), widget=DayInput)


REBATE = "rebate"
MODELS = [*PlanModel.choices, (REBATE, _("Volume rebate"))]
_ON_A_DEAL = ("verdict", "points", "multiplier", "credit_percent", "bonus")
USED: dict[str, tuple[str, ...]] = {
    PlanModel.FIRST_YEAR: ("rate_percent", *_ON_A_DEAL),
    PlanModel.RECURRING: ("rate_percent", "months", *_ON_A_DEAL),
    PlanModel.BRACKETS: ("brackets", "volume_before", *_ON_A_DEAL),
    PlanModel.FLAT: ("flat_amount", "verdict", "multiplier", "credit_percent", "bonus"),
    PlanModel.HYBRID: ("rate_percent", "flat_amount", *_ON_A_DEAL),
    PlanModel.MARGIN: ("rate_percent", "points"),
    REBATE: ("brackets", "granted"),
}
"""What each model has a use for, beside the amount."""
AMOUNT_OF: dict[str, str | Promise] = {
    PlanModel.FIRST_YEAR: _("Value of the first year"),
    PlanModel.RECURRING: _("What the customer pays a year"),
    PlanModel.BRACKETS: _("Value of the deal, or of the year’s deals"),
    PlanModel.FLAT: _("Value of the deal"),
    PlanModel.HYBRID: _("Value of the first year"),
    PlanModel.MARGIN: _("List price"),
    REBATE: _("Volume of the fiscal year so far"),
}


class TryForm(MoneyForm):
    """Terms, and a deal to try them on; of its fields those that the model has a use for.

    Everything is in the address, so that a sum can be sent to somebody.
    """

    model = forms.ChoiceField(choices=MODELS, widget=forms.HiddenInput)
    amount = amount_field("")
    currency = forms.ChoiceField(label=_("Currency"))
    rate_percent = percent_field(_("Rate in percent"), required=True)
    months = forms.IntegerField(label=_("For months"), min_value=1, max_value=120)
    flat_amount = PlainDecimalField(label=_("Flat amount"), min_value=0, max_digits=14, decimal_places=2)
    brackets = forms.CharField(
        label=_("Brackets"),
        help_text=_("One a line, like 0 - 100000: 20 and, for the last one, 250000 - : 30"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    volume_before = PlainDecimalField(
        label=_("Volume of the year before it"), required=False, min_value=0, max_digits=16, decimal_places=2
    )
    granted = PlainDecimalField(
        label=_("Rebate granted before"), required=False, min_value=0, max_digits=14, decimal_places=2
    )
    verdict = forms.ChoiceField(
        label=_("Verdict"),
        choices=[(each.value, each.label) for each in (VerdictKind.SOURCED, VerdictKind.INFLUENCED)],
    )
    points = percent_field(_("Points on the rate"), help_text=_("For a registered deal, or from a bundle."))
    multiplier = PlainDecimalField(
        label=_("Multiplied by"), required=False, min_value=1, max_digits=6, decimal_places=3
    )
    credit_percent = percent_field(_("Credit in percent"), help_text=_("Only for a plan that shares by credit."))
    bonus = PlainDecimalField(label=_("Flat bonus"), required=False, min_value=0, max_digits=14, decimal_places=2)

    def __init__(self, *args: Any, model: str, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = currency_choices(currency)
        self.fields["amount"].label = AMOUNT_OF[model]
        for name in {name for used in USED.values() for name in used} - set(USED[model]):
            del self.fields[name]

    def clean_brackets(self) -> tuple[Bracket, ...]:
        """Each line's edges and percentage."""
        try:
            return tuple(Bracket.from_dict(each) for each in read_brackets(self.cleaned_data["brackets"]))
        except TermsError as error:
            raise forms.ValidationError(str(error)) from None


class WhyForm(forms.Form):
    """A deal that might be signed: which plan would count?"""

    partner = forms.CharField(label=_("Partner"), max_length=120, help_text=_("Name or number."))
    deal_kind = forms.ChoiceField(label=_("Economic model"), choices=DealKind.choices)
    product = forms.ModelChoiceField(
        label=_("Product"), queryset=Product.objects.none(), required=False, empty_label=_("none")
    )
    on = forms.DateField(label=_("Signed on"), widget=DayInput)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"on": today, "deal_kind": DealKind.COMMISSION.value}, **kwargs)
        self.fields["product"].queryset = Product.objects.offered()


class OwnRateForm(forms.Form):
    """A rate agreed with one partner."""

    partner = forms.CharField(label=_("Partner"), max_length=120, help_text=_("Name or number."))
    plan_code = forms.ChoiceField(label=_("Plan"), required=False)
    rate_percent = percent_field(_("Rate in percent"), required=True)
    valid_from = forms.DateField(label=_("From"), widget=DayInput)
    valid_until = forms.DateField(
        label=_("Until, inclusive"), required=False, widget=DayInput, help_text=_("Empty: until it is ended.")
    )
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, plans: Iterable[PlanTerm], today: date, **kwargs: Any) -> None:
        kwargs["initial"] = {"valid_from": today, **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        rated = [(plan.code, plan.name) for plan in plans if plan.model != PlanModel.FLAT]
        self.fields["plan_code"].choices = [("", _("Whichever counts")), *rated]


class EndRateForm(forms.Form):
    """The last day of an agreement, and why it ends."""

    last_day = forms.DateField(label=_("Last day"), widget=DayInput)
    reason = forms.CharField(label=_("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"last_day": today}, **kwargs)


class CompareForm(forms.Form):
    """New terms to hold against the deals that were won: a version, or one plan with another rate."""

    new = forms.ChoiceField(label=_("New terms"), required=False)
    plan = forms.ChoiceField(label=_("or change one plan"), required=False)
    rate_percent = percent_field(_("to a rate of"))
    months = forms.IntegerField(
        label=_("for months"), required=False, min_value=1, max_value=120, help_text=_("Recurring shares only.")
    )

    def __init__(
        self, *args: Any, versions: Iterable[ProgramVersion], plans: Iterable[PlanTerm], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new"].choices = [
            ("", _("as in force")),
            *((each.code, f"{each.name} ({each.code}, {each.get_status_display()})") for each in versions),
        ]
        self.fields["plan"].choices = [("", _("none"))] + [
            (plan.code, plan.name) for plan in plans if plan.model not in (PlanModel.FLAT, PlanModel.BRACKETS)
        ]

    def clean(self) -> dict[str, Any]:
        """A plan comes with its new rate, and something must differ."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("plan") and cleaned.get("rate_percent") is None and "rate_percent" not in self.errors:
            self.add_error("rate_percent", _("Please give the new rate."))
        if not cleaned.get("new") and not cleaned.get("plan"):
            self.add_error("new", _("Choose other terms, or change a plan."))
        return cleaned

    @property
    def rate(self) -> Decimal | None:
        """The new rate of the plan."""
        return self.cleaned_data.get("rate_percent")
