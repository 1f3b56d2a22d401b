"""The steps behind a line, a plan, a verdict or a margin, each with its label, figure and remark.

Rules give lines of codes and figures; this puts them into the reader's language. Lines for the vendor are dropped for
everyone else by ``for_audience`` before they come here. A code without words of its own is shown as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from deals.choices import ClawbackCause, CommissionKind, CreditModel, PlanModel, SpiffKind, VerdictKind
from prm.core.explain import Line
from prm.core.figures import day_text, figure, money_text, percent_text
from prm.core.wording import Said, in_words

Values = Mapping[str, Any]
Say = Callable[[Values, str, Mapping[str, str]], tuple[str, str, str]]


def said(lines: Iterable[Line], currency: str, names: Mapping[str, str] | None = None) -> list[Said]:
    """Lines in words. ``names`` says what codes in them are called: SPIFFs, plans, tiers."""
    return [_said(line, currency, names or {}) for line in lines]


def _said(line: Line, currency: str, names: Mapping[str, str]) -> Said:
    say = _WORDS.get(line.code)
    if say is None:
        return in_words([line])[0]
    label, value, note = say(line.values, str(line.values.get("currency") or currency), names)
    return Said(label, value, note, line.code in _TOTALS, "")


def word(choices: Any, code: Any) -> str:
    """The reader's word for a stored choice; one that is no longer on the list stays readable."""
    text = str(code or "")
    return str(choices(text).label) if text in choices.values else text.replace("_", " ").capitalize()


def _money(value: Any, currency: str) -> str:
    return money_text(Decimal(str(value or 0)), currency, exact=True)


def _percent(value: Any) -> str:
    return percent_text(Decimal(str(value))) if value not in (None, "") else "–"


def _day(value: Any) -> str:
    return day_text(value if isinstance(value, date) else date.fromisoformat(str(value)[:10]))


def rate_source(code: Any) -> str:
    """Where a rate comes from."""
    return {
        "plan": _("the plan’s rate"),
        "tier": _("what the tier gives"),
        "own": _("agreed with the partner"),
        "renewal": _("the plan’s rate for renewals"),
        "brackets": _("by the plan’s brackets"),
        "none": _("the plan has a fixed amount"),
    }.get(str(code), str(code))


def _source(code: Any, names: Mapping[str, str]) -> str:
    return _("deal registration") if code == "registration" else names.get(str(code), str(code))


