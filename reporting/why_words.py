"""Explanations of health, tier and value put into words.

The rules give lines of (code, values); here every code has a label, a value and a remark in the reader's language. A
``Speaker`` knows what the lines themselves do not carry: the program's currency and what its tiers are called. Codes
of other topics fall back on the words that their own app registered (``prm.core.wording``).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.choices import (
    BenefitKind,
    FitRating,
    HealthBand,
    HealthDimension,
    OverrideKind,
    Quadrant,
    Recommendation,
    TierMetric,
    TierOutcome,
    Trend,
)
from partners.wording import benefit_text
from prm.core.explain import Line
from prm.core.figures import day_text, figure, money_text
from prm.core.figures import percent_text as percent
from prm.core.wording import Said, in_words
from reporting.queries.terms import Gain, ProgramTerms

Values = Mapping[str, Any]

PLAYS: dict[str, Callable[[], str]] = {
    "pipeline_review": lambda: _("Go through the pipeline together"),
    "registration_drive": lambda: _("Ask for the deals that are not registered yet"),
    "portal_walkthrough": lambda: _("Show the portal to their sellers again"),
    "executive_call": lambda: _("Have the executive sponsor call"),
    "joint_plan": lambda: _("Agree on a joint plan"),
}


def play_text(code: str) -> str:
    """A suggested play in words; a play that the program named itself is shown by its name."""
    return PLAYS[code]() if code in PLAYS else code.replace("_", " ").capitalize()


def word(choices: Any, code: Any) -> str:
    """The reader's word for a stored choice; a word that is no longer on the list stays readable."""
    text = str(code or "")
    return str(choices(text).label) if text in choices.values else text.replace("_", " ").capitalize()


def day_words(value: Any) -> str:
    """A stored day, as 14 Mar 2027."""
    return day_text(value if isinstance(value, date) else date.fromisoformat(str(value)[:10]))


@dataclass(frozen=True)
class Speaker:
    """Puts lines into words for one program: its currency, and what its tiers and certificates are called by code."""

    currency: str = ""
    tiers: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, str] = field(default_factory=dict)

    def say(self, lines: Iterable[Line]) -> list[Said]:
        """All lines, in order. Drop what the reader may not see first (``explain.for_audience``)."""
        return [self.say_one(line) for line in lines]

    def say_one(self, line: Line) -> Said:
        """One line; a code without words of its own falls back on the registered ones."""
        words = WORDS.get(line.code)
        return words(self, line.values) if words else in_words([line])[0]

    def note(self, line: Line) -> str:
        """Only the evidence of a line, for places that print label and points themselves."""
        return self.say_one(line).note

    def tier(self, code: Any) -> str:
        """A tier's name."""
        return self.tiers.get(str(code), str(code).capitalize()) if code else _("no tier")

    def certificate(self, kind: Any) -> str:
        """A kind of certificate by its name in the program."""
        return self.certificates.get(str(kind)) or str(kind).replace("_", " ").capitalize()

    def amount(self, metric: str, value: Any) -> str:
        """A metric's figure with its unit, where it is money."""
        number = Decimal(str(value or 0))
        return money_text(number, self.currency) if metric == TierMetric.SOURCED_ARR else figure(number)

    def counted(self, metric: str, value: Any) -> str:
        """A metric's figure with what it counts: 30,000 USD ARR, 6 referrals, 1 live integration."""
        shown = {"count": self.amount(metric, value)}
        if metric == TierMetric.SOURCED_ARR:
            return _("%(count)s ARR") % shown
        count = int(Decimal(str(value or 0)))
        match metric:
            case TierMetric.QUALIFIED_REFERRALS:
                return ngettext("%(count)s referral", "%(count)s referrals", count) % shown
            case TierMetric.LIVE_INTEGRATIONS:
                return ngettext("%(count)s live integration", "%(count)s live integrations", count) % shown
            case TierMetric.CO_SOLD_DEALS:
                return ngettext("%(count)s co-sold deal", "%(count)s co-sold deals", count) % shown
        return f"{shown['count']} {word(TierMetric, metric)}"


@dataclass(frozen=True)
class GainWords:
    """A benefit in words; ``before`` is empty where the lower tier does not include it."""

    name: str
    before: str
    after: str


