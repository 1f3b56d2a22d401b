"""Secrets stay where they belong: neither logs, nor history, nor notices, nor any other row, nor a page shows one
(trust T32).
"""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.totp.internal import auth as totp
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from prm.core import logs
from prm.core.actions import outbox
from prm.core.models import AuditEntry, Mail, Notice
from prm.core.views import invitations as join_pages
from tests.deals import stage
from tests.world import PASSWORD, World, signed_in_client

pytestmark = pytest.mark.django_db
OLD, NEW, WRONG = PASSWORD, "CANARY new sentence of many words", "CANARY-wrong-password-of-somebody"
# Where a secret has to be: sessions, second steps, and what hashes them.
KEEPERS = {"django_session", "mfa_authenticator", "usersessions_usersession"}


@pytest.fixture
def lines() -> Iterator[Callable[[], str]]:
    """Everything logged, as production writes it."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.json_formatter())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield out.getvalue
    root.setLevel(before)
    root.removeHandler(handler)


def found_in(text: str, secrets: dict[str, str]) -> set[str]:
    """Which of the secrets a text holds."""
    return {name for name, secret in secrets.items() if secret in text}


def rows_with(secrets: dict[str, str], leave: set[str]) -> dict[str, set[str]]:
    """Tables that hold a secret, and which."""
    holding = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table in leave:
                continue
            cursor.execute(f"SELECT coalesce(string_agg(row_to_json(t)::text, ' '), '') FROM {table} t")
            # a quotation mark is written with a backslash there
            text = cursor.fetchone()[0].replace('\\"', '"')
            if found := found_in(text, secrets):
                holding[table] = found
    return holding


def mailed(pattern: str, address: str) -> str:
    """What the latest mail to an address says at a pattern."""
    body = Mail.objects.filter(to_email=address).latest("pk").body_text
    found = re.search(pattern, body, re.MULTILINE)
    assert found, body
    return found[1]


def live(world: World) -> dict[str, str]:
    """Use every secret there is once rightly and once wrongly; all of them by name."""
    cache.clear()
    secrets = {"old password": OLD, "new password": NEW, "wrong password": WRONG}
    sara = Client()
    sara.post("/accounts/login/", {"login": "sara@example.com", "password": WRONG})
    sara.post("/accounts/login/", {"login": "sara@example.com", "password": OLD})
    sara.post("/accounts/password/change/", {"oldpassword": WRONG, "password1": NEW, "password2": NEW})
    sara.post("/accounts/password/change/", {"oldpassword": OLD, "password1": NEW, "password2": NEW})
    secrets["session"] = sara.session.session_key

    # an authenticator app and its recovery codes
    page = BeautifulSoup(sara.get("/accounts/2fa/totp/activate/").content, "html.parser")
    secrets["app secret"] = str(page.select_one("#authenticator_secret")["value"])
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    secrets["app code"] = totp.format_hotp_value(totp.hotp_value(secrets["app secret"], counter))
    answer = sara.post("/accounts/2fa/totp/activate/", {"code": secrets.pop("app code")})
    page = BeautifulSoup(sara.get(answer["Location"]).content, "html.parser")
    secrets["recovery code"] = page.select_one("textarea").text.split()[0]
    sara.post("/accounts/logout/")
    sara.post("/accounts/login/", {"login": "sara@example.com", "password": NEW})
    sara.post("/accounts/2fa/authenticate/", {"code": secrets["recovery code"]})
    assert "_auth_user_id" in sara.session

    # a password reset, a mailed code, an invitation, each opened more than once
    Client().post("/accounts/password/reset/", {"email": "rita@example.com"})
    secrets["reset"] = mailed(r"/password/reset/key/([^/\s]+)/", "rita@example.com").partition("-")[2]
    path = mailed(r"(/accounts/password/reset/key/\S+)", "rita@example.com")
    rita = Client()
    rita.post(rita.get(path)["Location"], {"password1": NEW, "password2": NEW})
    Client().get(path)
    Client().post("/accounts/login/code/", {"email": "paul@example.com"})
    secrets["mailed code"] = mailed(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", "paul@example.com")
    ada = signed_in_client(world.ada)
    invite = {"email": "nina@example.com", "role": "read_only", "name": "", "acting_as": world.vendor.code}
    ada.post("/manage/core/staff/invite/", invite)
    secrets["invitation"] = mailed(r"/join/([^/\s]+)/", "nina@example.com")
    door = f"/join/{secrets['invitation']}/"
    Client().post(door, {"name": "Nina Holt", "password": NEW})
    assert Client().get(door).status_code == 410
    return secrets


def test_no_secret_is_written_down(world: World, lines: Callable[[], str], settings) -> None:
    settings.MAIL_PAGE = False  # as in production: what was sent is forgotten
    secrets = live(world)
    assert len(set(secrets.values())) == 9
    assert rows_with(secrets, KEEPERS) == {"core_mail": {"reset", "mailed code", "invitation"}}

    at = timezone.now()
    while outbox.deliver_due(at=at):
        pass
    assert rows_with(secrets, KEEPERS) == {}
    written = lines()
    assert "/join/" in written  # the used invitation was worth a line
    assert found_in(written, secrets) == set()
    told = json.dumps([list(AuditEntry.objects.values()), list(Notice.objects.values())], default=str)
    assert "core.invitation.accepted" in told
    assert found_in(told, secrets) == set()


def test_that_search_is_not_blind(world: World, lines: Callable[[], str]) -> None:
    secrets = {"planted": 'CANARY "planted"'}
    stage.draft(world.sara, notes='See CANARY "planted"')
    logging.getLogger("tests").warning("told %s", secrets["planted"])
    assert set(rows_with(secrets, KEEPERS)) == {"deals_registration"}
    assert found_in(lines().replace('\\"', '"'), secrets) == {"planted"}


def test_an_error_page_and_its_line_tell_nothing(
    world: World, lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "CANARYtokenCANARYtokenCANARYtoken"

    def break_down(**_: object) -> None:
        raise RuntimeError(f"password={token}")

    monkeypatch.setattr(join_pages.invitations, "find_invitation", break_down)
    answer = Client(raise_request_exception=False).get(f"/join/{token}/", headers={"Cookie": f"sessionid={token}"})
    assert answer.status_code == 500
    page = answer.content.decode()
    for word in (token, "RuntimeError", "Traceback", "break_down"):
        assert word not in page
    assert "RuntimeError" in lines()
    assert token not in lines()


PAGES = (
    "/portal/",
    "/portal/deals/",
    "/portal/tier/",
    "/portal/partners/",
    "/portal/reporting/packs/",
    "/me/",
    "/me/notices/",
)


def test_one_persons_page_is_never_kept_for_another(world: World) -> None:
    """Rita, then Paul, then nobody: each page is theirs, and no cache between may keep it."""
    stage.submitted(world.rita, customer_name=f"Vault {world.canary}")
    rita, paul = signed_in_client(world.rita), signed_in_client(world.paul)
    seen = 0
    for path in PAGES:
        hers, his, nobodys = rita.get(path), paul.get(path), Client().get(path)
        assert hers.status_code == his.status_code == 200, path
        assert world.canary not in his.content.decode(), path
        seen += world.canary in hers.content.decode()
        for answer in (hers, his):
            assert {"private", "no-store"} & set(re.split(r",\s*", answer["Cache-Control"])), path
            assert "public" not in answer["Cache-Control"], path
            assert answer["Referrer-Policy"] == "same-origin"
        assert nobodys.status_code == 302, path
    assert seen > 1