def _base(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    notes: dict[str, str] = {
        CommissionKind.RECURRING: _("what the customer paid"),
        CommissionKind.RENEWAL: _("a year’s value of the renewal"),
    }
    note = notes.get(str(values.get("kind")), _("a year’s value of the contract"))
    return _("Base"), _money(values.get("amount"), currency), note


def _bracket(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    start, end = figure(str(values.get("from") or 0)), values.get("to")
    span = (
        _("%(from)s to %(to)s") % {"from": start, "to": figure(str(end))}
        if end
        else _("above %(from)s") % {"from": start}
    )
    part = _("%(part)s of it at %(percent)s") % {
        "part": _money(values.get("part"), currency),
        "percent": _percent(values.get("percent")),
    }
    return _("Bracket %(span)s") % {"span": span}, _money(values.get("amount"), currency), part


def _share(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    days, top, bottom = values.get("days"), Decimal(values.get("numerator", 0)), Decimal(values.get("denominator", 1))
    exact = top * 100 / bottom
    whole = exact == exact.to_integral_value()
    text = _percent(exact) if whole else f"{top:f}/{bottom:f}"
    return _("Share taken back"), text, _("day %(days)s of the contract") % {"days": days}


def _cause(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    lost, whole = Decimal(str(values.get("lost", 1))), Decimal(str(values.get("value", 1)))
    note = "" if lost == whole else _("%(lost)s of %(whole)s") % {"lost": figure(lost), "whole": figure(whole)}
    return _("Why"), word(ClawbackCause, values.get("cause")), note


def _plan_lost(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    reasons = {
        "deal": _("is for another kind of deal"),
        "track": _("is for another track"),
        "type": _("is for another type of partner"),
        "tier": _("is for another tier"),
        "product": _("is for other products"),
        "dates": _("did not hold on the day"),
        "currency": _("is in another currency"),
        "no_rate": _("has no rate for this tier"),
        "less_specific": _("is less specific"),
    }
    return _("Not this plan"), str(values.get("name", "")), reasons.get(str(values.get("reason")), "")


def _plan_named(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    narrowed = {
        "products": _("its products"),
        "tiers": _("the tier"),
        "types": _("the type of partner"),
        "tracks": _("the track"),
        "deal": _("this kind of deal"),
    }
    named = [narrowed.get(each, each) for each in values.get("named") or []]
    note = _("made for %(what)s") % {"what": ", ".join(named)} if named else _("the plan for all deals")
    return _("Plan"), str(values.get("name", "")), f"{word(PlanModel, values.get('model'))}, {note}"


def _plan_rate(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    tier = names.get(str(values.get("tier")), str(values.get("tier") or ""))
    note = rate_source(values.get("source"))
    return _("Rate"), _percent(values.get("percent")), f"{note}: {tier}" if tier else note


_CHECKS = {
    "before_sale": lambda: _("You were active before the sale"),
    "lead_channel": lambda: _("The lead came through you"),
    "registered_in_time": lambda: _("Registered or referred soon after your first contact"),
    "before_direct_sales": lambda: _("Our own sales had no contact before you"),
    "first_partner": lambda: _("No other partner was first"),
    "documented": lambda: _("Your activity is documented"),
    "sales_process": lambda: _("You took part in the sales process"),
    "material": lambda: _("It was material to the win"),
}


def _check(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    code = str(values.get("check"))
    label = _CHECKS[code]() if code in _CHECKS else code.replace("_", " ").capitalize()
    days, limit = values.get("days"), values.get("allowed_days")
    note = _("%(days)s days, at most %(limit)s") % {"days": days, "limit": limit} if days is not None and limit else ""
    return label, _("yes") if values.get("passed") else _("no"), note


def _spiff(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
    name = names.get(str(values.get("spiff")), str(values.get("spiff", "")))
    window = _("%(from)s to %(to)s") % {"from": _day(values["from"]), "to": _day(values["to"])}
    return name, word(SpiffKind, values.get("kind")), window


def _row(label: Callable[[], str], what: str, key: str = "amount", note: Callable[[], str] | None = None) -> Say:
    """A line of one figure: money, percent or a plain one."""

    def say(values: Values, currency: str, names: Mapping[str, str]) -> tuple[str, str, str]:
        figures = {
            "money": lambda: _money(values.get(key), currency),
            "percent": lambda: _percent(values.get(key)),
            "plain": lambda: str(values.get(key) or "–"),
        }
        return label(), figures[what](), note() if note else ""

    return say


_WORDS: dict[str, Say] = {
    "commission.base": _base,
    "commission.volume_before": _row(lambda: _("Volume of the year before this deal"), "money"),
    "commission.bracket": _bracket,
    "commission.rate": lambda v, c, n: (_("Rate"), _percent(v.get("percent")), rate_source(v.get("source"))),
    "commission.month": lambda v, c, n: (
        _("Month"),
        _("%(month)s of %(months)s") % {"month": v.get("month"), "months": v.get("months")},
        _("counted from the contract’s start"),
    ),
    "commission.term_over": lambda v, c, n: (
        _("Month"),
        str(v.get("month")),
        _("the plan pays for %(months)s months") % {"months": v.get("months")},
    ),
    "commission.points": lambda v, c, n: (
        _("Points on the rate"),
        f"+{_percent(v.get('points'))}",
        _source(v.get("source"), n),
    ),
    "commission.flat": _row(lambda: _("Fixed amount of the plan"), "money"),
    "commission.multiplier": lambda v, c, n: (
        _("Multiplied by"),
        figure(str(v.get("multiplier", 1))),
        _source(v.get("source"), n),
    ),
    "commission.factor": _row(
        lambda: _("Part of the rate"), "percent", "percent", lambda: _("by what your part in the deal was judged to be")
    ),
    "commission.credit": lambda v, c, n: (
        _("Your credit"),
        _percent(Decimal(str(v.get("bps") or 0)) / 100),
        _("your share of the deal among its partners"),
    ),
    "commission.bonus": lambda v, c, n: (_("Bonus"), _money(v.get("amount"), c), _source(v.get("source"), n)),
    "commission.amount": _row(lambda: _("Commission"), "money", note=lambda: _("rounded once, at the end")),
    "commission.fixed": lambda v, c, n: (_("Agreed amount"), _money(v.get("amount"), c), str(v.get("reason") or "")),
    "clawback.commission": lambda v, c, n: (
        _("Commission it corrects"),
        _money(v.get("amount"), c),
        str(v.get("commission") or ""),
    ),
    "clawback.cause": _cause,
    "clawback.share": _share,
    "clawback.already_taken": lambda v, c, n: (
        _("Taken back before"),
        _money(v.get("amount"), c),
        _("%(left)s were left") % {"left": _money(v.get("left"), c)},
    ),
    "clawback.amount": _row(lambda: _("Taken back"), "money"),
    "rebate.volume": lambda v, c, n: (
        _("Volume of the year so far"),
        _money(v.get("amount"), c),
        str(v.get("period") or ""),
    ),
    "rebate.band": _bracket,
    "rebate.earned": _row(lambda: _("Earned in the year so far"), "money"),
    "rebate.granted": _row(lambda: _("Granted in the year before"), "money"),
    "rebate.overpaid": _row(lambda: _("Granted beyond what the year has earned"), "money"),
    "rebate.amount": _row(lambda: _("Rebate"), "money"),
    "push.commission": lambda v, c, n: (
        _("Commission of the quarter"),
        _money(v.get("amount"), c),
        str(v.get("quarter") or ""),
    ),
    "push.percent": lambda v, c, n: (_("Push"), _percent(v.get("percent")), _source(v.get("spiff"), n)),
    "push.amount": _row(lambda: _("Bonus"), "money"),
    "margin.list": _row(lambda: _("List price"), "money"),
    "margin.rate": _row(lambda: _("Margin"), "percent", "percent", lambda: _("what the tier gives")),
    "margin.points": lambda v, c, n: (
        _("Points on the margin"),
        f"+{_percent(v.get('points'))}",
        _source(v.get("source"), n),
    ),
    "margin.pays": lambda v, c, n: (
        _("You pay"),
        _money(v.get("amount"), c),
        _("%(percent)s of the list price") % {"percent": _percent(v.get("percent"))},
    ),
    "margin.profit": lambda v, c, n: (
        _("Your gross profit"),
        _money(v.get("amount"), c),
        _("%(percent)s of the list price") % {"percent": _percent(v.get("percent"))},
    ),
    "plan.chosen": _plan_named,
    "plan.rate": _plan_rate,
    "plan.own_rate": lambda v, c, n: (
        _("Own rate"),
        _percent(v.get("percent")),
        _("instead of %(percent)s") % {"percent": _percent(v.get("instead_of"))},
    ),
    "plan.none": lambda v, c, n: (_("Plan"), _("none fits this deal"), ""),
    "plan.lost": _plan_lost,
    "attribution.verdict": lambda v, c, n: (_("Your part in the deal"), word(VerdictKind, v.get("kind")), ""),
    "attribution.factor": _row(lambda: _("Part of the rate"), "percent", "percent"),
    "attribution.check": _check,
    "attribution.credit": lambda v, c, n: (
        _("Credit for the revenue"),
        _percent(v.get("percent")),
        word(CreditModel, v.get("model")),
    ),
    "spiff.awarded": _spiff,
    "earning.verdict": lambda v, c, n: (
        _("Your part in the deal"),
        word(VerdictKind, v.get("kind")),
        _("%(percent)s of the rate") % {"percent": _percent(v.get("percent"))},
    ),
    "earning.no_list_price": lambda v, c, n: (_("List price"), "–", _("all of the price is margin")),
}
_TOTALS = frozenset(
    {"commission.amount", "clawback.amount", "rebate.amount", "push.amount", "margin.profit", "commission.fixed"}
)
WORDED = frozenset(_WORDS)
