"""People who can sign in."""

from datetime import datetime
from functools import cached_property

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from prm.core.actors import Actor
from prm.core.roles import ROLES, django_permission_allowed


class UserManager(BaseUserManager["User"]):
    """Finds people by mail address, whatever its letter case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        """The person with this address; used by Django's sign-in."""
        return self.get(email__iexact=username)

    def visible_to(self, actor: Actor) -> models.QuerySet["User"]:
        """Vendor staff see everyone; partner people those who share their company."""
        if actor.is_vendor or actor.is_system:
            return self.get_queryset()
        if actor.organization_id is None:
            return self.get_queryset().none()
        return self.get_queryset().filter(memberships__organization_id=actor.organization_id).distinct()

    def create_person(self, *, email: str, name: str, at: datetime, password: str | None = None) -> "User":
        """A person with a normalised address; without a password only codes and passkeys sign in."""
        user = self.model(email=self.normalize_email(email).lower(), name=name, created_at=at)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. What they may do comes only from their memberships' roles (``prm.core.roles``)."""

    email = models.EmailField(_("mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("active"), default=True)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    created_at = models.DateTimeField(_("created"))

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [models.UniqueConstraint(Lower("email"), name="core_user_email_any_case")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name shown to others."""
        return self.name

    def get_short_name(self) -> str:
        """The first word of the name, for greetings."""
        return self.name.split(" ")[0]

    @cached_property
    def _vendor_roles(self) -> list[str]:
        return [
            role
            for role in self.memberships.filter(is_active=True, organization__kind="vendor").values_list(
                "role", flat=True
            )
            if role in ROLES
        ]

    @property
    def is_staff(self) -> bool:
        """Whether the role table opens Django admin to this person."""
        return self.is_active and any("core.admin_use" in ROLES[role].permissions for role in self._vendor_roles)

    @property
    def is_superuser(self) -> bool:
        """Nobody bypasses the role table."""
        return False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django admin's question, answered from the role table."""
        return self.is_active and any(django_permission_allowed(role, perm) for role in self._vendor_roles)

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        """All of several permissions."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether the app is listed in Django admin."""
        return self.is_staff
