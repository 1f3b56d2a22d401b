"""Company sign-in (OpenID Connect) is offered where a provider is set, and nowhere else."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.world import World, signed_in_client

SERVER = "https://login.example.com/realms/acme"
PROVIDER = {
    "openid_connect": {
        "APPS": [
            {
                "provider_id": "company",
                "name": "Acme SSO",
                "client_id": "prm",
                "secret": "hush",
                "settings": {"server_url": SERVER},
            }
        ]
    }
}
ALL = {"PRM_OIDC_SERVER_URL": f"{SERVER}/", "PRM_OIDC_CLIENT_ID": "prm", "PRM_OIDC_CLIENT_SECRET": "hush"}
SHOW = (
    "import prm.settings as s; apps = s.SOCIALACCOUNT_PROVIDERS['openid_connect']['APPS'];"
    "print([(a['client_id'], a['secret'], a['settings']['server_url']) for a in apps],"
    "s.CONTENT_SECURITY_POLICY['DIRECTIVES']['form-action'][1:])"
)


def read_settings(**changes: str) -> subprocess.CompletedProcess:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PRM_OIDC_")}
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        env=plain | {"PRM_ENV": "test"} | changes,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_address_there_is_no_provider() -> None:
    assert read_settings().stdout.strip() == "[] []"


def test_with_one_it_is_known_and_its_forms_may_lead_there() -> None:
    assert read_settings(**ALL).stdout.strip() == f"[('prm', 'hush', '{SERVER}')] ['https://login.example.com']"


@pytest.mark.parametrize("name", ["PRM_OIDC_CLIENT_ID", "PRM_OIDC_CLIENT_SECRET"])
def test_half_a_provider_is_refused_by_name(name: str) -> None:
    run = read_settings(**ALL | {name: ""})
    assert run.returncode != 0
    assert f"{name} must be set" in run.stderr


@pytest.mark.django_db
def test_sign_in_offers_it_only_where_it_is_set(settings: Any) -> None:
    assert "Continue with" not in Client().get("/accounts/login/").content.decode()
    settings.SOCIALACCOUNT_PROVIDERS = PROVIDER
    page = Client().get("/accounts/login/").content.decode()
    assert "Continue with Acme SSO" in page
    assert 'href="/accounts/oidc/company/login/' in page


@pytest.mark.django_db
def test_a_person_links_it_to_their_account(world: World, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = PROVIDER
    page = signed_in_client(world.mia).get("/accounts/3rdparty/")
    assert page.status_code == 200
    assert "Acme SSO" in page.content.decode()
