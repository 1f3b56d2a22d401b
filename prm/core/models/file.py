"""Files people bring in, kept in a private place and served only by the noun that owns them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


def private_path(instance: "StoredFile", _filename: str) -> str:
    """A name of our own making: nothing a person typed reaches the disk."""
    return f"{instance.code[3:5]}/{instance.code}{instance.suffix}"


class StoredFile(models.Model):
    """A checked upload or a generated document. ``sha256`` is the content that was approved.

    A sealed one is ciphertext on the disk; ``sha256`` and ``size`` are still those of what was brought in.
    """

    code = models.CharField(max_length=20, unique=True)
    organization = models.ForeignKey("core.Organization", models.PROTECT, null=True, related_name="+")
    name = models.CharField(_("name"), max_length=200)
    suffix = models.CharField(max_length=10)
    media_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveBigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64, db_index=True)
    content = models.FileField(upload_to=private_path, max_length=120)
    is_sealed = models.BooleanField(default=False, db_default=False, editable=False)
    uploaded_by = models.ForeignKey("core.User", models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("uploaded"))

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")

    def __str__(self) -> str:
        return self.name
