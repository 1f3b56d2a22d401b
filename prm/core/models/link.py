"""Links in mail that let a known person act."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from prm.core.refs import Ref


class SignedLink(models.Model):
    """One purpose, one thing, one member, until a moment. The token is mailed; the row keeps its hash.

    Opening shows a page; only a POST by the member it was made for acts, once.
    """

    token_hash = models.CharField(max_length=64, unique=True)
    purpose = models.CharField(_("purpose"), max_length=60)
    membership = models.ForeignKey("core.Membership", models.PROTECT, related_name="+")
    ref_kind = models.CharField(max_length=50)
    ref_code = models.CharField(max_length=60)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    used_at = models.DateTimeField(_("used"), null=True, blank=True)

    class Meta:
        verbose_name = _("signed link")
        verbose_name_plural = _("signed links")

    def __str__(self) -> str:
        return f"{self.purpose} {self.ref_code}"

    @property
    def ref(self) -> Ref:
        """What it is about."""
        return Ref(self.ref_kind, self.ref_code)
