"""Who gets in, how often one may try, and what closes again (trust T17, T18, T25)."""

import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail as django_mail
from django.core.cache import cache
from django.test import Client

from prm.core.accounts import AccountAdapter
from prm.core.models import Mail, User
from tests.world import PASSWORD, World, give_second_factor, signed_in_client

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'value="[A-Za-z0-9]{64}"|X-CSRFToken": "[A-Za-z0-9]*|nonce="[^"]*"')


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


def log_in(client: Client, email: str, password: str = PASSWORD, **extra):
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


def body(response) -> str:
    return TOKEN.sub("", response.content.decode())


# --- nobody by themselves --------------------------------------------------------------------------


def test_nobody_signs_up(world: World) -> None:
    client = Client()
    client.get("/accounts/signup/")
    client.post("/accounts/signup/", {"email": "new@example.com", "password1": PASSWORD, "password2": PASSWORD})
    assert not User.objects.filter(email="new@example.com").exists()


def test_somebody_without_a_membership_sees_their_account_and_nothing_else(world: World) -> None:
    User.objects.filter(pk=world.sara.user.pk).update(is_active=True)
    world.sara.membership.is_active, world.sara.membership.deactivated_at = False, world.at
    world.sara.membership.save()
    client = Client()
    client.force_login(world.sara.user)
    assert client.get("/me/").status_code == 200
    assert client.get("/")["Location"] == "/me/"
    assert client.get("/manage/core/staff/").status_code == 404


def test_an_inactive_person_gets_in_nowhere(world: World) -> None:
    client = signed_in_client(world.sara)
    User.objects.filter(pk=world.sara.user.pk).update(is_active=False)
    assert client.get("/me/")["Location"].startswith("/accounts/login/")
    fresh = Client()
    log_in(fresh, "sara@example.com")
    assert "_auth_user_id" not in fresh.session


# --- what the answers tell -------------------------------------------------------------------------


def test_wrong_password_and_unknown_address_look_the_same(world: World) -> None:
    known = body(log_in(Client(), "sara@example.com", "wrong-password-1")).replace("sara@example.com", "")
    unknown = body(log_in(Client(), "nobody@example.com", "wrong-password-1")).replace("nobody@example.com", "")
    assert known == unknown


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/login/code/"])
def test_asking_for_a_link_or_code_tells_nothing(world: World, path: str) -> None:
    answers = []
    for address in ("sara@example.com", "nobody@example.com"):
        client = Client()
        response = client.post(path, {"email": address})
        page = client.get(response["Location"])
        answers.append((response.status_code, response["Location"], body(page).replace(address, "")))
    assert answers[0] == answers[1]
    assert set(Mail.objects.values_list("to_email", flat=True)) == {"sara@example.com"}


@pytest.mark.parametrize("address", ["SARA@EXAMPLE.COM", " sara@example.com "])
def test_the_case_of_an_address_does_not_matter(world: World, address: str) -> None:
    client = Client()
    log_in(client, address)
    assert client.session["_auth_user_id"] == str(world.sara.user.pk)


@pytest.mark.parametrize("address", ["sarа@example.com", "ſara@example.com", "sara@examplе.com"])
def test_a_lookalike_address_is_somebody_else(world: World, address: str) -> None:
    client = Client()
    log_in(client, address)
    assert "_auth_user_id" not in client.session
    Client().post("/accounts/password/reset/", {"email": address})
    assert not Mail.objects.exists()


# --- how often -------------------------------------------------------------------------------------


def test_the_sixth_wrong_password_for_an_address_is_not_even_tried(world: World) -> None:
    for number in range(5):
        log_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), "sara@example.com", "wrong-password-1")
    client = Client(REMOTE_ADDR="10.0.0.99")
    response = log_in(client, "sara@example.com")
    assert "_auth_user_id" not in client.session
    assert "Too many" in response.content.decode()


