"""A monthly statement on paper and as a table: the same lines, each with its arithmetic, and the same totals."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import get_language, get_language_bidi, ngettext
from django.utils.translation import gettext as _

from deals.documents.arithmetic import arithmetic, exact, formula
from deals.queries.statements import Entry, StatementFacts
from deals.rules.statements import ADJUSTED, EARNED, GROUPS, PAID, TAKEN_BACK, WITHDRAWN
from prm.core import charts
from prm.core.exports import csv_lines
from prm.core.figures import NBSP
from prm.core.fonts import STATIC
from prm.core.models import Organization
from prm.core.pdf import render_pdf
from prm.core.print_brand import brand_colour, brand_mark
from prm.core.print_text import clip, tidy

STYLESHEET = STATIC / "pdf" / "statement.css"
MOST_LINES = 200  # on paper, of each kind; the table has all of them
MOST_PAGES = 40
LONGEST_TITLE = 400.0


def group_label(group: str) -> str:
    """What a kind of movement is called."""
    return {
        EARNED: _("Earned"),
        TAKEN_BACK: _("Taken back"),
        ADJUSTED: _("Adjusted"),
        WITHDRAWN: _("Booked and withdrawn"),
        PAID: _("Paid"),
    }[group]


def render_statement(facts: StatementFacts) -> bytes:
    """The statement as a tagged PDF in the active language; the same facts give the same bytes."""
    return render_pdf(
        statement_html(facts),
        stylesheets=[STYLESHEET],
        title=_title(facts),
        lang=get_language() or "en",
        author=tidy(facts.vendor.name),
        created=facts.end,
        max_pages=MOST_PAGES,
    )


def statement_html(facts: StatementFacts) -> str:
    """The statement as HTML, ready for the renderer; what people typed is escaped by the template."""
    return render_to_string("pdf/statement.html", _context(facts))


def statement_csv(facts: StatementFacts) -> bytes:
    """Every line with the opening balance before it and the closing one after, amounts as plain numbers."""
    head = [_("Date"), _("Kind"), _("Number"), _("For"), _("Computed as"), _("Amount"), _("Currency")]
    return "".join(csv_lines(rows=_csv_rows(facts), columns=head)).encode()


def file_name(facts: StatementFacts) -> str:
    """A plain ASCII name without its ending: statement-2026-03-USD-northwind-solutions."""
    partner = slugify(facts.partner.name)[:40] or slugify(facts.code) or "partner"
    return f"statement-{facts.start:%Y-%m}-{facts.currency}-{partner}"


def _csv_rows(facts: StatementFacts) -> Iterator[list[Any]]:
    totals, currency = facts.totals, facts.currency
    yield [facts.start, _("Balance at the start"), "", "", "", totals.opening, currency]
    for entry in facts.entries:
        yield [
            entry.on,
            _kind(entry),
            entry.code,
            entry.title,
            _explained(entry),
            entry.amount,
            currency,
        ]
    yield [facts.end, _("Balance at the end"), "", "", "", totals.closing, currency]


def _kind(entry: Entry) -> str:
    if entry.group == PAID:
        return _("Payment returned") if entry.is_reversal else _("Payout")
    label = str(entry.line.get_kind_display()) if entry.line else ""
    return _("%(kind)s, withdrawn") % {"kind": label} if entry.is_reversal else label


def _explained(entry: Entry) -> str:
    """The sum behind a line; an agreed amount has none."""
    line = entry.line
    return arithmetic(line) if line and not entry.is_reversal and formula(line.inputs) else ""


def _title(facts: StatementFacts) -> str:
    values = {"month": _month(facts.start), "partner": tidy(facts.partner.name), "currency": facts.currency}
    return _("Statement %(month)s, %(currency)s: %(partner)s") % values


def _month(day: date) -> str:
    return date_format(day, "F Y")


def _context(facts: StatementFacts) -> dict[str, Any]:
    running = _("%(vendor)s: statement for %(partner)s, %(month)s, %(currency)s") % {
        "vendor": clip(facts.vendor.name, 180, size=9),
        "partner": clip(facts.partner.name, 220, size=9),
        "month": _month(facts.start),
        "currency": facts.currency,
    }
    return {
        "lang": get_language() or "en",
        "direction": "rtl" if get_language_bidi() else "ltr",
        "title": _title(facts),
        "tokens": charts.theme_tokens("print"),
        "brand": brand_colour(facts.vendor.accent),
        "brands": [_mark(facts.vendor, filled=True), _mark(facts.partner, filled=False)],
        "running": running,
        "month": _month(facts.start),
        "partner": tidy(facts.partner.name),
        "vendor": tidy(facts.vendor.name),
        "code": facts.code,
        "currency": facts.currency,
        "period": _("%(start)s to %(end)s") % {"start": _day(facts.start), "end": _day(facts.end)},
        "summary": _summary(facts),
        "closing": exact(facts.totals.closing, facts.currency),
        "owes_us": facts.totals.closing < 0,
        "parts": _parts(facts),
        "groups": [_group(facts, group) for group in GROUPS if facts.of_group(group)],
    }


def _mark(company: Organization, *, filled: bool) -> dict[str, Any]:
    logo = company.logo
    data = b""
    if logo is not None:
        with logo.content.open("rb") as handle:
            data = handle.read()
    return brand_mark(
        name=company.name,
        colour=company.accent if company.is_vendor else "",
        logo=data,
        logo_type=logo.media_type if logo else "",
        filled=filled,
    )


def _summary(facts: StatementFacts) -> list[dict[str, Any]]:
    """Opening, what moved by kind, closing: a column that adds up."""
    rows: list[dict[str, Any]] = [
        {"label": _("Balance at the start"), "note": _day(facts.start), "amount": facts.totals.opening, "css": ""}
    ]
    for group in GROUPS:
        count = len(facts.of_group(group))
        if count:
            note = ngettext("%(count)s line", "%(count)s lines", count) % {"count": count}
            rows.append(
                {"label": group_label(group), "note": note, "amount": facts.totals.moved[group], "css": "moved"}
            )
    rows.append(
        {"label": _("Balance at the end"), "note": _day(facts.end), "amount": facts.totals.closing, "css": "sum"}
    )
    return [row | {"amount": _signed(row["amount"], facts.currency, row["css"] == "moved")} for row in rows]


def _parts(facts: StatementFacts) -> list[tuple[str, str, str]]:
    totals, currency = facts.totals, facts.currency
    return [
        (_("Not yet due"), exact(totals.accrued, currency), _("waits for the customer or the holdback")),
        (_("Payable"), exact(totals.payable, currency), _("paid in a next run, from the minimum on")),
        (_("On its way"), exact(totals.clearing, currency), _("sent in a run, not arrived yet")),
    ]


def _group(facts: StatementFacts, group: str) -> dict[str, Any]:
    entries = facts.of_group(group)
    shown, rest = entries[:MOST_LINES], entries[MOST_LINES:]
    return {
        "label": group_label(group),
        "total": _signed(facts.totals.moved[group], facts.currency, True),
        "rows": [
            {
                "on": date_format(entry.on, "j M"),
                "code": entry.code,
                "title": clip(entry.title, LONGEST_TITLE, size=10.5),
                "kind": _kind(entry),
                "explained": _explained(entry),
                "amount": _signed(entry.amount, facts.currency, True),
            }
            for entry in shown
        ],
        "rest": _rest(rest, facts.currency),
    }


def _rest(entries: list[Entry], currency: str) -> dict[str, str] | None:
    if not entries:
        return None
    text = ngettext(
        "%(count)s further line stands in the CSV file only",
        "%(count)s further lines stand in the CSV file only",
        len(entries),
    )
    amount = sum((entry.amount for entry in entries), Decimal(0))
    return {"text": text % {"count": len(entries)}, "amount": _signed(amount, currency, True)}


def _signed(amount: Decimal, currency: str, signed: bool) -> str:
    """The figure alone; the currency stands in the head of the column. What moved carries its sign."""
    text = exact(amount, currency).rpartition(NBSP)[0]
    return f"+{text}" if signed and amount > 0 else text


def _day(day: date) -> str:
    return date_format(day, "j F Y")
