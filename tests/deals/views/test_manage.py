"""The vendor's pages: the queue, the decision beside its conflicts, stale pages, and who may do what."""

from datetime import timedelta
from decimal import Decimal

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deals.actions import decisions, registrations
from deals.actions.extensions import request_extension
from deals.actions.referrals import submit_referral
from deals.choices import RegistrationStatus as Status
from deals.models import Account, Claim, Opportunity, Referral, Registration
from partners.models import Grant, Partner
from prm.core import keyset
from prm.core.models import AuditEntry
from tests.deals import stage
from tests.world import Person, World

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    """Pages act at the moment of the request."""
    return timezone.now()


def waiting(person: Person, now, name: str = "", hours: float = 1, **changes: object) -> Registration:
    """A registration that waits since some hours."""
    at = now - timedelta(hours=hours)
    return stage.submitted(person, at=at, **{**stage.near(now, name), **changes})


def decide(client: Client, world: World, name: str, thing: object, **data: object):
    data.setdefault("version", thing.version)
    address = reverse(f"manage:deals:{name}", args=[thing.code])
    return client.post(address, {"acting_as": world.vendor.code, **data})


# --- The queue --------------------------------------------------------------------------------------


def test_priority_first_then_the_least_time_left(world: World, sign_in, now) -> None:
    waiting(world.sara, now, "younger", hours=1)
    waiting(world.sara, now, "older", hours=3)
    Grant.objects.filter(partner=world.rival.pk).update(value="priority", rank=9)
    waiting(world.rita, now, "platinum", hours=0.5)
    paused = stage.returned(world, world.sara, at=now - timedelta(hours=4), **stage.near(now, "paused"))
    page = sign_in(world.mia).get(reverse("manage:deals:registration_queue"))
    order = [row.customer_name for row in page.context["page"].objects]
    assert order == ["platinum", "older", "younger", "paused"]
    assert paused.code in page.content.decode()


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.parametrize("name", ["registration_queue", "registration_list", "opportunity_list", "claim_list"])
def test_lists_cost_the_same_statements(
    world: World, sign_in, now, many: int, name: str, django_assert_num_queries
) -> None:
    for number in range(many):
        if name == "opportunity_list":
            stage.approved(world, world.sara, at=now - timedelta(hours=9), **stage.near(now, f"firm{number}"))
        else:
            waiting(world.sara, now, f"firm{number}")
    mia = sign_in(world.mia)
    mia.get(reverse(f"manage:deals:{name}"))
    with django_assert_num_queries(7 if name == "registration_queue" else 6):
        page = mia.get(reverse(f"manage:deals:{name}"))
    assert len(page.context["page"].rows) == many


def test_the_queue_reads_its_order_from_an_index(world: World, sign_in, now) -> None:
    """However much waits, the first page is read in the order of the work items and nothing is sorted."""
    for number in range(3):
        waiting(world.sara, now, f"firm{number}")
    page = sign_in(world.mia).get(reverse("manage:deals:registration_queue")).context["page"]
    assert [row.item.ref_code for row in page.objects] == [row.code for row in page.objects]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = page.filtered.order_by(*keyset.order(page._order))[:51].explain()
    assert "core_work_item_order" in plan
    assert "Sort" not in plan


def test_the_queue_pages_by_place_and_filters(world: World, sign_in, now) -> None:
    codes = [waiting(world.sara, now, f"firm{n:02}", hours=60 - n, amount=n + 1).code for n in range(30)]
    rival = waiting(world.rita, now, "rival")
    stage.returned(world, world.sara, at=now - timedelta(hours=70), **stage.near(now, "paused"))
    mia, address = sign_in(world.mia), reverse("manage:deals:registration_queue")

    def shown(query: str) -> list[str]:
        return [row.code for row in mia.get(address + query).context["page"].objects]

    first = mia.get(f"{address}?size=25").context["page"]
    assert [row.code for row in first.objects] == codes[:25]
    second = mia.get(address + first.next_url).context["page"]
    assert [row.code for row in second.objects][:6] == [*codes[25:], rival.code]
    assert [row.customer_name for row in second.objects][6:] == ["paused"]
    assert shown(second.previous_url) == codes[:25]
    assert shown("?partner=rival") == [rival.code]
    assert len(shown("?status=info_requested")) == 1
    assert shown("?sort=amount")[:3] == codes[:3]
    export = b"".join(mia.get(f"{address}?export=csv").streaming_content).decode().splitlines()
    assert [line for line in export if codes[0] in line and "Mia Berg" in line] == [export[1]]
    assert len(export) == 33


