"""Checks at start: views that declare nobody, and what a self-hoster forgets (``manage.py check --deploy``)."""

from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connection

from prm import environment as env

_WEAK = ("only-for-this-machine", "changeme", "django-insecure", "secret", "insecure")
_SENDS_NOTHING = ("StoreOnlyBackend", "console.", "dummy.", "locmem.", "filebased.")


@register(Tags.urls)
def every_view_declares_who_may_open_it(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """A view without an access declaration is an error, so that a new page is closed until somebody decides."""
    from prm.core.routes import all_routes

    return [
        Error(
            f"{route} ({route.module}) does not declare who may open it.",
            hint="Decorate the view with one of prm.core.access, or add its module to prm.core.routes.REVIEWED.",
            id="prm.E020",
        )
        for route in all_routes()
        if route.access is None and not route.reviewed
    ]


@register(Tags.security, deploy=True)
def settings_are_for_real_use(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """What stands in the environment."""
    found: list[CheckMessage] = []
    key = settings.SECRET_KEY
    if len(key) < 40 or len(set(key)) < 12 or any(word in key.lower() for word in _WEAK):
        found.append(Error("SECRET_KEY is weak.", hint="Use at least 50 random characters.", id="prm.E001"))
    if any(
        key == env.derived_field_key(settings.SECRET_KEY) or any(word in key.lower() for word in _WEAK)
        for key in settings.FIELD_KEYS
    ):
        found.append(
            Error(
                "PRM_FIELD_KEYS is not a key of its own.", hint="Make 32 random bytes, see .env.example.", id="prm.E016"
            )
        )
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", hint="Set DEBUG=0.", id="prm.E002"))
    if urlsplit(settings.SITE_URL).scheme != "https":
        found.append(
            Error("SITE_URL does not begin with https://.", hint="Links in mail are made from it.", id="prm.E003")
        )
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS is open.", hint="Name the host of SITE_URL.", id="prm.E004"))
    elif urlsplit(settings.SITE_URL).hostname not in settings.ALLOWED_HOSTS:
        found.append(Warning("ALLOWED_HOSTS does not name the host of SITE_URL.", id="prm.W005"))
    if not settings.MFA_REQUIRED:
        found.append(
            Error("Staff sign in without a second factor.", hint="Set MFA_REQUIRED=1 or leave it out.", id="prm.E006")
        )
    if settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN:
        found.append(Error("Passkeys are accepted without https.", hint="Set PRM_ENV=production.", id="prm.E007"))
    if any(word in settings.EMAIL_BACKEND for word in _SENDS_NOTHING):
        found.append(Warning("No mail leaves this installation.", hint="Set EMAIL_BACKEND.", id="prm.W008"))
    if settings.MAIL_PAGE:
        found.append(
            Error("Staff can read mail with codes and links.", hint="Set MAIL_PAGE=0 or leave it out.", id="prm.E009")
        )
    if settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith(("@example.com", "@localhost")):
        found.append(Warning("Mail comes from an example address.", hint="Set DEFAULT_FROM_EMAIL.", id="prm.W010"))
    if not settings.SESSION_COOKIE_SECURE or not settings.CSRF_COOKIE_SECURE:
        found.append(Error("Cookies travel without https.", hint="Set PRM_ENV=production.", id="prm.E011"))
    return found


@register(Tags.database, deploy=True)
def application_role_cannot_rewrite_history(
    app_configs: Any = None, databases: Any = None, **_kwargs: Any
) -> list[CheckMessage]:
    """The role that serves requests owns nothing and can't change audit lines."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            is_mighty = cursor.fetchone()[0]
            cursor.execute(
                "SELECT tableowner = current_user OR has_table_privilege('core_auditentry', 'UPDATE, DELETE, TRUNCATE')"
                " FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'core_auditentry'"
            )
            can_rewrite = cursor.fetchone()
    except DatabaseError as error:
        return [Error("The database does not answer.", hint=str(error).splitlines()[0], id="prm.E012")]
    if is_mighty or (can_rewrite and can_rewrite[0]):
        return [
            Error(
                "The application's database role can rewrite history.",
                hint="DATABASE_URL must name a role that owns no table (prm_app); migrations use DATABASE_OWNER_URL.",
                id="prm.E013",
            )
        ]
    return []


@register(Tags.compatibility, deploy=True)
def broker_keeps_every_message(app_configs: Any = None, **_kwargs: Any) -> list[CheckMessage]:
    """Redis or Valkey must refuse new messages when it is full, not forget old ones."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1)
    try:
        policy = dict(client.config_get("maxmemory-policy")).get("maxmemory-policy", "unknown")
    except redis.RedisError as error:
        return [Warning("The broker could not be asked for its settings.", hint=type(error).__name__, id="prm.W014")]
    finally:
        client.close()
    if policy != "noeviction":
        return [
            Error(
                f"The broker's maxmemory-policy is {policy}; it may forget jobs.",
                hint="Set maxmemory-policy noeviction.",
                id="prm.E015",
            )
        ]
    return []
