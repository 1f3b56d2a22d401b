"""End customers, as the vendor knows them."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from deals.choices import OpportunityStatus
from prm.core.actors import Actor


class AccountQuerySet(models.QuerySet["Account"]):
    """Accounts, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "AccountQuerySet":
        """Vendor staff only: an account is shared by partners who must not learn of each other."""
        return self if actor.is_vendor or actor.is_system else self.none()

    def with_customer(self) -> "AccountQuerySet":
        """Adds ``is_customer``: whether something was ever won there. Derived, never stored."""
        from deals.models.opportunity import Opportunity

        won = Opportunity.objects.filter(account=OuterRef("pk"), status=OpportunityStatus.WON)
        return self.annotate(is_customer=Exists(won))


class Account(models.Model):
    """A company that buys or may buy.

    ``domain_key`` and ``name_key`` are the keys that matching compares, ``plain_name`` the name by likeness.
    ``key_version`` says which version of the normalisation made them, so that a better one can be rolled out and
    its collisions reported.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("website"), max_length=253, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    address = models.TextField(_("address"), blank=True)
    domain_key = models.CharField(max_length=300, blank=True, editable=False)
    name_key = models.CharField(max_length=500, blank=True, editable=False)
    plain_name = models.CharField(max_length=400, blank=True, editable=False)
    key_version = models.PositiveSmallIntegerField(default=1, editable=False)
    external_id = models.CharField(_("external number"), max_length=100, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(_("created"))

    objects = AccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [
            models.Index(fields=["domain_key"], condition=~models.Q(domain_key=""), name="deals_account_domain"),
            models.Index(fields=["name_key"], name="deals_account_name"),
            GinIndex(OpClass("plain_name", name="gin_trgm_ops"), name="deals_account_name_alike"),
        ]

    def __str__(self) -> str:
        return self.name
