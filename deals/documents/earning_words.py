"""A line's life, a SPIFF and a resold deal in the words of the partner who earns."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from deals.choices import EarningTrigger, SpiffKind
from deals.documents.line_words import word
from deals.models import Contract, EarningTerms, Spiff
from deals.queries.earning_lines import Moment
from prm.core.figures import day_text, figure, money_text, percent_text

ZERO = Decimal(0)


def trigger_text(code: str) -> str:
    """What must happen before a line's holdback begins."""
    return {
        EarningTrigger.FIRST_PAYMENT: _("the customer’s first payment"),
        EarningTrigger.IMPLEMENTATION: _("the end of the implementation"),
        EarningTrigger.TRIAL: _("the end of the trial"),
    }.get(code, word(EarningTrigger, code))  # type: ignore[call-overload]


def moment_words(moment: Moment, today: date) -> dict[str, Any]:
    """One point of a line's life: ``text``, ``note`` with its day, and ``tone`` for the mark."""
    texts = {
        "earned": _("Earned"),
        "triggered": _("Waits for %(what)s") % {"what": trigger_text(moment.note)}
        if moment.is_ahead
        else _("What it waited for has happened"),
        "payable": _("Payable"),
        "in_payout": _("In a payout: %(code)s") % {"code": moment.note},
        "paid": _("Paid"),
        "final": _("Final: nothing is taken back any more"),
        "void": _("Taken out before it was paid; it counts nothing"),
    }
    return {
        "text": texts[moment.code],
        "note": day_text(moment.on, today) if moment.on else _("no day yet") if moment.is_ahead else "",
        "tone": "red" if moment.code == "void" else "next" if moment.is_ahead else "green",
    }


def spiff_words(spiff: Spiff) -> str:
    """What a SPIFF gives, in a sentence; the budget stays with the vendor."""
    products = ", ".join(product.name for product in spiff.products.all())
    amount = money_text(spiff.amount, spiff.currency) if spiff.amount is not None else ""
    match spiff.kind:
        case SpiffKind.FIRST_DEAL:
            return _("%(amount)s for your first deal") % {"amount": amount}
        case SpiffKind.PRODUCT_LAUNCH:
            return _("%(times)s× commission on %(products)s") % {
                "times": figure(spiff.multiplier or 1),
                "products": products,
            }
        case SpiffKind.QUARTERLY_PUSH:
            return _("+%(percent)s of the quarter’s commission from %(quota)s of sourced revenue on") % {
                "percent": percent_text(spiff.percent),
                "quota": money_text(spiff.quota_amount, spiff.currency),
            }
        case SpiffKind.DISPLACEMENT:
            rival = spiff.competitor or _("a competitor")
            return _("%(amount)s for each deal that replaces %(rival)s") % {"amount": amount, "rival": rival}
        case _:
            return _("+%(points)s on the rate for %(products)s together") % {
                "points": percent_text(spiff.points),
                "products": products,
            }


@dataclass(frozen=True)
class Resold:
    """A resold deal with the figures of its margin; without a list price there is no profit to tell."""

    contract: Contract
    customer: str
    terms: EarningTerms | None
    margin_percent: Decimal | None
    gross_profit: Decimal | None
    names: dict[str, str]


def resold_words(contract: Contract) -> Resold:
    """The figures as they were signed. ``contract`` comes from ``queries.earning_lines.resold``."""
    found: list[EarningTerms] = getattr(contract, "own_terms", [])
    terms = found[0] if found else None
    account = contract.opportunity.account
    has_price = contract.list_amount is not None and terms is not None
    return Resold(
        contract=contract,
        customer=account.name if account else contract.opportunity.code,
        terms=terms,
        margin_percent=terms.rate_percent + terms.points if terms else None,
        gross_profit=contract.list_amount - contract.amount if has_price else None,  # type: ignore[operator]
        names={terms.tier_code: terms.tier_name} if terms and terms.tier_code else {},
    )
