"""What one currency is worth in another on a date."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ExchangeRate(models.Model):
    """One unit of ``currency`` in ``to_currency``, good from a day until the next row of the pair.

    A won deal keeps the rate of its won date; without a rate it stays out of sums and is listed.
    """

    currency = models.CharField(_("from"), max_length=3)
    to_currency = models.CharField(_("to"), max_length=3)
    valid_from = models.DateField(_("from day"))
    rate = models.DecimalField(_("rate"), max_digits=18, decimal_places=8)
    source = models.CharField(_("source"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        constraints = [
            models.UniqueConstraint(fields=["currency", "to_currency", "valid_from"], name="deals_rate_once_a_day"),
            models.CheckConstraint(condition=models.Q(rate__gt=0, rate__lte=10**9), name="deals_rate_in_range"),
            models.CheckConstraint(
                condition=~models.Q(currency=models.F("to_currency")), name="deals_rate_between_two_currencies"
            ),
        ]

    def __str__(self) -> str:
        return f"1 {self.currency} = {self.rate} {self.to_currency} ({self.valid_from})"
