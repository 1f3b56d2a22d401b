"""What a self-hoster forgets stops the start (trust T10, T34)."""

import os
import subprocess
import sys

import pytest
import redis
from django.conf import settings as django_settings

from prm.core import checks
from prm.environment import derived_field_key

FIELD_KEY = "Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc="
GOOD = {
    "SECRET_KEY": "kP3x-9dQ_wLm27VbZr8TnYfHsJc5GeUa1oXi4RtE6yWz0qBv",
    "FIELD_KEYS": [FIELD_KEY],
    "DEBUG": False,
    "SITE_URL": "https://partners.acme.test",
    "ALLOWED_HOSTS": ["partners.acme.test"],
    "MFA_REQUIRED": True,
    "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": False,
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "MAIL_PAGE": False,
    "DEFAULT_FROM_EMAIL": "Partners <partners@acme.test>",
    "SESSION_COOKIE_SECURE": True,
    "CSRF_COOKIE_SECURE": True,
}
FORGOTTEN = [
    ({"SECRET_KEY": "changeme"}, "prm.E001"),
    ({"SECRET_KEY": "a" * 60}, "prm.E001"),
    ({"SECRET_KEY": "django-insecure-" + GOOD["SECRET_KEY"]}, "prm.E001"),
    ({"FIELD_KEYS": [derived_field_key(GOOD["SECRET_KEY"])]}, "prm.E016"),
    ({"FIELD_KEYS": [*GOOD["FIELD_KEYS"], derived_field_key(GOOD["SECRET_KEY"])]}, "prm.E016"),
    ({"DEBUG": True}, "prm.E002"),
    ({"SITE_URL": "http://partners.acme.test"}, "prm.E003"),
    ({"ALLOWED_HOSTS": ["*"]}, "prm.E004"),
    ({"ALLOWED_HOSTS": []}, "prm.E004"),
    ({"ALLOWED_HOSTS": ["other.acme.test"]}, "prm.W005"),
    ({"MFA_REQUIRED": False}, "prm.E006"),
    ({"MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": True}, "prm.E007"),
    ({"EMAIL_BACKEND": "prm.core.mail_backend.StoreOnlyBackend"}, "prm.W008"),
    ({"MAIL_PAGE": True}, "prm.E009"),
    ({"DEFAULT_FROM_EMAIL": "partners@example.com"}, "prm.W010"),
    ({"SESSION_COOKIE_SECURE": False}, "prm.E011"),
]


def found(settings, changes: dict) -> list[str]:
    for name, value in (GOOD | changes).items():
        setattr(settings, name, value)
    return [each.id for each in checks.settings_are_for_real_use()]


def test_good_settings_pass(settings) -> None:
    assert found(settings, {}) == []


@pytest.mark.parametrize(("changes", "expected"), FORGOTTEN, ids=[f"{i}-{e}" for i, (_, e) in enumerate(FORGOTTEN)])
def test_what_was_forgotten_is_named(settings, changes: dict, expected: str) -> None:
    assert found(settings, changes) == [expected]


@pytest.mark.django_db
def test_a_role_that_owns_the_tables_is_refused() -> None:
    """The tests run as the owner, so here the check must complain."""
    assert [each.id for each in checks.application_role_cannot_rewrite_history()] == ["prm.E013"]


@pytest.mark.parametrize(("policy", "expected"), [("noeviction", []), ("allkeys-lru", ["prm.E015"])])
def test_a_broker_that_forgets_is_refused(monkeypatch, policy: str, expected: list[str]) -> None:
    monkeypatch.setattr(redis.Redis, "config_get", lambda self, name: {name: policy})
    assert [each.id for each in checks.broker_keeps_every_message()] == expected


def test_a_broker_that_is_away_is_a_warning(monkeypatch) -> None:
    def away(self, name):
        raise redis.ConnectionError

    monkeypatch.setattr(redis.Redis, "config_get", away)
    assert [each.id for each in checks.broker_keeps_every_message()] == ["prm.W014"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"SECRET_KEY": "changeme"}, "SECRET_KEY must be"),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be"),
        ({"PRM_FIELD_KEYS": ""}, "PRM_FIELD_KEYS must be set"),
        ({"PRM_FIELD_KEYS": "changeme"}, "PRM_FIELD_KEYS must hold"),
        ({"PRM_FIELD_KEYS": "A" * 43 + "="}, "PRM_FIELD_KEYS must hold"),
        ({"PRM_FIELD_KEYS": f"{FIELD_KEY},{FIELD_KEY}"}, "PRM_FIELD_KEYS must hold"),
        ({"PAYOUT_IBAN": "DE89370400440532013001"}, "PAYOUT_IBAN is not an IBAN"),
        ({"DEBUG": "1"}, "DEBUG must be 0"),
    ],
)
def test_production_does_not_start_with_default_secrets_or_debug(changes: dict, said: str) -> None:
    env = os.environ | {
        "PRM_ENV": "production",
        "SECRET_KEY": GOOD["SECRET_KEY"],
        "PRM_FIELD_KEYS": FIELD_KEY,
        "ALLOWED_HOSTS": "partners.acme.test",
        "SITE_URL": GOOD["SITE_URL"],
        "PRM_AS_OWNER": "0",
        "DJANGO_SETTINGS_MODULE": "prm.settings",
    }
    run = subprocess.run(
        [sys.executable, "-c", "import prm.settings"],
        env=env | changes,
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert said in run.stderr
