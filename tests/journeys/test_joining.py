"""In a real browser: from an invitation to a passkey or an authenticator app, out and in again, and asked once more
before what is protected.
"""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.utils import timezone
from playwright.sync_api import Page, expect

from prm.core.models import Mail, Notice, User
from tests.journeys.conftest import Opens
from tests.journeys.steps import age_sign_in, deliver_all
from tests.world import World, build_world

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SENTENCE = "a sentence that nobody guesses"


@pytest.fixture
def now_world(transactional_db: None) -> World:
    """The cast of this minute: what they are invited with must still be good."""
    return build_world(at=timezone.now())


def give_key(page: Page) -> None:
    """Put a fingerprint reader into the page's browser that says yes at once."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def invited_path(address: str) -> str:
    """Where the mailed invitation leads."""
    mail = Mail.objects.get(topic="core.invitation", to_email=address)
    found = re.search(r"/join/[^/\s]+/", mail.body_text)
    assert found
    return found[0]


def join(page: Page, name: str) -> None:
    """Accept an invitation as somebody new."""
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(SENTENCE)
    page.get_by_role("button", name="Accept and sign in").click()


def sign_out(page: Page) -> None:
    """Through the menu of the person."""
    page.locator(".side-end [data-menu] summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")


def app_code(secret: str) -> str:
    """What the app on the phone shows; not in its last seconds, which may be over when it is typed."""
    left = 30 - time.time() % 30
    time.sleep(left if left < 5 else 0)
    counter = next(iter(totp.yield_hotp_counters_from_time()))
    return totp.format_hotp_value(totp.hotp_value(secret, counter))


def codes_shown(page: Page) -> list[str]:
    """The recovery codes on the page."""
    return page.locator("#recovery_codes, textarea").first.input_value().split()


def test_invited_staff_join_with_a_passkey(now_world: World, opens: Opens, live_server) -> None:
    ada = opens(now_world.ada, "/manage/core/staff/")
    invite = ada.locator("form[action$='/staff/invite/']")
    invite.locator("[name=email]").fill("nina@example.com")
    invite.locator("[name=role]").select_option("partner_manager")
    invite.locator("button:not([type=button])").last.click()
    expect(ada.locator("body")).to_contain_text("The invitation is on its way.")

    path = invited_path("nina@example.com")
    nina = opens(None, path)
    give_key(nina)
    expect(nina.locator("main")).to_contain_text("Ada Lind invites you as Partner manager")
    join(nina, "Nina Holt")

    # The role handles decisions: nothing opens before there is a second step.
    nina.wait_for_url("**/accounts/2fa/")
    nina.goto(f"{live_server.url}/manage/")
    nina.wait_for_url("**/accounts/2fa/")
    expect(nina.locator("body")).to_contain_text("You have no second step yet")

    nina.locator("a[href$='/2fa/webauthn/add/']").click()
    nina.get_by_label("Passwordless").check()
    nina.locator("#mfa_webauthn_add").click()
    nina.wait_for_url("**/recovery-codes/")
    assert len(codes_shown(nina)) == 10
    person = User.objects.get(email="nina@example.com")
    key = Authenticator.objects.get(user=person, type="webauthn")
    assert key.wrap().is_passwordless

    nina.goto(f"{live_server.url}/manage/")
    expect(nina.get_by_role("heading", level=1)).to_contain_text("Nina")
    sign_out(nina)
    nina.goto(f"{live_server.url}/manage/")
    nina.wait_for_url("**/accounts/login/**")

    # In again by fingerprint alone: it is both steps in one.
    nina.get_by_role("button", name="Use a passkey").click()
    nina.wait_for_url("**/manage/**")
    expect(nina.get_by_role("heading", level=1)).to_contain_text("Nina")
    key.refresh_from_db()
    assert key.last_used_at is not None

    # Protected things ask again once five minutes have passed, and go on to where they were asked.
    generate = "/accounts/2fa/recovery-codes/generate/"
    nina.goto(live_server.url + generate)
    expect(nina).to_have_url(live_server.url + generate)
    age_sign_in(nina, 301)
    nina.goto(live_server.url + generate)
    expect(nina.get_by_role("heading", level=1)).to_contain_text("Confirm that it is you")
    nina.locator("a[href*='/webauthn/reauthenticate/']").click()
    nina.locator("#mfa_webauthn_reauthenticate").click()
    nina.wait_for_url(f"**{generate}")

    # The link is used up, and Ada is told.
    assert opens(None, "/accounts/login/").request.get(live_server.url + path).status == 410
    deliver_all()
    assert Notice.objects.filter(membership=now_world.ada.membership, topic="core.invitation_accepted").count() == 1


def test_invited_partner_finance_sets_up_an_app(now_world: World, opens: Opens, live_server) -> None:
    paul = opens(now_world.paul, "/portal/partners/")
    invite = paul.locator("form[action$='/invite/']")
    invite.locator("[name=email]").fill("fay@example.com")
    invite.locator("[name=role]").select_option("partner_finance")
    invite.get_by_role("button", name="Send the invitation").click()
    expect(paul.locator("body")).to_contain_text("fay@example.com")

    path = invited_path("fay@example.com")
    fay = opens(None, path)
    expect(fay.locator("main")).to_contain_text("This role signs in with a second step")
    join(fay, "Fay Ross")
    fay.wait_for_url("**/accounts/2fa/")
    fay.goto(f"{live_server.url}/portal/")
    fay.wait_for_url("**/accounts/2fa/")

    fay.locator("a[href$='/2fa/totp/activate/']").click()
    expect(fay.locator("img[src^='data:image/svg']")).to_be_visible()
    secret = fay.locator("#authenticator_secret").input_value()
    fay.locator("[name=code]").fill(app_code(secret))
    fay.get_by_role("button", name="Activate").click()
    fay.wait_for_url("**/recovery-codes/")
    codes = codes_shown(fay)
    assert len(codes) == 10
    fay.goto(f"{live_server.url}/portal/")
    expect(fay.locator(".side")).to_contain_text("Fay Ross")
    sign_out(fay)

    # The password alone is not enough; a recovery code helps who has lost the phone, once.
    for is_fresh in (True, False):
        fay.goto(f"{live_server.url}/accounts/login/")
        fay.locator("[name=login]").fill("fay@example.com")
        fay.locator("[name=password]").fill(SENTENCE)
        fay.get_by_role("button", name="Sign in", exact=True).click()
        expect(fay.get_by_role("heading", level=1)).to_contain_text("Second step")
        fay.locator("[name=code]").fill(codes[0])
        fay.get_by_role("button", name="Sign in", exact=True).click()
        if is_fresh:
            fay.wait_for_url("**/portal/**")
            sign_out(fay)
    expect(fay.get_by_role("heading", level=1)).to_contain_text("Second step")
    expect(fay.locator("form").first).to_contain_text("Incorrect code")

    # The link has been used.
    again = opens(None, "/accounts/login/").request.get(live_server.url + path)
    assert again.status == 410


def test_a_passkey_that_can_not_be_used_is_said_on_the_page(now_world: World, opens: Opens, live_server) -> None:
    """A browser knows no passkeys on a bare address; the person must not click into the void."""
    page = opens(None, "/accounts/login/")
    page.goto(live_server.url.replace("localhost", "127.0.0.1") + "/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.locator("#toasts")).to_contain_text("The passkey was not used")
    expect(page.locator("[name=password]")).to_be_visible()