def speaker_of(terms: ProgramTerms) -> Speaker:
    """The speaker for the program in force."""
    return Speaker(terms.currency, terms.tier_names, terms.certificate_names)


_TELLING = (BenefitKind.PERCENT, BenefitKind.MONEY, BenefitKind.HOURS, BenefitKind.COUNT)


def most_telling(gains: Iterable[Gain]) -> list[Gain]:
    """Benefits with figures first (rates, amounts, response times), the rest in the program's order."""
    return sorted(gains, key=lambda gain: _TELLING.index(gain.head.kind) if gain.head.kind in _TELLING else 9)


def gains_in_words(gains: Iterable[Gain], currency: str) -> list[GainWords]:
    """Benefits as people read them."""
    return [
        GainWords(
            each.head.name,
            benefit_text(each.head, each.before, currency) if each.before else "",
            benefit_text(each.head, each.after, currency),
        )
        for each in gains
    ]


# --- Health --------------------------------------------------------------------------------------------------------


def _points(values: Values) -> str:
    if values.get("points") is None:
        return _("no data")
    return _("%(points)s of %(most)s") % {"points": values["points"], "most": values.get("most", "–")}


def _dimension(values: Values, dimension: HealthDimension, note: str) -> Said:
    return Said(str(dimension.label), _points(values), note, False, "")


def _health_score(_speaker: Speaker, values: Values) -> Said:
    known = values.get("known") or 0
    if values.get("score") is None:
        note = _("%(known)s of 100 points are known, at least %(needed)s are needed to say a score") % {
            "known": known,
            "needed": values.get("needed", 50),
        }
        return Said(_("Health"), word(HealthBand, HealthBand.UNKNOWN), note, True, "")
    note = (
        _("based on all 100 points")
        if known == 100
        else _("%(points)s points, based on %(known)s of 100: scaled up to 100")
        % {"points": values.get("points", "–"), "known": known}
    )
    return Said(_("Health"), f"{values['score']} · {word(HealthBand, values.get('band'))}", note, True, "")


def _health_revenue(speaker: Speaker, values: Values) -> Said:
    now = money_text(values.get("now") or 0, speaker.currency)
    if values.get("new_partner"):
        note = _("signed too recently to compare with a year ago")
    elif values.get("trend") == Trend.NO_DATA:
        note = _("%(now)s last quarter; nothing known of the year before") % {"now": now}
    elif values.get("percent") is None:
        note = _("%(now)s last quarter, after nothing a year ago") % {"now": now}
    else:
        change = Decimal(str(values["percent"]))
        sign = "+" if change > 0 else ""
        note = _("%(sign)s%(percent)s on the same quarter a year ago (%(now)s after %(before)s)") % {
            "sign": sign,
            "percent": percent(change),
            "now": now,
            "before": money_text(values.get("before") or 0, speaker.currency),
        }
    return _dimension(values, HealthDimension.REVENUE, note)


def _health_activity(_speaker: Speaker, values: Values) -> Said:
    deals = int(values.get("deals") or 0)
    if values.get("new_partner"):
        note = _("signed too recently to expect deals")
    else:
        note = ngettext(
            "%(deals)s deal registered in %(days)s days", "%(deals)s deals registered in %(days)s days", deals
        ) % {"deals": deals, "days": values.get("days", 90)}
    return _dimension(values, HealthDimension.ACTIVITY, note)


def _health_engagement(_speaker: Speaker, values: Values) -> Said:
    if not values.get("has_account"):
        note = _("nobody has a portal account yet")
    elif values.get("last_day") is None:
        note = _("the portal was not used for a long time")
    else:
        weeks = _("in %(weeks)s of the last %(of)s weeks") % {
            "weeks": values.get("weeks", 0),
            "of": values.get("of_weeks", 4),
        }
        last = _("last on %(day)s") % {"day": day_words(values["last_day"])}
        note = _("portal used %(weeks)s, %(last)s") % {"weeks": weeks, "last": last}
    return _dimension(values, HealthDimension.ENGAGEMENT, note)


