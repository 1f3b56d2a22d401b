"""Why a partner earns by these terms, as the vendor reads it: the plan that counts, those that don't, and SPIFFs."""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from deals.choices import SpiffKind
from deals.documents.line_words import said, word
from prm.core.explain import Line
from prm.core.wording import Said

_TOPICS = ("plan", "earning", "margin", "spiff")


def terms_words(lines: Iterable[Line], currency: str, names: Mapping[str, str]) -> tuple[list[Said], list[Said]]:
    """The lines of terms in words: what counted, and the plans that lost and the SPIFFs that gave nothing."""
    chosen: list[Said] = []
    lost: list[Said] = []
    for line in lines:
        if line.code.partition(".")[0] not in _TOPICS:
            continue
        if line.code == "spiff.not_awarded":
            lost.append(_not_awarded(line, names))
        else:
            (lost if line.code == "plan.lost" else chosen).extend(said([line], currency, names))
    return chosen, lost


def _not_awarded(line: Line, names: Mapping[str, str]) -> Said:
    code = str(line.values.get("spiff", ""))
    kind = word(SpiffKind, line.values.get("kind"))
    reason = reasons().get(str(line.values.get("reason")), str(line.values.get("reason", "")))
    return Said(_("No SPIFF"), names.get(code, kind), reason, False, "")


def reasons() -> dict[str, str]:
    """Why a SPIFF gives nothing on a deal."""
    return {
        "outside_limits": _("is outside what the program allows"),
        "not_sourced": _("is for sourced deals only"),
        "outside_window": _("did not run on the day"),
        "other_type": _("is for other types of partner"),
        "other_tier": _("is for other tiers"),
        "other_currency": _("is in another currency"),
        "not_first_deal": _("is for a first deal only"),
        "not_new_partner": _("is for new partners only"),
        "product_missing": _("is for other products"),
        "quota_missed": _("needs the quota to be met"),
        "no_competitor": _("needs a competitor on the deal"),
        "other_competitor": _("is for another competitor"),
        "bundle_incomplete": _("needs all products of the bundle"),
        "budget_spent": _("has too little left in its budget"),
        "no_rate": _("adds to a rate, and nothing was earned by one at signature"),
    }
