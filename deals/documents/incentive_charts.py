"""The drawings on the vendor's pages about incentives."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deals.queries.earnings import Month
from deals.queries.plan_comparison import Comparison
from prm.core.business_time import add_months
from prm.core.charts import Bar, Chart, Column, bars, columns_over_time
from prm.core.figures import money_text, short_money_text

MOST_BARS = 10
ZERO = Decimal(0)


def _short(value: float | Decimal) -> str:
    return short_money_text(Decimal(str(value)))


def coming_chart(weeks: Sequence[tuple[date, Decimal]], currency: str) -> Chart | None:
    """What becomes payable in each of the next weeks, by the week's first day."""
    if not any(amount for _day, amount in weeks):
        return None
    return columns_over_time(
        name=f"coming-{currency.lower()}",
        title=_("Becomes payable, by week"),
        alt="; ".join(f"{date_format(day, 'j M')} {money_text(amount, currency)}" for day, amount in weeks),
        columns=[Column(date_format(day, "j M"), float(amount)) for day, amount in weeks],
        label=_short,
        width=760,
        height=170,
        left=64,
        headings=(_("Week from"), _("Becomes payable")),
        rows=tuple((date_format(day, "j M Y"), money_text(amount, currency)) for day, amount in weeks),
        named=True,
    )


def months_chart(months: Sequence[Month], currency: str, today: date, count: int = 12) -> Chart | None:
    """Earned less what was taken back by month, with what was paid as a line."""
    known = {each.month: each for each in months if each.currency == currency}
    if not known:
        return None
    first = add_months(today.replace(day=1), 1 - count)
    days = [add_months(first, number) for number in range(count)]
    rows = [known.get(day, Month(day, currency, ZERO, ZERO, ZERO)) for day in days]
    return columns_over_time(
        name=f"months-{currency.lower()}",
        title=_("Earned and paid by month"),
        alt="; ".join(
            f"{date_format(each.month, 'M Y')} {_short(each.earned - each.clawed_back)} / {_short(each.paid)}"
            for each in rows
        ),
        columns=[
            Column(date_format(each.month, "M"), float(each.earned - each.clawed_back), target=float(each.paid))
            for each in rows
        ],
        label=_short,
        width=760,
        height=190,
        left=64,
        headings=(_("Month"), _("Earned"), _("Taken back"), _("Paid")),
        rows=tuple(
            (
                date_format(each.month, "M Y"),
                money_text(each.earned, currency),
                money_text(each.clawed_back, currency),
                money_text(each.paid, currency),
            )
            for each in rows
        ),
        named=True,
    )


def comparison_chart(found: Comparison, currency: str) -> Chart | None:
    """Cost before and after by partner, those whose cost changes most first."""
    shown = [each for each in found.partners if each.currency == currency and (each.before or each.after)][:MOST_BARS]
    if not shown:
        return None
    return bars(
        name=f"what-if-{currency.lower()}",
        title=_("Cost after and before by partner"),
        alt="; ".join(
            f"{each.label} {money_text(each.before, currency)} → {money_text(each.after, currency)}" for each in shown
        ),
        rows=[
            Bar(
                label=each.label,
                value=float(max(each.after, each.before)),
                inner=float(each.after),
                texts=(_short(each.after), _short(each.before)),
                attention=each.after < each.before,
            )
            for each in shown
        ],
        width=760,
        label_width=190,
        text_widths=(80, 80),
        headings=(_("Partner"), _("After"), _("Before")),
    )
