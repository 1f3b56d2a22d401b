"""Terms of the program in words, for pages, mails and documents."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partners.choices import BenefitKind
from partners.models import Benefit, ProgramVersion
from partners.queries.program import benefit_values, program_of
from partners.rules.program_terms import OPEN, YES, BenefitHead
from prm.core.figures import figure, money_text, percent_text


def benefit_text(head: BenefitHead | Benefit, value: str, currency: str) -> str:
    """A benefit's value in words: 25 %, 100,000 USD, within 4 hours, included."""
    if value == YES:
        return _("included")
    if value == OPEN:
        return _("without limit")
    match head.kind:
        case BenefitKind.PERCENT:
            return percent_text(Decimal(value))
        case BenefitKind.MONEY:
            return money_text(Decimal(value), currency)
        case BenefitKind.HOURS:
            hours = int(Decimal(value))
            return ngettext("within %(hours)s hour", "within %(hours)s hours", hours) % {"hours": hours}
        case BenefitKind.COUNT:
            return figure(Decimal(value))
    return value


def unlocked(version: ProgramVersion, track: str, before: str | None, after: str | None) -> list[tuple[str, str]]:
    """What the second tier gives that the first does not, as (benefit, value) in the program's order."""
    values = benefit_values(version, track)
    had, has = values.get(before or "", {}), values.get(after or "", {})
    return [
        (entry.head.name, benefit_text(entry.head, has[entry.head.code], version.currency))
        for entry in program_of(version).benefits
        if has.get(entry.head.code) not in (None, "", "0") and has[entry.head.code] != had.get(entry.head.code)
    ]
