"""Plans in words: what one pays for, to whom, from when, and what is unusual about it."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deals.choices import DealKind, PlanModel
from deals.documents.earning_words import trigger_text
from deals.documents.line_words import word
from deals.queries.plans import PlanRow
from partners.choices import PartnerType
from partners.rules.blueprint import Program
from partners.rules.incentive_terms import ANY_DEAL, PlanTerm
from prm.core.figures import day_text, figure, money_text, percent_text


@dataclass(frozen=True)
class PlanWords:
    """A plan for a list or a page: ``scope`` for whom, ``pays`` how much, ``when`` from when on it is due."""

    row: PlanRow
    scope: str
    pays: str
    when: str
    narrows: list[str]

    @property
    def plan(self) -> PlanTerm:
        """The plan itself."""
        return self.row.plan


def plan_words(row: PlanRow, program: Program) -> PlanWords:
    """A plan of a program in words."""
    return PlanWords(row, scope_words(row.plan, program), pays_words(row), when_words(row), narrows(row.plan))


def scope_words(plan: PlanTerm, program: Program) -> str:
    """The deals a plan is meant for."""
    scope = plan.scope
    tracks = {track.code: track.name for track in program.tracks}
    tiers = {rung.code: rung.name for track in program.tracks for rung in track.tiers}
    kinds = {
        ANY_DEAL: _("all deals"),
        DealKind.RESALE: _("resold deals"),
        DealKind.COMMISSION: _("deals on commission"),
    }
    parts = [kinds.get(scope.deal, scope.deal)]
    if scope.types:
        parts.append(_("of %(types)s partners") % {"types": ", ".join(word(PartnerType, each) for each in scope.types)})
    if scope.tracks:
        parts.append(
            _("on the track %(tracks)s") % {"tracks": ", ".join(tracks.get(each, each) for each in scope.tracks)}
        )
    if scope.tiers:
        parts.append(_("at %(tiers)s") % {"tiers": ", ".join(tiers.get(each, each) for each in scope.tiers)})
    if scope.products:
        parts.append(_("with %(products)s only") % {"products": ", ".join(scope.products)})
    if plan.starts_on or plan.ends_on:
        parts.append(
            _("signed %(from)s to %(until)s")
            % {
                "from": day_text(plan.starts_on) if plan.starts_on else "…",
                "until": day_text(plan.ends_on) if plan.ends_on else "…",
            }
        )
    text = " ".join(parts)
    return text[:1].upper() + text[1:]


def pays_words(row: PlanRow) -> str:
    """What a plan pays."""
    plan = row.plan
    rate = rate_words(row)
    amount = money_text(plan.flat_amount, plan.currency) if plan.flat_amount is not None else ""
    match plan.model:
        case PlanModel.FLAT:
            return _("%(amount)s for each deal") % {"amount": amount}
        case PlanModel.FIRST_YEAR:
            return _("%(rate)s of the first year") % {"rate": rate}
        case PlanModel.RECURRING:
            return _("%(rate)s of what the customer pays in the first %(months)s months") % {
                "rate": rate,
                "months": plan.months,
            }
        case PlanModel.BRACKETS:
            return _("by the year’s volume: %(brackets)s") % {
                "brackets": "; ".join(
                    f"{figure(each.at_least)}–{figure(each.below) if each.below is not None else '…'} "
                    f"{percent_text(each.percent)}"
                    for each in plan.brackets
                )
            }
        case PlanModel.MARGIN:
            return _("%(rate)s off the list price") % {"rate": rate}
    return _("%(amount)s and %(rate)s of the first year") % {"amount": amount, "rate": rate}


def rate_words(row: PlanRow) -> str:
    """A rate of the plan's own, or the range that the tiers give."""
    if row.plan.rate_percent is not None:
        return percent_text(row.plan.rate_percent)
    percents = sorted({each.percent for each in row.rates})
    if not percents:
        return _("no rate")
    if len(percents) == 1:
        return percent_text(percents[0])
    return _("%(least)s to %(most)s by tier") % {"least": percent_text(percents[0]), "most": percent_text(percents[-1])}


def when_words(row: PlanRow) -> str:
    """When commission becomes payable."""
    if row.plan.model == PlanModel.MARGIN:
        return _("at once: it is a price")
    days = ngettext("%(days)s day after %(what)s", "%(days)s days after %(what)s", row.holdback_days)
    return days % {"days": row.holdback_days, "what": trigger_text(row.trigger)}


def renewal_words(plan: PlanTerm) -> str:
    """What renewals earn."""
    if plan.model in (PlanModel.FLAT, PlanModel.MARGIN):
        return _("the same again")
    if plan.renewal_rate_percent is None:
        return _("the plan’s rate of the day")
    return percent_text(plan.renewal_rate_percent) if plan.renewal_rate_percent else _("nothing")


def narrows(plan: PlanTerm) -> list[str]:
    """What its scope narrows, the most decisive first: the reason why it wins or loses."""
    names = [_("product"), _("tier"), _("type"), _("track"), _("kind of deal")]
    return [name for name, is_named in zip(names, plan.scope.specificity, strict=True) if is_named]


def bracket_lines(plan: PlanTerm) -> str:
    """Brackets as they are typed, one a line."""
    return "\n".join(
        f"{each.at_least:f} - {'' if each.below is None else f'{each.below:f}'}: {each.percent:f}"
        for each in plan.brackets
    )


def plain(value: Decimal | None) -> str:
    """A figure as it is typed."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
