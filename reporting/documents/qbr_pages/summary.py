"""The summary page: figures with their change on the year, wins, gaps, and the advice or the goals."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.choices import Recommendation
from reporting.documents.qbr_sheet import Pack, Tile, clip
from reporting.rules import sentences as say
from reporting.rules.pack import ZERO


def summary_page(pack: Pack) -> dict[str, Any]:
    """The values of the template `pdf/qbr_pack/summary.html`."""
    facts = pack.facts
    panel: dict[str, Any]
    if facts.recommendation:
        code = facts.recommendation.code
        panel = {
            "heading": _("Recommendation"),
            "big": Recommendation(code).label,
            "attention": code == "reduce",
            "items": [
                pack.words.reason(sentence)
                for reason in facts.recommendation.reasons
                if (sentence := say.reason_of(reason))
            ],
        }
    else:
        goals = [pack.words.goal(pack.short_names(goal)) for goal in say.goals_of(facts, 4)]
        panel = {
            "heading": _("Goals for %(quarter)s") % {"quarter": facts.period.next_label},
            "goals": [(clip(figure, 120, size=13, weight=600), clip(name, 150, size=13)) for figure, name, _t in goals],
            "items": [] if goals else [_("The meeting agrees on what comes next.")],
        }
    return {
        "tiles": _tiles(pack)[:6],
        "wins": [pack.words.statement(pack.short_names(item)) for item in say.wins_of(facts)],
        "gaps": [pack.words.statement(pack.short_names(item)) for item in say.gaps_of(facts)],
        "panel": panel,
    }


def _tiles(pack: Pack) -> list[Tile]:
    facts, figures = pack.facts, pack.figures
    revenue, flow, pipeline, tier = facts.revenue, facts.flow, facts.pipeline, facts.tier
    amount = revenue.quarter.revenue or ZERO
    tiles = [
        _amount_tile(pack, _("Revenue"), facts.period.label, amount, say.quarter_change(facts), revenue.quarter.target),
        _amount_tile(pack, _("Revenue"), _("last 12 months"), revenue.t12m, say.revenue_change(facts), revenue.target),
    ]
    if pipeline:
        tiles.append(_pipeline_tile(pack))
    if flow:
        now = say.win_rate(flow.won_t12m, flow.lost_t12m)
        before = say.win_rate(flow.won_t12m_prior, flow.lost_t12m_prior)
        closed = flow.won_t12m + flow.lost_t12m
        if now is not None:
            when = _("%(won)s of %(closed)s closed, 12 months") % {"won": flow.won_t12m, "closed": closed}
            note = (
                _("no figure a year ago")
                if before is None
                else _("%(points)s points on last year") % {"points": figures.signed(now - before)}
            )
            falling = before is not None and now < before - 1
            tiles.append(Tile(_("Win rate"), when, f"{now}%", note, share=str(now), attention=falling))
    if facts.health and facts.health.score is not None:
        health = facts.health
        note = (
            _("no figure a year ago")
            if health.prior_year is None
            else _("%(points)s points on last year")
            % {"points": figures.signed((health.score or 0) - health.prior_year)}
        )
        tiles.append(
            Tile(
                _("Partner health"),
                _("of 100 points"),
                str(health.score),
                note,
                small=clip(health.band, 70, size=12, weight=600),
                share=str(health.score),
            )
        )
    elif flow and (flow.registered_t12m or flow.registered_t12m_prior):
        tiles.append(
            Tile(
                _("Registered deals"),
                _("last 12 months"),
                figures.count(flow.registered_t12m),
                pack.change_note(
                    say.compare(
                        Decimal(flow.registered_t12m),
                        None if flow.registered_t12m_prior is None else Decimal(flow.registered_t12m_prior),
                        pack.terms.flat_percent,
                    )
                ),
            )
        )
    if tier and tier.next_label and tier.progress_percent is not None:
        people = _("%(people)s of %(required)s certified") % {
            "people": tier.people,
            "required": tier.people_required,
        }
        tiles.append(
            Tile(
                _("Tier progress"),
                clip(_("to %(tier)s") % {"tier": tier.next_label}, 140, size=10.5),
                f"{tier.progress_percent}%",
                people if tier.people_required else clip(tier.label, 140),
                share=str(tier.progress_percent),
            )
        )
    if facts.nps and facts.nps.answers:
        answers = ngettext("from %(answers)s answer", "from %(answers)s answers", facts.nps.answers)
        target = _("target %(target)s") % {"target": pack.terms.nps_target}
        tiles.append(
            Tile(
                _("Partner NPS"),
                answers % {"answers": facts.nps.answers},
                figures.signed(facts.nps.score),
                target,
                attention=facts.nps.score < pack.terms.nps_target,
            )
        )
    return tiles


def _amount_tile(
    pack: Pack, label: str, when: str, amount: Decimal, change: say.Change, target: Decimal | None
) -> Tile:
    percent = say.percent_of(amount, target) if target else None
    below, share = "", ""
    if percent is not None and target:
        below = _("%(percent)s%% of %(target)s target") % {
            "percent": percent,
            "target": pack.figures.short(target),
        }
        share = str(min(max(percent, 0), 100))
    attention = change.trend == "falling" if percent is None else percent < 100
    return Tile(
        label,
        when,
        pack.figures.short(amount),
        pack.change_note(change),
        share=share,
        below=below,
        attention=attention,
    )


def _pipeline_tile(pack: Pack) -> Tile:
    pipeline = pack.facts.pipeline
    assert pipeline is not None
    day = _("on %(day)s") % {"day": pack.figures.day(pack.facts.as_of)}
    deals = ngettext("%(deals)s open deal", "%(deals)s open deals", pipeline.deals) % {"deals": pipeline.deals}
    wanted = say.pipeline_wanted(pack.facts)
    if pipeline.total <= 0:
        note = _("no amounts yet") if pipeline.deals else ""
        return Tile(_("Open deals"), day, pack.figures.count(pipeline.deals), note, attention=not pipeline.deals)
    percent = say.percent_of(pipeline.total, wanted) if wanted else None
    below, share = "", ""
    if percent is not None and wanted:
        values = {"percent": percent, "wanted": pack.figures.short(wanted)}
        below, share = _("%(percent)s%% of %(wanted)s wanted") % values, str(min(percent, 100))
    short = percent is not None and percent < 100
    value = pack.figures.short(pipeline.total)
    return Tile(_("Open pipeline"), day, value, deals, share=share, below=below, attention=short)