def test_lists_filter_search_and_export(world: World, sign_in, now) -> None:
    waiting(world.sara, now, "alpha")
    beta = waiting(world.rita, now, "beta")
    mia = sign_in(world.mia)
    address = reverse("manage:deals:registration_list")
    for params in ({"q": "BETA GmbH"}, {"q": beta.code.lower()}, {"partner": "rival"}):
        assert [row.code for row in mia.get(address, params).context["page"].objects] == [beta.code]
    everything = {"partner__owner__password__startswith": "a", "ordering": "partner__owner__password"}
    assert len(mia.get(address, everything).context["page"].objects) == 2
    export = b"".join(mia.get(address, {"export": "csv", "q": "beta"}).streaming_content).decode()
    assert "beta" in export
    assert "alpha" not in export
    assert "streaming_content" not in vars(sign_in(world.rory).get(address, {"export": "csv"}))


# --- Deciding ---------------------------------------------------------------------------------------


def test_the_page_puts_both_side_by_side_and_says_which_key_matched(world: World, sign_in, now) -> None:
    mine = waiting(world.sara, now, hours=30, customer_name="Helios Energie", customer_domain="helios-energie.de")
    theirs = waiting(
        world.rita, now, customer_name="Helios Energy GmbH", customer_domain="helios-energy.com", quote_sent=True
    )
    page = sign_in(world.mia).get(reverse("manage:deals:registration_detail", args=[theirs.code]))
    side = page.context["sides"][0]
    assert (side.label, side.strength) == (mine.code, "similar")
    assert "% alike" in side.headline
    assert {row["label"]: row["match"] for row in side.rows}["Domain"] == "different"
    text = page.content.decode()
    assert "Possible conflict." in text
    assert "already sent a quote" in text


