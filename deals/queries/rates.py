"""What an amount is worth in the program's currency on a date."""

from datetime import date
from decimal import Decimal

from deals.models import ExchangeRate


def rate_on(*, currency: str, to_currency: str, day: date) -> Decimal | None:
    """The rate in force on a day: 1 for the same currency, None where nobody entered one."""
    if currency == to_currency:
        return Decimal(1)
    return (
        ExchangeRate.objects.filter(currency=currency, to_currency=to_currency, valid_from__lte=day)
        .order_by("-valid_from")
        .values_list("rate", flat=True)
        .first()
    )
