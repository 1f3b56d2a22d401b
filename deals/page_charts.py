"""The drawings on the pages of deals."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from deals.queries.attribution import Figures
from deals.queries.attribution_page import ModelRow
from deals.queries.earning_lines import MONTHS, ZERO, Account
from partners.models import Partner
from prm.core.business_time import add_months
from prm.core.charts import Bar, Chart, Column, bars, columns_over_time
from prm.core.figures import money_text, percent_text, short_money_text

MOST_BARS = 10


def credit_chart(partners: Sequence[Partner], models: Sequence[ModelRow]) -> Chart | None:
    """How each credit model would share a deal; nothing where there is nobody to share it with."""
    known = [row for row in models if row.shares]
    if len(partners) < 2 or not known:
        return None
    rows = [
        Bar(
            label=_("%(model)s: %(partner)s") % {"model": row.label, "partner": partner.name},
            value=bps / 100,
            texts=(percent_text(bps / 100, 2),),
            attention=row.is_used,
        )
        for row in known
        for partner, bps in zip(partners, row.shares, strict=True)
    ]
    alt = "; ".join(
        f"{row.label}: "
        + ", ".join(f"{p.name} {percent_text(bps / 100, 2)}" for p, bps in zip(partners, row.shares, strict=True))
        for row in known
    )
    return bars(
        name="credit-models",
        title=_("Credit by model"),
        alt=alt,
        rows=rows,
        width=520,
        label_width=230,
        text_widths=(70,),
        row_height=24,
        thickness=12,
        longest=100,
        headings=(_("Model and partner"), _("Credit")),
    )


def attribution_chart(rows: Sequence[Figures], currency: str, *, by: str) -> Chart | None:
    """Involved revenue and the sourced part of it, by quarter as columns, else as bars of the first ten rows."""
    if not any(row.involved or row.sourced for row in rows):
        return None

    def money(amount: float) -> str:
        return short_money_text(amount, currency)

    headings = (_("Sourced"), _("Partner-involved"))
    alt = _("Sourced of partner-involved revenue: %(rows)s") % {
        "rows": "; ".join(
            f"{row.label or '–'} {money(float(row.sourced))} / {money(float(row.involved))}" for row in rows[:MOST_BARS]
        )
    }
    if by == "quarter":
        return columns_over_time(
            name="attribution",
            title=_("By quarter"),
            alt=alt,
            columns=[Column(row.label, float(row.involved), float(row.sourced)) for row in rows],
            label=money,
            width=760,
            height=200,
            headings=(_("Quarter"), *headings),
            rows=tuple((row.label, money(float(row.sourced)), money(float(row.involved))) for row in rows),
        )
    shown = rows[:MOST_BARS]
    return bars(
        name="attribution",
        title=_("By partner") if by == "partner" else _("By tier"),
        alt=alt,
        rows=[
            Bar(
                label=row.label or _("No tier"),
                value=float(max(row.involved, row.sourced)),
                inner=float(row.sourced),
                texts=(money(float(row.sourced)), money(float(row.involved))),
            )
            for row in shown
        ],
        width=760,
        label_width=170,
        text_widths=(90, 90),
        headings=(_("Partner") if by == "partner" else _("Tier"), *headings),
    )


def earnings_chart(account: Account, today: date) -> Chart | None:
    """A year of one currency by month: earned less what was taken back as columns, paid as a line."""
    if not any(month.earned or month.paid or month.clawed_back for month in account.months):
        return None
    known = {month.month: month for month in account.months}
    first = add_months(today.replace(day=1), 1 - MONTHS)
    days = [add_months(first, number) for number in range(MONTHS)]
    figures = [
        (day, known[day].earned - known[day].clawed_back, known[day].paid) if day in known else (day, ZERO, ZERO)
        for day in days
    ]

    def money(amount: float | Decimal) -> str:
        return short_money_text(Decimal(str(amount)), account.currency)

    is_paid = any(paid for _day, _earned, paid in figures)
    alt = _("Earned and paid by month: %(months)s") % {
        "months": "; ".join(
            f"{date_format(day, 'M Y')} {money(earned)} / {money(paid)}" for day, earned, paid in figures
        )
    }
    return columns_over_time(
        name=f"earnings-{account.currency.lower()}",
        title=_("Earned and paid by month"),
        alt=alt,
        columns=[
            Column(date_format(day, "M"), float(earned), target=float(paid) if is_paid else None)
            for day, earned, paid in figures
        ],
        label=lambda value: short_money_text(Decimal(str(value))),
        width=760,
        height=220,
        left=64,
        headings=(_("Month"), _("Earned"), _("Paid")),
        rows=tuple(
            (date_format(day, "M Y"), money_text(earned, account.currency), money_text(paid, account.currency))
            for day, earned, paid in figures
        ),
        named=True,
    )
