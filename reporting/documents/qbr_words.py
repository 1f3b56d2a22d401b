"""The words of the QBR pack: one text for each code of `reporting/rules/sentences.py`.

`Words.headline` puts a page's conclusion together from its clauses; `statement`, `goal` and `reason`
write the others. Each text is a whole clause, so that a translator never has to join fragments.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy as _n

from partners.choices import Quadrant
from reporting.documents.figures import Figures
from reporting.rules.sentences import Sentence

CLAUSES = {
    "summary.rising": _("%(partner)s grew revenue by %(percent)s%% to %(amount)s in twelve months"),
    "summary.flat": _("%(partner)s held its revenue at %(amount)s over twelve months"),
    "summary.falling": _("Revenue with %(partner)s fell by %(percent)s%% to %(amount)s in twelve months"),
    "summary.gone": _("%(partner)s has brought in no revenue for twelve months"),
    "summary.new": _("%(partner)s brought in its first %(amount)s within twelve months"),
    "summary.none": _("%(partner)s has not brought in revenue yet"),
    "summary.unknown": _("%(partner)s brought in %(amount)s in twelve months"),
    "next.grace": _("%(tier)s is in its grace period until %(until)s"),
    "next.at_risk": _("%(tier)s is at risk in the review on %(on)s"),
    "next.stuck": _n("%(deals)s deal worth %(amount)s is stuck", "%(deals)s deals worth %(amount)s are stuck", "deals"),
    "next.stuck_unpriced": _n("%(deals)s deal is stuck", "%(deals)s deals are stuck", "deals"),
    "next.no_pipeline": _("nothing is in the pipeline behind it"),
    "next.pipeline": _n(
        "%(deals)s open deal worth %(amount)s stands behind it",
        "%(deals)s open deals worth %(amount)s stand behind it",
        "deals",
    ),
    "next.pipeline_unpriced": _n(
        "%(deals)s open deal stands behind it", "%(deals)s open deals stand behind it", "deals"
    ),
    "next.tier_money": _("%(missing)s more leads to %(tier)s"),
    "next.tier_money_people": _n(
        "%(missing)s more and %(people)s certified person lead to %(tier)s",
        "%(missing)s more and %(people)s certified people lead to %(tier)s",
        "people",
    ),
    "next.tier_referrals": _n(
        "%(missing)s more referral leads to %(tier)s", "%(missing)s more referrals lead to %(tier)s", "missing"
    ),
    "next.tier_referrals_people": _("more referrals (%(missing)s) and certified people (%(people)s) lead to %(tier)s"),
    "next.tier_integrations": _n(
        "%(missing)s more live integration leads to %(tier)s",
        "%(missing)s more live integrations lead to %(tier)s",
        "missing",
    ),
    "next.tier_integrations_people": _(
        "more live integrations (%(missing)s) and certified people (%(people)s) lead to %(tier)s"
    ),
    "next.tier_co_sold": _n(
        "%(missing)s more co-sold deal leads to %(tier)s", "%(missing)s more co-sold deals lead to %(tier)s", "missing"
    ),
    "next.tier_co_sold_people": _(
        "more co-sold deals (%(missing)s) and certified people (%(people)s) lead to %(tier)s"
    ),
    "next.tier_people": _n(
        "%(people)s more certified person leads to %(tier)s",
        "%(people)s more certified people lead to %(tier)s",
        "people",
    ),
    "next.tier_met": _("everything that %(tier)s asks for is met"),
    "revenue.rising": _("%(quarter)s brought %(amount)s, %(percent)s%% more than a year ago"),
    "revenue.flat": _("%(quarter)s brought %(amount)s, about as much as a year ago"),
    "revenue.falling": _("%(quarter)s brought %(amount)s, %(percent)s%% less than a year ago"),
    "revenue.new": _("%(quarter)s brought %(amount)s, after nothing a year ago"),
    "revenue.unknown": _("%(quarter)s brought %(amount)s"),
    "revenue.none": _("%(quarter)s brought no revenue"),
    "revenue.of_target": _("that is %(percent)s%% of the target"),
    "revenue.best": _("it is the best of %(quarters)s quarters"),
    "revenue.lowest": _("it is the lowest of %(quarters)s quarters"),
    "revenue.concentrated": _("one customer made %(percent)s%% of it"),
    "revenue.year": _("twelve months add up to %(amount)s"),
    "revenue.year_still": _("twelve months still add up to %(amount)s"),
    "pipeline.open": _n(
        "%(deals)s open deal is worth %(amount)s", "%(deals)s open deals are worth %(amount)s", "deals"
    ),
    "pipeline.unpriced": _n(
        "%(deals)s deal is open, without an amount yet",
        "%(deals)s deals are open, without amounts yet",
        "deals",
    ),
    "pipeline.none": _("no deal is open on %(on)s"),
    "pipeline.stuck": _n(
        "%(deals)s of them, worth %(amount)s, has not moved for %(days)s days or more",
        "%(deals)s of them, worth %(amount)s, have not moved for %(days)s days or more",
        "deals",
    ),
    "pipeline.stuck_unpriced": _n(
        "%(deals)s of them has not moved for %(days)s days or more",
        "%(deals)s of them have not moved for %(days)s days or more",
        "deals",
    ),
    "pipeline.closed": _("%(won)s were won and %(lost)s lost in %(quarter)s"),
    "pipeline.closed_first": _("%(quarter)s closed with %(won)s won and %(lost)s lost"),
    "pipeline.moving": _("none has stood still for %(days)s days"),
    "pipeline.nothing": _("no deal was opened or closed in %(quarter)s"),
    "tier.progress": _("%(partner)s is %(percent)s%% of the way from %(tier)s to %(next)s"),
    "tier.reached": _("%(partner)s meets everything that %(next)s asks for"),
    "tier.top": _("%(partner)s holds %(tier)s, the highest tier"),
    "tier.grace": _("%(partner)s keeps %(tier)s in a grace period until %(until)s"),
    "tier.at_risk": _("%(tier)s is reviewed on %(on)s, and its conditions are not met today"),
    "tier.strategic": _("%(partner)s holds %(tier)s as a strategic partner until %(until)s"),
    "tier.provisional": _("%(partner)s holds %(tier)s provisionally until %(until)s"),
    "tier.people_only": _n(
        "%(people)s person at %(partner)s is certified",
        "%(people)s people at %(partner)s are certified",
        "people",
    ),
    "tier.renewals": _n(
        "%(certificates)s certificate ends within %(days)s days",
        "%(certificates)s certificates end within %(days)s days",
        "certificates",
    ),
    "missing.money": _("%(missing)s is missing"),
    "missing.money_people": _n(
        "%(missing)s and %(people)s certified person are missing",
        "%(missing)s and %(people)s certified people are missing",
        "people",
    ),
    "missing.referrals": _n("%(missing)s referral is missing", "%(missing)s referrals are missing", "missing"),
    "missing.referrals_people": _("referrals (%(missing)s) and certified people (%(people)s) are missing"),
    "missing.integrations": _n(
        "%(missing)s live integration is missing", "%(missing)s live integrations are missing", "missing"
    ),
    "missing.integrations_people": _("live integrations (%(missing)s) and certified people (%(people)s) are missing"),
    "missing.co_sold": _n("%(missing)s co-sold deal is missing", "%(missing)s co-sold deals are missing", "missing"),
    "missing.co_sold_people": _("co-sold deals (%(missing)s) and certified people (%(people)s) are missing"),
    "missing.people": _n("%(people)s certified person is missing", "%(people)s certified people are missing", "people"),
    "missing.met": _("everything is met"),
    "matrix.stands": _("%(partner)s stands in the %(quadrant)s quadrant"),
    "matrix.stays": _("%(partner)s stays in the %(quadrant)s quadrant"),
    "matrix.moved": _("%(partner)s moved from the %(then)s to the %(quadrant)s quadrant"),
    "matrix.revenue_short": _("%(missing)s more revenue a year would count as high"),
    "matrix.revenue_over": _("its revenue is above the %(limit)s a year that count as high"),
    "health.unknown": _("health is unknown: data covers only %(known)s of 100 points"),
    "health.stands": _("health stands at %(score)s (%(band)s)"),
    "health.rising_year": _("health rose %(points)s points in a year to %(score)s (%(band)s)"),
    "health.flat_year": _("health held at %(score)s (%(band)s) over the year"),
    "health.falling_year": _("health fell %(points)s points in a year to %(score)s (%(band)s)"),
    "health.rising_quarter": _("health rose %(points)s points in a quarter to %(score)s (%(band)s)"),
    "health.flat_quarter": _("health held at %(score)s (%(band)s) over the quarter"),
    "health.falling_quarter": _("health fell %(points)s points in a quarter to %(score)s (%(band)s)"),
    "health.weakest": _("most points, %(points)s, are left in %(part)s"),
    "plan.keep_tier": _("keep %(tier)s"),
    "plan.tier": _("close the gap to %(tier)s"),
    "plan.stuck": _n("move %(deals)s stuck deal", "move %(deals)s stuck deals", "deals"),
    "plan.stuck_unpriced": _n("move %(deals)s stuck deal", "move %(deals)s stuck deals", "deals"),
    "plan.pipeline": _("bring the pipeline to %(wanted)s"),
    "plan.first_pipeline": _("open the first deals"),
    "plan.people": _("certify the people that %(tier)s asks for"),
    "plan.renew": _n("renew %(certificates)s certificate", "renew %(certificates)s certificates", "certificates"),
    "plan.first_deal": _("win the next deal"),
    "plan.actions": _n(
        "plan for %(quarter)s: %(actions)s agreed action",
        "plan for %(quarter)s: %(actions)s agreed actions",
        "actions",
    ),
    "plan.open": _("plan for %(quarter)s: the meeting agrees on what comes next"),
}

# Heads end without a full stop, explanations with one.
STATEMENTS = {
    "win.promoted": (_("Promoted to %(tier)s"), _("The new tier counts since %(on)s.")),
    "win.best_quarter": (_("Best quarter on record"), _("%(quarter)s brought %(amount)s.")),
    "win.best_quarter_up": (
        _("Best quarter on record"),
        _("%(quarter)s brought %(amount)s, %(percent)s%% more than a year ago."),
    ),
    "win.target": (_("Target met"), _("%(amount)s in the quarter is %(percent)s%% of the %(target)s planned.")),
    "win.year_rising": (
        _("Revenue grew by %(percent)s%%"),
        _("%(amount)s in twelve months, after %(before)s the year before."),
    ),
    "win.year_new": (_("First revenue together"), _("%(amount)s in twelve months, after none the year before.")),
    "win.quarter_up": (
        _("A better quarter than a year ago"),
        _("%(quarter)s brought %(amount)s, %(percent)s%% more."),
    ),
    "win.rate_up": (
        _("More deals end well"),
        _("The twelve-month win rate is %(rate)s%%, %(points)s points up; %(won)s of %(closed)s won this quarter."),
    ),
    "win.close_to_tier": (_("%(tier)s is within reach"), _("%(percent)s%% of the way is done.")),
    "win.nps": (
        _("Satisfaction above target"),
        _n(
            "NPS is %(score)s from %(answers)s answer, the target is %(target)s.",
            "NPS is %(score)s from %(answers)s answers, the target is %(target)s.",
            "answers",
        ),
    ),
    "win.actions": (
        _("We did what we agreed"),
        _n(
            "The action of the last review is done.",
            "All %(done)s actions of the last review are done.",
            "done",
        ),
    ),
    "win.largest": (_("%(customer)s signed"), _("The largest customer of the quarter, with %(amount)s.")),
    "win.held": (_("Revenue is steady"), _("%(amount)s in twelve months, about as much as the year before.")),
    "win.people": (
        _("Enough certified people"),
        _n(
            "%(people)s current certificate holder is what %(tier)s asks for.",
            "%(people)s current certificate holders meet what %(tier)s asks for.",
            "people",
        ),
    ),
    "win.registered": (
        _n("%(deals)s new registration", "%(deals)s new registrations", "deals"),
        _("Submitted by the partner in %(quarter)s."),
    ),
    "win.moving": (
        _("Everything moves"),
        _n(
            "The open deal moved within the last %(days)s days.",
            "All %(deals)s open deals moved within the last %(days)s days.",
            "deals",
        ),
    ),
    "gap.grace": (
        _("%(tier)s is in its grace period"),
        _("Its conditions must be met again by %(until)s, or the tier falls by one rung."),
    ),
    "gap.at_risk": (
        _("%(tier)s is at risk"),
        _("Its conditions are not met today; the review is on %(on)s."),
    ),
    "gap.no_revenue": (_("No deal was won"), _("%(quarter)s closed without revenue.")),
    "gap.year": (
        _("Revenue fell by %(percent)s%%"),
        _("%(amount)s in twelve months, after %(before)s the year before."),
    ),
    "gap.target": (_("%(missing)s short of the target"), _("The quarter reached %(percent)s%% of it.")),
    "gap.no_pipeline": (_("Nothing in the pipeline"), _("No deal is open on %(on)s.")),
    "gap.stuck": (
        _n("%(deals)s deal worth %(amount)s is stuck", "%(deals)s deals worth %(amount)s are stuck", "deals"),
        _("%(days)s days or more in one stage."),
    ),
    "gap.stuck_ours": (
        _n("%(deals)s deal worth %(amount)s is stuck", "%(deals)s deals worth %(amount)s are stuck", "deals"),
        _n(
            "%(days)s days or more in one stage; %(ours)s waits for us.",
            "%(days)s days or more in one stage; %(ours)s wait for us.",
            "ours",
        ),
    ),
    "gap.stuck_unpriced": (
        _n("%(deals)s deal is stuck", "%(deals)s deals are stuck", "deals"),
        _("%(days)s days or more in one stage."),
    ),
    "gap.stuck_unpriced_ours": (
        _n("%(deals)s deal is stuck", "%(deals)s deals are stuck", "deals"),
        _n(
            "%(days)s days or more in one stage; %(ours)s waits for us.",
            "%(days)s days or more in one stage; %(ours)s wait for us.",
            "ours",
        ),
    ),
    "gap.pipeline": (
        _("The pipeline is %(missing)s short"),
        _("%(coverage)s average quarters, %(wanted)s, would carry the next one."),
    ),
    "gap.expiring": (
        _n(
            "%(certificates)s certificate runs out",
            "%(certificates)s certificates run out",
            "certificates",
        ),
        _("Renewal is due by %(until)s."),
    ),
    "gap.quarter": (
        _("%(percent)s%% below a year ago"),
        _("%(quarter)s brought %(amount)s, while the year as a whole did not fall."),
    ),
    "gap.rate": (
        _("Fewer deals end well"),
        _n(
            "The win rate over twelve months is %(rate)s%%, %(points)s points down; %(lost)s was lost this quarter.",
            "The win rate over twelve months is %(rate)s%%, %(points)s points down; %(lost)s were lost this quarter.",
            "lost",
        ),
    ),
    "gap.concentrated": (
        _("One customer is %(percent)s%% of the quarter"),
        _("Without %(customer)s the quarter would look different."),
    ),
    "gap.people": (
        _n(
            "%(missing)s certified person short of %(tier)s",
            "%(missing)s certified people short of %(tier)s",
            "missing",
        ),
        _("%(people)s hold a current certificate today."),
    ),
    "gap.nps": (
        _("Satisfaction below target"),
        _n(
            "NPS is %(score)s from %(answers)s answer, the target is %(target)s.",
            "NPS is %(score)s from %(answers)s answers, the target is %(target)s.",
            "answers",
        ),
    ),
    "gap.nothing_opened": (_("Nothing new was opened"), _("No deal was added in %(quarter)s.")),
    "gap.carried": (
        _n("%(actions)s action is carried over", "%(actions)s actions are carried over", "actions"),
        _("Agreed at the last review and still open."),
    ),
    "gap.tier_money": (_("%(missing)s short of %(tier)s"), _("%(percent)s%% of the way is done.")),
    "gap.tier_money_people": (_("%(missing)s short of %(tier)s"), _("%(percent)s%% of the way is done.")),
    "gap.tier_referrals": (
        _n("%(missing)s referral short of %(tier)s", "%(missing)s referrals short of %(tier)s", "missing"),
        _("%(percent)s%% of the way is done."),
    ),
    "gap.tier_referrals_people": (
        _n("%(missing)s referral short of %(tier)s", "%(missing)s referrals short of %(tier)s", "missing"),
        _("%(percent)s%% of the way is done."),
    ),
    "gap.tier_integrations": (
        _n(
            "%(missing)s live integration short of %(tier)s",
            "%(missing)s live integrations short of %(tier)s",
            "missing",
        ),
        _("%(percent)s%% of the way is done."),
    ),
    "gap.tier_integrations_people": (
        _n(
            "%(missing)s live integration short of %(tier)s",
            "%(missing)s live integrations short of %(tier)s",
            "missing",
        ),
        _("%(percent)s%% of the way is done."),
    ),
    "gap.tier_co_sold": (
        _n("%(missing)s co-sold deal short of %(tier)s", "%(missing)s co-sold deals short of %(tier)s", "missing"),
        _("%(percent)s%% of the way is done."),
    ),
    "gap.tier_co_sold_people": (
        _n("%(missing)s co-sold deal short of %(tier)s", "%(missing)s co-sold deals short of %(tier)s", "missing"),
        _("%(percent)s%% of the way is done."),
    ),
}

# The figure, its name, and where it starts from.
GOALS = {
    "goal.keep_tier": ("%(tier)s", _("Keep the tier"), _("Meet its conditions by %(until)s.")),
    "goal.tier": ("%(missing)s", _("More to reach %(tier)s"), _("%(what)s: %(reached)s of %(required)s today.")),
    "goal.stuck": (_("%(deals)s to 0"), _("Stuck deals"), _("%(amount)s moved on, won or given up.")),
    "goal.stuck_unpriced": (_("%(deals)s to 0"), _("Stuck deals"), _("Each moved on, won or given up.")),
    "goal.pipeline": (
        "%(wanted)s",
        _("Open pipeline"),
        _("From %(total)s; %(coverage)s times an average quarter."),
    ),
    "goal.first_pipeline": (_("1 or more"), _("Open deals"), _("From none today.")),
    "goal.people": (
        _n("%(required)s person", "%(required)s people", "required"),
        _("Certified"),
        _("%(tier)s asks for them; %(people)s today."),
    ),
    "goal.renew": (
        _n("%(certificates)s renewal", "%(certificates)s renewals", "certificates"),
        _("Certificates"),
        _("The first one ends on %(until)s."),
    ),
    "goal.first_deal": (_("1 deal"), _("Won in the quarter"), _("The last quarter brought none.")),
}

REASONS = {
    "reason.value_high": _("Strategic value is high: %(value)s of 5"),
    "reason.value_low": _("Strategic value is not high: %(value)s of 5"),
    "reason.value_unknown": _("Strategic value has not been set"),
    "reason.revenue_high": _("Revenue of %(amount)s is high, from %(limit)s on"),
    "reason.revenue_low": _("Revenue of %(amount)s is below %(limit)s"),
    "reason.health_good": _("Health of %(health)s reaches the %(least)s asked for"),
    "reason.health_poor": _("Health of %(health)s is below %(least)s"),
    "reason.health_short": _("Health of %(health)s is below the %(least)s for investing"),
    "reason.health_unknown": _("Health is unknown"),
    "reason.growth_good": _("Revenue grew by %(percent)s%% in a year, at least %(least)s%%"),
    "reason.growth_new": _("Revenue where there was none a year ago"),
    "reason.growth_short": _("Revenue moved by %(change)s%% in a year, less than %(least)s%%"),
    "reason.growth_falling": _("Revenue fell by %(percent)s%% in a year"),
    "reason.growth_unknown": _("No year before to compare revenue with"),
}


class _Number(int):
    """A number that chooses plural forms and prints with grouping and a true minus."""

    def __str__(self) -> str:
        return Figures.count(self) if self >= 0 else Figures.signed(int(self))


class Words:
    """Writes the sentences of one pack, with its figures."""

    def __init__(self, figures: Figures) -> None:
        self.figures = figures

    def headline(self, clauses: Iterable[Sentence]) -> str:
        """A page's conclusion: the clauses in one sentence; "" without any."""
        clauses = tuple(clauses)
        if not clauses:
            return ""
        if clauses[0].code == "plan":
            goals = [self._say(CLAUSES[goal.code], goal.values) for goal in clauses[1:]]
            if len(goals) > 1:
                values = {"quarter": clauses[0].values["quarter"], "first": goals[0], "second": goals[1]}
                return gettext("Plan for %(quarter)s: %(first)s and %(second)s.") % values
            return gettext("Plan for %(quarter)s: %(first)s.") % {**clauses[0].values, "first": goals[0]}
        text = "; ".join(self._say(CLAUSES[clause.code], clause.values) for clause in clauses)
        return gettext("%(sentence)s.") % {"sentence": text[:1].upper() + text[1:]}

    def statement(self, sentence: Sentence) -> tuple[str, str]:
        """The head of a win or a gap, and its explanation."""
        head, text = STATEMENTS[sentence.code]
        return self._say(head, sentence.values), self._say(text, sentence.values)

    def goal(self, sentence: Sentence) -> tuple[str, str, str]:
        """The figure of a goal, its name, and where it starts from."""
        figure, name, text = (self._say(part, sentence.values) for part in GOALS[sentence.code])
        return figure, name, text

    def reason(self, sentence: Sentence) -> str:
        """One reason of a recommendation."""
        return self._say(REASONS[sentence.code], sentence.values)

    def _say(self, text: Any, values: dict[str, Any]) -> str:
        return str(text % {name: self._print(name, value) for name, value in values.items()})

    def _print(self, name: str, value: Any) -> Any:
        if value is None:
            return ""
        if name in ("quadrant", "then"):
            return str(Quadrant(value).label).lower()
        if name == "percent":
            # The words say whether it rose or fell; a change printed with its sign says so itself.
            return _Number(abs(value))
        if name == "change":
            return self.figures.signed(value)
        if isinstance(value, Decimal):
            return self.figures.short(value)
        if isinstance(value, date):
            return self.figures.long_day(value)
        if isinstance(value, float):
            return f"{value:g}"
        return _Number(value) if isinstance(value, int) else value
