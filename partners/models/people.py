"""The people around a partnership, and who on our side may decide for it."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.choices import ContactRole, ContactSide
from prm.core.actors import Actor
from prm.core.refs import Ref


class PartnerContactQuerySet(models.QuerySet["PartnerContact"]):
    """Contacts, narrowed to who asks."""

    def visible_to(self, actor: Actor) -> "PartnerContactQuerySet":
        """Staff see all contacts; partner people those of their company, on both sides."""
        if actor.is_vendor or actor.is_system:
            return self
        if not (actor.is_partner and actor.organization_id):
            return self.none()
        return self.filter(partner_id=actor.organization_id)

    def current(self) -> "PartnerContactQuerySet":
        """Contacts who still hold their role."""
        return self.filter(ended_at=None)


class PartnerContact(models.Model):
    """A named person in a role around a partner, on our side or theirs. Not everyone has an account."""

    code = models.CharField(max_length=20, unique=True)
    partner = models.ForeignKey("partners.Partner", models.PROTECT, related_name="contacts")
    side = models.CharField(_("side"), max_length=6, choices=ContactSide)
    role = models.CharField(_("role"), max_length=12, choices=ContactRole)
    name = models.CharField(_("name"), max_length=150)
    email = models.EmailField(_("mail address"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    user = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    objects = PartnerContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        constraints = [
            models.UniqueConstraint(
                "partner",
                "side",
                "role",
                Lower("email"),
                condition=models.Q(ended_at=None) & ~models.Q(email=""),
                name="partners_contact_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.role})"

    @property
    def ref(self) -> Ref:
        """How the audit names this contact."""
        return Ref("partners.contact", self.code)


class TerritoryCover(models.Model):
    """A manager decides for every partner of a territory, owned or not."""

    user = models.ForeignKey("core.User", models.PROTECT, related_name="territories")
    territory = models.CharField(_("territory"), max_length=60)
    created_at = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("territory cover")
        verbose_name_plural = _("territory covers")
        constraints = [models.UniqueConstraint(fields=["user", "territory"], name="partners_cover_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.territory}"


class Delegation(models.Model):
    """For some days another manager decides for one's portfolio. Both days are included."""

    giver = models.ForeignKey("core.User", models.PROTECT, related_name="delegations_given")
    taker = models.ForeignKey("core.User", models.PROTECT, related_name="delegations_taken")
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    reason = models.TextField(_("reason"), blank=True)
    created_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")), name="partners_delegation_range"
            ),
            models.CheckConstraint(condition=~models.Q(giver=models.F("taker")), name="partners_delegation_to_another"),
        ]
        indexes = [models.Index(fields=["taker", "ends_on"], name="partners_delegation_taker")]

    def __str__(self) -> str:
        return f"{self.giver_id} → {self.taker_id}"