def _health_satisfaction(_speaker: Speaker, values: Values) -> Said:
    answers = int(values.get("answers") or 0)
    if not answers or values.get("nps") is None:
        note = _("no answer in the last twelve months")
    else:
        note = ngettext("NPS %(nps)s from %(answers)s answer", "NPS %(nps)s from %(answers)s answers", answers) % {
            "nps": figure(values["nps"], 0),
            "answers": answers,
        }
    return _dimension(values, HealthDimension.SATISFACTION, note)


def _health_fit(_speaker: Speaker, values: Values) -> Said:
    rating = values.get("rating")
    note = _("judged %(rating)s") % {"rating": word(FitRating, rating).lower()} if rating else _("not judged yet")
    return _dimension(values, HealthDimension.FIT, note)


def _health_alert(_speaker: Speaker, values: Values) -> Said:
    value = f"{values.get('score_before')} → {values.get('score')}"
    note = _("%(before)s → %(now)s within %(days)s days") % {
        "before": word(HealthBand, values.get("band_before")),
        "now": word(HealthBand, values.get("band")),
        "days": values.get("days", 30),
    }
    return Said(_("Health fell"), value, note, False, "")


def _health_alert_reason(_speaker: Speaker, values: Values) -> Said:
    before, now = values.get("before"), values.get("points")
    shown = _("%(before)s → no data") % {"before": before} if now is None else f"{before} → {now}"
    return Said(word(HealthDimension, values.get("dimension")), shown, "", False, _("What pulled it down"))


# --- Tier ----------------------------------------------------------------------------------------------------------


def _tier_outcome(speaker: Speaker, values: Values) -> Said:
    outcome, before, tier = values.get("outcome"), values.get("before"), values.get("tier")
    note = "" if outcome == TierOutcome.UNCHANGED else word(TierOutcome, outcome)
    if before != tier and before:
        note = f"{note} · {speaker.tier(before)} → {speaker.tier(tier)}".lstrip(" ·")
    return Said(_("Tier"), speaker.tier(tier), note, False, "")


def _tier_qualified(speaker: Speaker, values: Values) -> Said:
    return Said(
        _("Results qualify for"), speaker.tier(values.get("tier")), _("trailing twelve months, today"), False, ""
    )


def _tier_override(speaker: Speaker, values: Values) -> Said:
    note = _("until %(day)s") % {"day": day_words(values["ends_on"])} if values.get("ends_on") else ""
    return Said(word(OverrideKind, values.get("kind")), speaker.tier(values.get("tier")), note, False, "")


def _tier_pending(speaker: Speaker, values: Values) -> Said:
    return Said(_("Waits for approval"), speaker.tier(values.get("tier")), "", False, "")


def _tier_grace(_speaker: Speaker, values: Values) -> Said:
    note = _("qualify on any night until then and the tier stays")
    return Said(_("Grace period until"), day_words(values["until"]), note, False, "")


def _tier_review(_speaker: Speaker, values: Values) -> Said:
    return Said(_("Next review"), day_words(values["on"]), "", False, "")


def _tier_path(speaker: Speaker, values: Values) -> Said:
    metric = str(values.get("metric"))
    value = _("%(reached)s of %(required)s") % {
        "reached": speaker.amount(metric, values.get("reached")),
        "required": speaker.amount(metric, values.get("required")),
    }
    say = speaker.amount if metric == TierMetric.SOURCED_ARR else speaker.counted
    note = (
        _("reached")
        if values.get("met")
        else _("%(missing)s to go · %(percent)s")
        % {"missing": say(metric, values.get("missing")), "percent": percent(values.get("percent", 0))}
    )
    return Said(word(TierMetric, metric), value, note, False, _for_tier(speaker, values))


def _tier_certified(speaker: Speaker, values: Values) -> Said:
    missing = int(values.get("missing") or 0)
    label = _("Certified people")
    if values.get("kind"):
        label = _("People with %(kind)s") % {"kind": speaker.certificate(values["kind"])}
    note = (
        ngettext("%(count)s more person to certify", "%(count)s more people to certify", missing) % {"count": missing}
        if missing
        else _("reached")
    )
    value = _("%(reached)s of %(required)s") % {
        "reached": values.get("reached", 0),
        "required": values.get("required", 0),
    }
    return Said(label, value, note, False, _for_tier(speaker, values))


