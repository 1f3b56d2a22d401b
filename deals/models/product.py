"""What is sold."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProductQuerySet(models.QuerySet["Product"]):
    """Products; the list is the same for everybody."""

    def offered(self) -> "ProductQuerySet":
        """Those that can be registered today, by name."""
        return self.filter(is_active=True).order_by("name")


class Product(models.Model):
    """A thing on the price list.

    ``line`` numbers the product line for claims: two partners may hold one customer for different lines. A product
    without a line belongs to all of them.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=150)
    series = models.CharField(_("series"), max_length=100, blank=True)
    line = models.PositiveIntegerField(_("product line"), null=True, blank=True)
    list_price = models.DecimalField(_("list price"), max_digits=18, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    external_id = models.CharField(_("external number"), max_length=100, null=True, blank=True, unique=True)
    is_active = models.BooleanField(_("offered"), default=True)
    created_at = models.DateTimeField(_("created"))

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = [
            models.UniqueConstraint(models.functions.Lower("name"), name="deals_product_name_once"),
            models.CheckConstraint(
                condition=models.Q(list_price=None) | models.Q(list_price__gte=0, list_price__lte=10**12),
                name="deals_product_price_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name