def test_a_forged_forwarding_header_does_not_help(world: World) -> None:
    for number in range(10):
        log_in(Client(), f"n{number}@example.com", "wrong", headers={"X-Forwarded-For": f"203.0.113.{number}"})
    client = Client()
    log_in(client, "sara@example.com", headers={"X-Forwarded-For": "198.51.100.7"})
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("trusted", "header", "expected"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "not an address", "0.0.0.0"),  # noqa: S104
        (1, "", "127.0.0.1"),
        (1, "[2001:db8::1]:443", "2001:db8::1"),
    ],
)
def test_the_client_is_whom_our_own_proxy_saw(rf, settings, trusted: int, header: str, expected: str) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = trusted
    assert AccountAdapter().get_client_ip(rf.get("/", headers={"X-Forwarded-For": header})) == expected


def test_django_admin_has_no_sign_in_of_its_own(world: World) -> None:
    client = Client()
    assert client.get("/admin/")["Location"] == "/admin/login/?next=/admin/"
    response = client.post("/admin/login/?next=/admin/", {"username": "ada@example.com", "password": PASSWORD})
    assert response["Location"] == "/accounts/login/?next=/admin/"
    assert "_auth_user_id" not in client.session


# --- mail ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["testserver@evil.example", "127.0.0.1:8000.evil.example", "evil.example"])
def test_a_strange_host_gets_no_answer(world: World, host: str) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": "sara@example.com"}, headers={"Host": host})
    assert answer.status_code == 400
    assert not Mail.objects.exists()


def test_a_forged_host_never_reaches_a_mail(world: World, settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    Client().post("/accounts/password/reset/", {"email": "sara@example.com"}, headers={"Host": "evil.example"})
    for mail in Mail.objects.all():
        assert "evil" not in mail.body_text + mail.body_html + mail.subject
    reset = Mail.objects.get()
    assert f"{settings.SITE_URL}/accounts/password/reset/key/" in reset.body_text
    assert reset.is_secret
    assert not django_mail.outbox


def test_the_mailed_reset_link_works_once(world: World, settings) -> None:
    Client().post("/accounts/password/reset/", {"email": "sara@example.com"})
    path = re.search(rf"{re.escape(settings.SITE_URL)}(/\S+)", Mail.objects.get().body_text)[1]
    client = Client()
    form = client.get(path)["Location"]
    answer = client.post(form, {"password1": "a new long sentence", "password2": "a new long sentence"})
    assert answer.status_code == 302
    world.sara.user.refresh_from_db()
    assert world.sara.user.check_password("a new long sentence")
    again = Client().get(path)
    assert again.status_code == 200
    assert "password1" not in again.content.decode()


def test_a_mailed_code_signs_in(world: World) -> None:
    client = Client()
    client.post("/accounts/login/code/", {"email": "sara@example.com"})
    mail = Mail.objects.get()
    code = re.search(r"^([A-Z0-9]{3,4}-?[A-Z0-9]{3,4})$", mail.body_text, re.MULTILINE)[1]
    assert code in mail.body_html
    assert mail.is_secret
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert client.session["_auth_user_id"] == str(world.sara.user.pk)


# --- the second step -------------------------------------------------------------------------------


def test_staff_without_a_second_step_can_only_set_one_up(world: World) -> None:
    client = Client()
    log_in(client, "mia@example.com")
    assert client.session["_auth_user_id"] == str(world.mia.user.pk)
    for path in ("/me/", "/me/notices/", "/manage/core/gallery/", "/manage/core/staff/", "/admin/"):
        answer = client.get(path, follow=False)
        while answer.status_code == 302 and answer["Location"].startswith("/admin/"):
            answer = client.get(answer["Location"])
        assert answer["Location"] == "/accounts/2fa/" if path != "/admin/" else answer.status_code in {302, 404}, path
    assert client.get("/accounts/2fa/").status_code == 200
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert client.get("/accounts/2fa/webauthn/add/").status_code == 200


def test_with_a_second_step_the_password_alone_is_not_enough(world: World) -> None:
    give_second_factor(world.mia.user)
    client = Client()
    assert log_in(client, "mia@example.com")["Location"].startswith("/accounts/2fa/authenticate/")
    assert "_auth_user_id" not in client.session
    assert client.get("/me/")["Location"].startswith("/accounts/login/")


def test_a_mailed_code_does_not_go_round_the_second_step(world: World) -> None:
    give_second_factor(world.mia.user)
    client = Client()
    client.post("/accounts/login/code/", {"email": "mia@example.com"})
    code = re.search(r"^([A-Z0-9-]{6,9})$", Mail.objects.get().body_text, re.MULTILINE)[1]
    client.post("/accounts/login/code/confirm/", {"code": code})
    assert "_auth_user_id" not in client.session


def test_taking_the_second_step_away_closes_the_pages_again(world: World) -> None:
    client = signed_in_client(world.mia)
    assert client.get("/me/").status_code == 200
    Authenticator.objects.filter(user=world.mia.user).delete()
    assert client.get("/me/")["Location"] == "/accounts/2fa/"


def age_sign_in(client: Client, seconds: int) -> None:
    session = client.session
    session["account_authentication_methods"] = [
        {**each, "at": time.time() - seconds} for each in session["account_authentication_methods"]
    ]
    session.save()


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/totp/deactivate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/email/",
    ],
)
def test_security_settings_ask_again_after_five_minutes(world: World, path: str) -> None:
    client = signed_in_client(world.ada)
    age_sign_in(client, 301)
    method = client.post if path == "/accounts/email/" else client.get
    answer = method(path, {"email": "ada@elsewhere.example", "action_add": ""} if path == "/accounts/email/" else {})
    assert answer.status_code == 302
    assert "reauthenticate" in answer["Location"], path
    assert not EmailAddress.objects.filter(email="ada@elsewhere.example").exists()