def _tier_agreement(speaker: Speaker, values: Values) -> Said:
    value = _("signed") if values.get("met") else _("missing")
    return Said(_("Signed agreement"), value, "", False, _for_tier(speaker, values))


def _tier_what_if(speaker: Speaker, values: Values) -> Said:
    added = values.get("added") or {}
    parts = [
        f"+{speaker.amount(name, value)} {_('certified people') if name == 'certified' else word(TierMetric, name)}"
        for name, value in added.items()
        if _some(value)
    ]
    return Said(_("Imagined"), speaker.tier(values.get("tier")), ", ".join(parts), False, "")


def metric_note(metric: str) -> str:
    """Over which time a metric counts, and what it takes."""
    return {
        TierMetric.SOURCED_ARR: _("won in twelve months"),
        TierMetric.QUALIFIED_REFERRALS: _("became a deal in twelve months"),
        TierMetric.LIVE_INTEGRATIONS: _("in use by customers today"),
        TierMetric.CO_SOLD_DEALS: _("won together in twelve months"),
    }.get(metric, "")  # type: ignore[call-overload]


def _for_tier(speaker: Speaker, values: Values) -> str:
    return _("For %(tier)s, any one path and the rest") % {"tier": speaker.tier(values.get("tier"))}


def _some(value: Any) -> bool:
    return bool(Decimal(str(value or 0)))


# --- Value matrix --------------------------------------------------------------------------------------------------


def _value_verdict(_speaker: Speaker, values: Values) -> Said:
    return Said(
        _("Recommendation"),
        word(Recommendation, values.get("recommendation")),
        _("position: %(quadrant)s") % {"quadrant": word(Quadrant, values.get("quadrant"))},
        True,
        "",
    )


def _high(values: Values, high: str) -> str:
    text = _("high from %(high)s on") % {"high": high}
    return f"{_('high')} · {text}" if values.get("is_high") else text


def _value_strategic(_speaker: Speaker, values: Values) -> Said:
    value = values.get("value")
    shown = _("not set") if value is None else _("%(value)s of 5") % {"value": value}
    return Said(_("Strategic value"), shown, _high(values, str(values.get("high", ""))), False, "")


def _value_revenue(speaker: Speaker, values: Values) -> Said:
    shown = money_text(values.get("value") or 0, speaker.currency)
    return Said(
        _("Revenue, 12 months"), shown, _high(values, money_text(values.get("high") or 0, speaker.currency)), False, ""
    )


def _value_health(_speaker: Speaker, values: Values) -> Said:
    value = values.get("value")
    note = _("invest from %(high)s on, reduce below %(low)s") % {
        "high": values.get("high", "–"),
        "low": values.get("low", "–"),
    }
    return Said(_("Health"), word(HealthBand, "unknown") if value is None else str(value), note, False, "")


def _value_growth(_speaker: Speaker, values: Values) -> Said:
    value = values.get("value")
    shown = word(Trend, values.get("trend")) if value is None else percent(value)
    note = _("invest from %(high)s on") % {"high": percent(values.get("high") or 0)}
    return Said(_("Growth on the year before"), shown, note, False, "")


WORDS: dict[str, Callable[[Speaker, Values], Said]] = {
    "health.score": _health_score,
    "health.revenue": _health_revenue,
    "health.activity": _health_activity,
    "health.engagement": _health_engagement,
    "health.satisfaction": _health_satisfaction,
    "health.fit": _health_fit,
    "health.alert": _health_alert,
    "health.alert_reason": _health_alert_reason,
    "tier.outcome": _tier_outcome,
    "tier.qualified": _tier_qualified,
    "tier.override": _tier_override,
    "tier.pending": _tier_pending,
    "tier.grace": _tier_grace,
    "tier.review": _tier_review,
    "tier.path": _tier_path,
    "tier.certified": _tier_certified,
    "tier.agreement": _tier_agreement,
    "tier.what_if": _tier_what_if,
    "value.verdict": _value_verdict,
    "value.strategic_value": _value_strategic,
    "value.revenue": _value_revenue,
    "value.health": _value_health,
    "value.growth": _value_growth,
}


def is_worded(code: str) -> bool:
    """Whether a line of this code can be said here; a test asks it for every code the rules emit."""
    return code in WORDS
