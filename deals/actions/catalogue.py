"""The price list and the exchange rates: data that administrators keep, with history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.models import ExchangeRate, Product
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.codes import new_code
from prm.core.refs import Ref
from prm.core.refused import Refused

PRODUCT_FIELDS = ("name", "series", "line", "list_price", "currency", "external_id", "is_active")
RATE_FIELDS = ("currency", "to_currency", "valid_from", "rate", "source")


class CatalogueRefused(Refused):
    """Only administrators keep the price list and the rates."""

    code = "deals.catalogue.refused"
    text = _("You can’t change the price list or the exchange rates.")


def _must_keep(by: Actor) -> None:
    if not by.can("core.admin_use"):
        raise CatalogueRefused


def save_product(*, product: Product | None, values: Mapping[str, Any], by: Actor, at: datetime) -> Product:
    """Put a product on the price list, or change it; ``product`` is None for a new one."""
    _must_keep(by)
    with transaction.atomic():
        if product is None:
            row = Product(code=new_code("PR"), created_at=at)
        else:
            row = Product.objects.select_for_update().get(pk=product.pk)
        changes = _put(row, values, PRODUCT_FIELDS)
        if changes or product is None:
            row.external_id = row.external_id or None
            row.save()
            audit.record(code="deals.product.saved", by=by, at=at, ref=Ref("deals.product", row.code), changes=changes)
    return row


def save_rate(*, rate: ExchangeRate | None, values: Mapping[str, Any], by: Actor, at: datetime) -> ExchangeRate:
    """Enter an exchange rate, or correct it. Deals won before keep the rate they were converted at."""
    _must_keep(by)
    with transaction.atomic():
        row = ExchangeRate() if rate is None else ExchangeRate.objects.select_for_update().get(pk=rate.pk)
        changes = _put(row, values, RATE_FIELDS)
        if changes or rate is None:
            row.save()
            pair = f"{row.currency}-{row.to_currency}"
            audit.record(code="deals.rate.saved", by=by, at=at, ref=Ref("deals.rate", pair), changes=changes)
    return row


def _put(row: Any, values: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, list[Any]]:
    changes = {}
    for name in allowed:
        if name in values and getattr(row, name) != values[name]:
            changes[name] = [str(getattr(row, name)), str(values[name])]
            setattr(row, name, values[name])
    return changes