def test_inviting_staff_asks_again_and_then_goes_on(world: World) -> None:
    client = signed_in_client(world.ada)
    age_sign_in(client, 301)
    data = {"email": "new@example.com", "role": "read_only", "name": ""}
    asked = client.post("/manage/core/staff/invite/", data)
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert not Mail.objects.exists()
    answer = client.post(asked["Location"], {"password": PASSWORD})
    assert answer.status_code == 302
    assert Mail.objects.filter(topic="core.invitation", to_email="new@example.com").count() == 1


def test_changing_the_password_keeps_this_session_and_ends_the_others(world: World) -> None:
    here, there = signed_in_client(world.sara), signed_in_client(world.sara)
    answer = here.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": "a new long sentence", "password2": "a new long sentence"},
    )
    assert answer.status_code == 302
    assert here.get("/me/").status_code == 200
    assert there.get("/me/")["Location"].startswith("/accounts/login/")
    assert Mail.objects.filter(to_email="sara@example.com").exists()


def test_the_session_gets_a_new_key_at_sign_in(world: World) -> None:
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "1"
    session.save()
    before = client.session.session_key
    client.cookies["sessionid"] = before
    log_in(client, "sara@example.com")
    assert client.session.session_key != before


# --- leaving the site ------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example/",
    "\\\\evil.example/",
    "http:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example\\@testserver/",
    "https://testserver@evil.example/",
    "https://testserver.evil.example/",
    "/\t/evil.example/",
    "\x01https://evil.example",
    "%2F%2Fevil.example/%2e%2e",
]


@pytest.mark.parametrize("target", ELSEWHERE, ids=range(len(ELSEWHERE)))
def test_no_sign_in_sends_anybody_elsewhere(world: World, target: str) -> None:
    client = Client()
    answer = client.post(
        f"/accounts/login/?{_query(target)}", {"login": "sara@example.com", "password": PASSWORD, "next": target}
    )
    assert answer.status_code == 302
    assert _stays(answer["Location"]), answer["Location"]
    out = client.post(f"/accounts/logout/?{_query(target)}", {"next": target})
    assert _stays(out["Location"]), out["Location"]


def _query(target: str) -> str:
    from urllib.parse import urlencode

    return urlencode({"next": target})


def _stays(location: str) -> bool:
    from django.utils.http import url_has_allowed_host_and_scheme

    return (
        url_has_allowed_host_and_scheme(location, allowed_hosts={"testserver"})
        and "evil" not in location.split("?")[0].split("%2F")[0]
    )
