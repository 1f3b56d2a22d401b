"""Verdicts in words, as each side may read them.

Staff read every check with its evidence. A partner reads what it did itself; whether direct sales or another partner
were there before is one answer for both, "the account was not free at your first contact", without who, when or how
many: the same bit, and no more, that the check of an account gives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from deals.choices import CreditModel, VerdictKind
from deals.models import Touch, Verdict
from prm.core.actors import Actor
from prm.core.figures import day_text, percent_text
from prm.core.wording import Said

_OTHERS = ("before_direct_sales", "first_partner")
_SOURCED = ("lead_channel", "registered_in_time", *_OTHERS)
_INFLUENCED = ("documented", "sales_process", "material")
_T = gettext_lazy
_LABELS = {
    "before_sale": _T("Took part before the sale"),
    "lead_channel": _T("The lead came through this partner"),
    "registered_in_time": _T("Registered in time after the first contact"),
    "before_direct_sales": _T("Our own sales came later than its first contact"),
    "first_partner": _T("No other partner sourced it with an earlier claim"),
    "account_free": _T("The account was free at your first contact"),
    "documented": _T("Activity with evidence"),
    "sales_process": _T("Took part in the sale"),
    "material": _T("Mattered to the win"),
}
_OWN_LABELS = {
    "lead_channel": _T("The lead came through you"),
    "before_sale": _T("You took part before the sale"),
    "sales_process": _T("You took part in the sale"),
}
_REASONS = {
    "sourced": _T("all conditions of sourced hold"),
    "influenced": _T("not all conditions of sourced hold, but all of influenced do"),
    "overruled": _T("decided by a person"),
    "no_influence": _T("what it did is not enough for influenced"),
    "no_standing_claim": _T("its registration or referral does not stand"),
    "after_sale": _T("it took part only after the sale"),
    "only_mentioned": _T("it was only mentioned"),
    "direct_pipeline": _T("the deal is in our direct pipeline, and it did nothing"),
    "no_activity": _T("nothing is known that it did"),
}


@dataclass(frozen=True)
class CheckRow:
    """One condition as a line of a check list."""

    text: str
    done: bool
    note: str = ""


@dataclass(frozen=True)
class CheckGroup:
    """What has to hold for one of the verdicts."""

    title: str
    rows: list[CheckRow]


def check_groups(verdict: Verdict, actor: Actor, names: Mapping[str, str]) -> list[CheckGroup]:
    """The stored checks of a verdict, in the order in which they were judged. ``names``: what touches are called."""
    checks = {each["code"]: each for each in verdict.checks}
    if actor.is_partner:
        found = [checks.pop(code) for code in _OTHERS if code in checks]
        if found:
            checks["account_free"] = {"code": "account_free", "passed": all(each["passed"] for each in found)}
    sourced = [code for code in (*_SOURCED, "account_free") if code in checks]
    groups = [
        (_("Before anything else"), ["before_sale"]),
        (_("Sourced, if all hold"), sourced),
        (_("Influenced, if all hold"), list(_INFLUENCED)),
    ]
    return [
        CheckGroup(title, [_row(checks[code], actor, names) for code in codes if code in checks])
        for title, codes in groups
    ]


def _row(check: Mapping[str, Any], actor: Actor, names: Mapping[str, str]) -> CheckRow:
    internal = check.get("internal", {}) if actor.is_vendor else {}
    code, values = check["code"], check.get("values", {})
    note = _note(code, check["passed"], values, internal)
    if not note and check["passed"]:
        note = "; ".join(names.get(each, each) for each in values.get("evidence", []))
    labels = _LABELS | _OWN_LABELS if actor.is_partner else _LABELS
    return CheckRow(str(labels.get(code, code)), check["passed"], note)


def _note(code: str, passed: bool, values: Mapping[str, Any], internal: Mapping[str, Any]) -> str:
    if code == "registered_in_time":
        return _in_time(values)
    if code == "before_direct_sales":
        since = internal.get("direct_on")
        parts = [_("first contact %(day)s") % {"day": _day(values.get("first_contact_on"))}]
        parts.append(_("our own sales since %(day)s") % {"day": _day(since)} if since else _("our own sales: never"))
        return " · ".join(parts)
    if code == "first_partner" and not passed:
        if not internal:
            return _("a person made another partner the sourced one")
        return _("%(claim)s of %(day)s was earlier") % {
            "claim": internal.get("claim", ""),
            "day": _day(internal.get("submitted_on")),
        }
    if code == "account_free" and not passed:
        return _("somebody worked on it already; we never say who")
    if code == "before_sale":
        later = int(values.get("later_touches") or 0)
        return "" if passed else ngettext("%(n)s touch after it", "%(n)s touches after it", later) % {"n": later}
    return ""


def touch_names(touches: Iterable[Touch]) -> dict[str, str]:
    """Touches by number, as "Demonstration on 12 Oct 2026"."""
    return {
        touch.code: _("%(what)s on %(day)s") % {"what": touch.get_kind_display(), "day": day_text(touch.occurred_on)}
        for touch in touches
    }


def _in_time(values: Mapping[str, Any]) -> str:
    if values.get("days") is None:
        return _("no registration or referral")
    days, allowed = int(values["days"]), int(values.get("allowed_days") or 0)
    return ngettext(
        "first contact %(contact)s, registered %(sent)s: %(days)s day of at most %(allowed)s",
        "first contact %(contact)s, registered %(sent)s: %(days)s days of at most %(allowed)s",
        days,
    ) % {
        "contact": _day(values.get("first_contact_on")),
        "sent": _day(values.get("submitted_on")),
        "days": days,
        "allowed": allowed,
    }


def _day(value: Any) -> str:
    return day_text(date.fromisoformat(str(value)[:10])) if value else "–"


def reason_text(verdict: Verdict, actor: Actor) -> str:
    """Why the verdict is what it is, in half a sentence. Nothing in it tells a partner of others."""
    line = next((each for each in verdict.lines if each["code"] == "attribution.verdict"), None)
    reason = str(line["values"].get("reason", "")) if line else ""
    if actor.is_partner and reason == "direct_pipeline":
        reason = "no_activity"
    return str(_REASONS.get("overruled" if verdict.is_overruled else reason, ""))


def verdict_in_words(verdict: Verdict, actor: Actor, groups: Iterable[CheckGroup]) -> list[Said]:
    """The whole explanation of a verdict for a "why?" panel; ``groups`` are its checks."""
    said = [
        Said(row.text, "✓" if row.done else "✗", row.note, False, group.title) for group in groups for row in group.rows
    ]
    outcome = _("What it comes to")
    model = str(CreditModel(verdict.credit_model).label)
    said += [
        Said(_("Verdict"), str(VerdictKind(verdict.kind).label), reason_text(verdict, actor), True, outcome),
        Said(_("Part of the commission rate"), percent_text(verdict.factor_percent), "", False, outcome),
        Said(
            _("Share of the deal’s revenue"),
            percent_text(verdict.credit_percent),
            _("shared among all that took part by: %(model)s") % {"model": model},
            False,
            outcome,
        ),
    ]
    if verdict.is_overruled:
        said.append(Said(_("Overruled"), "", verdict.reason, False, outcome))
    return said