def test_approve_from_the_page(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    answer = decide(sign_in(world.mia), world, "registration_approve", registration, **{"approve-note": "Go!"})
    assert answer.status_code == 302
    registration.refresh_from_db()
    assert (registration.status, registration.decision_note) == (Status.APPROVED, "Go!")
    shown = sign_in(world.sara).get(reverse("portal:deals:registration_detail", args=[registration.code]))
    assert "Go!" in shown.content.decode()


def test_a_known_account_needs_a_reason_at_its_field(world: World, sign_in, now) -> None:
    """The banner and the field say the same, before and after the click."""
    at = now - timedelta(days=9)
    stage.won(world, world.rita, at=at, **stage.near(at, "customer"))
    registration = waiting(world.sara, now, "customer")
    mia = sign_in(world.mia)
    page = mia.get(reverse("manage:deals:registration_detail", args=[registration.code]))
    assert "Approving needs a reason" in page.content.decode()
    assert page.context["forms"]["approve"].fields["reason"].required
    alone = mia.get(reverse("manage:deals:registration_approve", args=[registration.code]))
    assert alone.context["form"].fields["reason"].required
    refused = decide(mia, world, "registration_approve", registration, **{"approve-reason": " "})
    assert refused.status_code == 422
    assert list(refused.context["forms"]["approve"].errors) == ["reason"]
    assert 'href="#id_approve-reason"' in refused.content.decode()
    done = decide(mia, world, "registration_approve", registration, **{"approve-reason": "A new subsidiary"})
    assert done.status_code == 302


def test_a_reason_that_is_needed_only_now_is_asked_for_at_its_field(world: World, sign_in, now) -> None:
    """Nothing was known when it came in; meanwhile the account became somebody's customer."""
    registration = waiting(world.sara, now, "customer")
    mia = sign_in(world.mia)
    page = mia.get(reverse("manage:deals:registration_detail", args=[registration.code]))
    assert not page.context["forms"]["approve"].fields["reason"].required
    account = Account.objects.create(
        code="AC-KNOWN01", name="customer", domain_key="d:customer.com", plain_name="customer", created_at=now
    )
    Opportunity.objects.create(
        code="OP-KNOWN01", account=account, partner_id=world.rival.pk, origin="import", status="won",
        won_on=now.date(), closed_on=now.date(), created_at=now, touched_at=now,
    )  # fmt: skip
    refused = decide(mia, world, "registration_approve", registration)
    assert refused.status_code == 422
    assert list(refused.context["forms"]["approve"].errors) == ["reason"]


def test_back_to_where_the_decision_came_from(world: World, sign_in, now) -> None:
    mia = sign_in(world.mia)
    one, two = waiting(world.sara, now, "one"), waiting(world.sara, now, "two")
    assert decide(mia, world, "registration_approve", one, next="/manage/?kind=a").url == "/manage/?kind=a"
    for bad in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        registration = two if bad.startswith("https") else waiting(world.sara, now, f"x{len(bad)}")
        url = decide(mia, world, "registration_approve", registration, next=bad).url
        assert url == reverse("manage:deals:registration_detail", args=[registration.code])


def test_a_stale_page_shows_what_happened_and_keeps_what_was_typed(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    decisions.reject_registration(registration=registration, by=world.dan.actor, at=now, reason="No project.")
    answer = decide(
        sign_in(world.mia), world, "registration_approve", registration, **{"approve-note": "Written for minutes"}
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Rejected" in page
    assert "Written for minutes" in page
    registration.refresh_from_db()
    assert registration.status == Status.REJECTED


def test_a_page_older_than_an_answer_is_stale(world: World, sign_in, now) -> None:
    """The partner changed the amount since the manager opened the page."""
    opened = waiting(world.sara, now)
    asked = decisions.request_info(
        registration=opened, by=world.dan.actor, at=now, question="How much?", fields=["amount"]
    )
    registrations.answer_info(registration=asked, by=world.sara.actor, at=now, answer="More", values={"amount": 99999})
    answer = decide(sign_in(world.mia), world, "registration_approve", opened)
    assert answer.status_code == 409
    assert "99,999" in answer.content.decode()


def test_a_rejection_needs_a_reason_at_its_field(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    answer = decide(sign_in(world.mia), world, "registration_reject", registration, **{"reject-note": " "})
    assert answer.status_code == 422
    assert "note" in answer.context["forms"]["reject"].errors


def test_return_opens_only_what_is_asked(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    answer = decide(
        sign_in(world.mia),
        world,
        "registration_return",
        registration,
        **{"return-note": "Which unit?", "return-fields_to_fix": ["amount", "notes"]},
    )
    assert answer.status_code == 302
    assert registration.info_requests.get().fields == ["amount", "notes"]
    bad = decide(
        sign_in(world.mia),
        world,
        "registration_return",
        waiting(world.sara, now, "other"),
        **{"return-note": "?", "return-fields_to_fix": ["status"]},
    )
    assert bad.status_code == 422


def test_only_a_director_hands_an_account_over(world: World, sign_in, now) -> None:
    first = waiting(world.sara, now, hours=3)
    second = waiting(world.rita, now)
    mia, dan = sign_in(world.mia), sign_in(world.dan)
    page = mia.get(reverse("manage:deals:registration_detail", args=[second.code])).content.decode()
    assert "Northwind Solutions holds this account" in page
    assert "A director can hand it over" in page
    assert decide(mia, world, "registration_approve", second, **{"approve-reason": "Please"}).status_code == 422
    assert decide(mia, world, "registration_overrule", second, **{"transfer-reason": "Letter"}).status_code == 403
    assert decide(dan, world, "registration_overrule", second, **{"transfer-reason": ""}).status_code == 422
    assert decide(dan, world, "registration_overrule", second, **{"transfer-reason": "Letter"}).status_code == 302
    assert Claim.objects.get(ended_at=None).registration_id == second.pk
    claim = Claim.objects.get(ended_at=None)
    history = dan.get(reverse("manage:deals:claim_detail", args=[claim.code])).content.decode()
    assert first.code in history
    assert "Letter" in history
    for person, code in ((world.sara, first.code), (world.rita, second.code)):
        text = sign_in(person).get(reverse("portal:deals:registration_detail", args=[code])).content.decode()
        assert "Letter" not in text


def test_read_only_staff_change_nothing(world: World, sign_in, now) -> None:
    """T11."""
    registration = waiting(world.sara, now)
    rory = sign_in(world.rory)
    assert rory.get(reverse("manage:deals:registration_detail", args=[registration.code])).status_code == 200
    before = AuditEntry.objects.count()
    for name in ("registration_approve", "registration_return", "registration_reject", "registration_overrule"):
        assert decide(rory, world, name, registration, **{"approve-note": "x", "reject-note": "x"}).status_code == 403
    assert AuditEntry.objects.count() == before


def test_a_manager_does_not_decide_for_others_partners(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    Partner.objects.filter(pk=world.northwind.pk).update(owner=world.dan.user, territory="")
    mia = sign_in(world.mia)
    page = mia.get(reverse("manage:deals:registration_detail", args=[registration.code]))
    assert page.status_code == 200
    assert not page.context["decides"]
    assert decide(mia, world, "registration_approve", registration).status_code == 403


def test_drafts_are_the_partners_own(world: World, sign_in, now) -> None:
    draft = stage.draft(world.sara, at=now)
    mia = sign_in(world.mia)
    assert mia.get(reverse("manage:deals:registration_detail", args=[draft.code])).status_code == 404
    assert draft.code not in mia.get(reverse("manage:deals:registration_list")).content.decode()


def test_partners_find_no_manage_page(world: World, sign_in, now) -> None:
    registration = waiting(world.sara, now)
    sara = sign_in(world.sara)
    for name, args in (("registration_queue", []), ("registration_detail", [registration.code]), ("claim_list", [])):
        assert sara.get(reverse(f"manage:deals:{name}", args=args)).status_code == 404


# --- Won --------------------------------------------------------------------------------------------


def test_confirm_and_decline_a_reported_win(world: World, sign_in, now) -> None:
    at = now - timedelta(days=9)
    mia = sign_in(world.mia)
    one = stage.reported(world, world.sara, at=at, **stage.near(now, "one"))
    two = stage.reported(world, world.sara, at=at, **stage.near(now, "two"))
    page = mia.get(reverse("manage:deals:registration_detail", args=[one.code])).content.decode()
    assert "Signed order of the customer." in page
    confirmed = decide(
        mia,
        world,
        "win_confirm",
        one,
        **{
            "confirm-won_on": (now - timedelta(days=6)).date().isoformat(),
            "confirm-amount": "80000.50",
            "confirm-currency": "USD",
            "confirm-term_months": "12",
        },
    )
    assert confirmed.status_code == 302
    one.refresh_from_db()
    assert (one.status, str(one.opportunity.amount)) == (Status.WON, "80000.5000")
    assert decide(mia, world, "win_decline", two, **{"decline_win-note": "Which order?"}).status_code == 302
    assert decide(mia, world, "win_decline", two, **{"decline_win-note": "Again?"}).status_code == 422


def test_extension_from_the_page(world: World, sign_in, now) -> None:
    registration = stage.approved(world, world.sara, at=now - timedelta(days=9), **stage.near(now))
    request_extension(registration=registration, by=world.sara.actor, at=now, activity="Two workshops.")
    mia = sign_in(world.mia)
    registration.refresh_from_db()
    page = mia.get(reverse("manage:deals:registration_detail", args=[registration.code])).content.decode()
    assert "Two workshops." in page
    before = registration.protected_until
    assert decide(mia, world, "extension_grant", registration, **{"grant-note": ""}).status_code == 302
    registration.refresh_from_db()
    assert registration.protected_until == before + timedelta(days=30)


def test_a_won_deal_is_corrected_with_a_reason_only(world: World, sign_in, now) -> None:
    deal = stage.won(world, world.sara, at=now - timedelta(days=9), **stage.near(now)).opportunity
    mia = sign_in(world.mia)
    data = {
        "correct-won_on": deal.won_on.isoformat(),
        "correct-amount": "50000",
        "correct-currency": "USD",
        "correct-term_months": "12",
        "correct-product": "",
    }
    assert decide(mia, world, "opportunity_correct", deal, **data).status_code == 422
    assert decide(mia, world, "opportunity_correct", deal, **data, **{"correct-reason": "Invoice"}).status_code == 302
    assert Opportunity.objects.get().amount == 50000
    assert decide(mia, world, "opportunity_correct", deal, **data, **{"correct-reason": "Again"}).status_code == 409


# --- Referrals --------------------------------------------------------------------------------------


def test_a_referral_from_the_queue_to_an_opportunity(world: World, sign_in, now) -> None:
    waiting(world.rita, now, hours=3, customer_name="Quarry Stone", customer_domain="quarry.com")
    referral = submit_referral(
        partner=stage.partner_of(world.sara),
        by=world.sara.actor,
        at=now,
        values={
            "customer_name": "Quarry Stone GmbH",
            "customer_domain": "quarry.com",
            "customer_country": "DE",
            "contact_name": "Ole",
            "amount": Decimal(12000),
            "currency": "USD",
        },
    )
    mia = sign_in(world.mia)
    page = mia.get(reverse("manage:deals:referral_detail", args=[referral.code]))
    assert page.context["sides"][0].strength == "exact"
    assert mia.get(reverse("manage:deals:referral_list")).status_code == 200
    assert decide(mia, world, "referral_accept", referral).status_code == 302
    referral.refresh_from_db()
    qualified = decide(
        mia,
        world,
        "referral_qualify",
        referral,
        **{
            "qualify-amount": "15000",
            "qualify-currency": "USD",
            "qualify-term_months": "",
            "qualify-expected_close_on": "",
        },
    )
    assert qualified.status_code == 302
    referral = Referral.objects.get()
    assert (referral.status, referral.qualified_on) == ("qualified", now.date())
    assert referral.opportunity.amount == 15000
    told = sign_in(world.sara).get(reverse("portal:deals:referral_detail", args=[referral.code])).content.decode()
    assert "Qualified" in told
    assert "Rival" not in told
    won = decide(
        mia,
        world,
        "opportunity_confirm",
        referral.opportunity,
        **{"confirm-won_on": now.date().isoformat(), "confirm-amount": "15000", "confirm-currency": "USD"},
    )
    assert won.status_code == 302
    assert Referral.objects.get().status == "won"
    assert decide(mia, world, "referral_decline", referral, **{"decline-note": "No"}).status_code == 409


@pytest.mark.parametrize(
    "name", ["registration_approve", "registration_return", "registration_reject", "extension_grant", "win_confirm"]
)
def test_a_decision_opened_by_itself_is_a_small_page_and_changes_nothing(world: World, sign_in, now, name: str) -> None:
    registration = stage.reported(world, world.sara, at=now - timedelta(days=9), **stage.near(now))
    before = AuditEntry.objects.count()
    page = sign_in(world.mia).get(reverse(f"manage:deals:{name}", args=[registration.code]), {"next": "/manage/"})
    assert page.status_code == 200
    assert 'value="/manage/"' in page.content.decode()
    assert AuditEntry.objects.count() == before


def test_what_was_checked_stands_beside_the_decision(world: World, sign_in, now) -> None:
    free = waiting(world.paul, now, name="Aster", quote_sent=True)
    waiting(world.rita, now, name="Baltic", hours=2)
    taken = waiting(world.paul, now, name="Baltic")
    client = sign_in(world.mia)

    def checked(registration: Registration) -> list[bool | None]:
        page = client.get(reverse("manage:deals:registration_detail", args=[registration.code]))
        return [each["done"] for each in page.context["checks"]]

    # others · our own sales · entitlement · first contact · quote
    assert checked(free) == [True, True, True, True, False]
    assert checked(taken)[:2] == [False, True]
    Grant.objects.filter(partner_id=taken.partner_id, entitlement="deal_registration").delete()
    assert checked(free)[2] is False


def test_the_tier_that_grants_it_has_the_name_that_the_program_gives(world: World, sign_in, now) -> None:
    registration = waiting(world.paul, now)
    Grant.objects.filter(partner_id=registration.partner_id, entitlement="deal_registration").update(
        source_kind="tier", source_code="gold"
    )
    page = sign_in(world.mia).get(reverse("manage:deals:registration_detail", args=[registration.code]))
    name = page.context["program"].tier_names(registration.partner.track.code)["gold"]
    assert f"granted by the tier: {name}" in page.content.decode()
    assert page.context["program"].tier_names("no-such-track") == {}


def test_a_role_is_named_where_nobody_in_particular_decides(world: World, sign_in, now) -> None:
    registration = stage.rejected(world, world.paul, at=now - timedelta(days=1), **stage.near(now))
    registrations.appeal_registration(registration=registration, by=world.paul.actor, at=now, grounds="Look again.")
    path = reverse("manage:deals:registration_detail", args=[registration.code])
    text = sign_in(world.rory).get(path).content.decode()
    assert "Director decides on this one." in text
    assert "Waiting for Director" in text
    queue = BeautifulSoup(sign_in(world.rory).get(reverse("manage:deals:registration_queue")).content, "html5lib")
    assert ["Director" in row.get_text() for row in queue.select("tbody tr") if registration.code in str(row)] == [True]
