"""Integrations: what a partner built between its product and ours."""

from datetime import date

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.choices import RecordSource
from partners.models.tier import PartnerOwnedQuerySet
from prm.core.refs import Ref


class IntegrationQuerySet(PartnerOwnedQuerySet):
    """Integrations, narrowed to who asks."""

    def live(self, on: date) -> "IntegrationQuerySet":
        """Those that customers can use on a day."""
        return self.filter(models.Q(ended_on=None) | models.Q(ended_on__gt=on), live_on__lte=on)

    def newest_first(self) -> "IntegrationQuerySet":
        """Running ones before ended ones, then the latest first."""
        return self.order_by(models.F("ended_on").desc(nulls_first=True), "-live_on", "-pk")


class Integration(models.Model):
    """A connection between a partner's product and ours that customers use, from its first day until it is ended.

    It is *live* on a day from ``live_on`` on and until the day before ``ended_on``; tiers of the technology ladder
    count the live ones. ``evidence`` says what we saw and is the vendor's own note: partners read everything else.
    ``version`` counts edits by people.
    """

    code = models.CharField(max_length=20, unique=True)
    external_id = models.CharField(_("id elsewhere"), max_length=80, blank=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="integrations")
    name = models.CharField(_("integration"), max_length=150)
    product = models.CharField(_("our product or category"), max_length=120, blank=True)
    url = models.URLField(_("address"), max_length=200, blank=True)
    live_on = models.DateField(_("live since"))
    ended_on = models.DateField(_("ended"), null=True, blank=True)
    evidence = models.TextField(_("evidence"), max_length=2000)
    source = models.CharField(_("source"), max_length=10, choices=RecordSource)
    by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(_("recorded"))

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_on=None) | models.Q(ended_on__gte=models.F("live_on")),
                name="partners_integration_range",
            ),
            models.CheckConstraint(
                condition=models.Q(url="") | models.Q(url__startswith="https://"), name="partners_integration_https"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="partners_integration_has_name"),
            models.CheckConstraint(condition=~models.Q(evidence=""), name="partners_integration_has_evidence"),
            models.UniqueConstraint(
                fields=["external_id"], condition=~models.Q(external_id=""), name="partners_integration_external_once"
            ),
            # twice sent is once counted: a second row of the same name would earn a tier twice
            models.UniqueConstraint(
                "partner",
                Lower("name"),
                Lower("product"),
                condition=models.Q(ended_on=None),
                name="partners_integration_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id}: {self.name} since {self.live_on}"

    @property
    def ref(self) -> Ref:
        """How the audit names this integration."""
        return Ref("partners.integration", self.code)

    def is_live(self, on: date) -> bool:
        """Whether customers can use it on a day; the day it ends is the first without it."""
        return self.live_on <= on and (self.ended_on is None or self.ended_on > on)
