"""The staff's pages about partners: what they show, who may change what, and that nothing typed is lost."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partners.actions.integrations import record_integration
from partners.documents.program_file import blueprint_text
from partners.models import Integration, NpsAnswer, Partner, PartnerContact, ProgramVersion, TierOverride
from prm.core.models import Invitation, Membership
from tests.partners import making
from tests.world import Person, World, add_person

pytestmark = pytest.mark.django_db
SignIn = Callable[[Person], Client]


def url(name: str, *args: str) -> str:
    return reverse(f"manage:partners:{name}", args=args)


def form_of(partner: Partner, **changes: object) -> dict[str, object]:
    values: dict[str, object] = {
        "name": partner.organization.name,
        "type": partner.type,
        "territory": partner.territory,
        "country": partner.country,
        "website": partner.website,
        "domain": partner.domain,
        "about": partner.about,
        "agreement_signed_on": partner.agreement_signed_on or "",
        "partner_since": partner.partner_since or "",
        "high_potential_until": "",
        "time_zone": partner.organization.time_zone,
        "locale": partner.organization.locale,
        "version": partner.version,
    }
    return values | changes


def test_the_list_shows_and_narrows(world: World, northwind: Partner, rival: Partner, sign_in: SignIn) -> None:
    rival.owner = world.dan.user
    rival.save()
    client = sign_in(world.mia)
    everything = client.get(url("partner_list")).content.decode()
    assert "Northwind Solutions" in everything
    assert "Rival Systems" in everything
    mine = client.get(url("partner_list"), {"mine": "me"}).content.decode()
    assert "Northwind Solutions" in mine
    assert "Rival Systems" not in mine
    assert "Rival Systems" in client.get(url("partner_list"), {"q": "rival"}).content.decode()
    assert client.get(url("partner_list"), {"health_band": "champion"}).content.decode().count("data-row ") == 0


@pytest.mark.parametrize("export", ["csv", "xlsx"])
def test_the_list_is_exported_as_shown(world: World, northwind: Partner, sign_in: SignIn, export: str) -> None:
    response = sign_in(world.mia).get(url("partner_list"), {"export": export, "q": "northwind"})
    body = b"".join(response.streaming_content) if response.streaming else response.content
    assert response.status_code == 200
    assert "attachment" in response["Content-Disposition"]
    if export == "csv":
        assert "Northwind Solutions" in body.decode("utf-8-sig")
    else:
        assert body.startswith(b"PK")


def test_the_forms_of_records_and_contacts_open_by_their_own_address(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.mia)
    for name in (
        "partner_add_nps",
        "partner_set_fit",
        "partner_set_value",
        "partner_add_integration",
        "partner_add_contact",
    ):
        assert client.get(url(name, northwind.code)).status_code == 200
    listed = client.get(url("partner_list"), {"owner": world.mia.user.pk}).content.decode()
    assert "Northwind Solutions" in listed
    assert "Northwind" not in client.get(url("partner_list"), {"owner": world.dan.user.pk}).content.decode()


def test_the_list_costs_the_same_for_one_row_and_for_thirty(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    client.get(url("partner_list"))
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url("partner_list"))
    for number in range(30):
        making.partner(world, f"Company {number}")
    with CaptureQueriesContext(connection) as many:
        client.get(url("partner_list"))
    assert len(many) == len(one)


def test_people_page_costs_the_same_for_one_person_and_for_thirty(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.mia)
    client.get(url("partner_people", northwind.code))
    with CaptureQueriesContext(connection) as few:
        client.get(url("partner_people", northwind.code))
    for number in range(30):
        add_person(world.northwind, f"Person {number}", "seller", at=world.at, email=f"p{number}@example.com")
    with CaptureQueriesContext(connection) as many:
        client.get(url("partner_people", northwind.code))
    assert len(many) == len(few)


def test_a_manager_creates_a_partner_and_owns_it(world: World, northwind: Partner, sign_in: SignIn) -> None:
    body = {
        "name": "Contoso",
        "type": "si",
        "owner": world.mia.user.pk,
        "country": "fr",
        "time_zone": "Europe/Paris",
        "locale": "en",
        "agreement_signed_on": "2026-06-01",
    }
    response = sign_in(world.mia).post(url("partner_create"), body)
    contoso = Partner.objects.get(sort_name="contoso")
    assert response.status_code == 302
    assert (contoso.owner, contoso.country, contoso.track.code) == (world.mia.user, "FR", "solution")
    refused = sign_in(world.mia).post(url("partner_create"), body | {"country": "France", "name": "Fabrikam"})
    assert refused.status_code == 422
    assert "Fabrikam" in refused.content.decode()


def test_a_stale_edit_shows_both_values_and_keeps_the_input(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    first = client.post(url("partner_edit", northwind.code), form_of(northwind, territory="Benelux"))
    assert first.status_code == 302
    late = client.post(url("partner_edit", northwind.code), form_of(northwind, territory="Iberia", about="Long text"))
    text = late.content.decode()
    assert late.status_code == 409
    assert "Benelux" in text
    assert "Iberia" in text
    assert "Long text" in text
    assert 'name="version" value="2"' in text
    again = client.post(
        url("partner_edit", northwind.code), form_of(northwind, territory="Iberia", about="Long text", version=2)
    )
    assert again.status_code == 302
    northwind.refresh_from_db()
    assert (northwind.territory, northwind.about, northwind.version) == ("Iberia", "Long text", 3)


def test_another_managers_partner_answers_403_and_stays(world: World, northwind: Partner, sign_in: SignIn) -> None:
    other = add_person(world.vendor, "Max Other", "partner_manager", at=world.at)
    client = sign_in(other)
    posts = {
        url("partner_edit", northwind.code): form_of(northwind, territory="Mine now"),
        url("partner_owner", northwind.code): {"owner": other.user.pk},
        url("partner_stage", northwind.code): {"stage": "expand"},
        url("partner_status", northwind.code): {"action": "end", "reason": "x"},
        url("partner_invite", northwind.code): {"email": "new@example.com", "role": "seller"},
        url("partner_add_contact", northwind.code): {"name": "X", "side": "theirs", "role": "primary"},
        url("partner_add_nps", northwind.code): {"nps-score": 9, "nps-answered_on": "2026-06-01", "nps-reason": "x"},
        url("partner_set_fit", northwind.code): {"fit-rating": "weak", "fit-set_on": "2026-06-01", "fit-reason": "x"},
        url("partner_add_integration", northwind.code): {
            "integration-name": "X", "integration-live_on": "2026-06-01", "integration-evidence": "x",
        },
    }  # fmt: skip
    for address, body in posts.items():
        assert client.post(address, body).status_code == 403, address
    northwind.refresh_from_db()
    assert (northwind.territory, northwind.owner, northwind.stage, northwind.version) == (
        "DACH",
        world.mia.user,
        "onboard",
        1,
    )
    assert not Invitation.objects.exists()
    assert not PartnerContact.objects.exists()
    assert not NpsAnswer.objects.exists()


def test_read_only_staff_see_and_may_not_change(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.rory)
    assert client.get(url("partner_list")).status_code == 200
    assert client.get(url("partner_people", northwind.code)).status_code == 200
    assert client.get(url("program_detail")).status_code == 200
    assert client.get(url("partner_edit", northwind.code)).status_code == 403
    assert client.post(url("partner_stage", northwind.code), {"stage": "expand"}).status_code == 403
    assert client.get(url("partner_list"), {"export": "csv"}).status_code == 200
    assert "text/html" in client.get(url("partner_list"), {"export": "csv"})["Content-Type"]


def test_people_are_invited_changed_and_ended_from_the_page(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    client.post(url("partner_invite", northwind.code), {"email": "lea@example.com", "name": "Lea", "role": "learner"})
    invitation = Invitation.objects.get(email="lea@example.com")
    assert (invitation.organization, invitation.role) == (world.northwind, "learner")
    refused = client.post(
        url("partner_invite", northwind.code), {"email": "sara@example.com", "name": "", "role": "seller"}
    )
    assert refused.status_code == 422
    assert "already works for this company" in refused.content.decode()
    client.post(url("invitation_revoke", invitation.code))
    invitation.refresh_from_db()
    assert invitation.revoked_at is not None
    sara = world.sara.membership
    client.post(url("member_role", sara.code), {f"{sara.code}-role": "marketer"})
    client.post(url("member_deactivate", world.toni.membership.code))
    assert Membership.objects.get(pk=sara.pk).role == "marketer"
    assert not Membership.objects.get(pk=world.toni.membership.pk).is_active


def test_staff_memberships_are_not_reached_through_a_partners_page(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    code = world.rory.membership.code
    assert sign_in(world.mia).post(url("member_deactivate", code)).status_code == 404
    assert Membership.objects.get(pk=world.rory.membership.pk).is_active


def test_contacts_are_named_and_taken_off(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    body = {"name": "Paul Keller", "side": "theirs", "role": "primary", "email": "paul@example.com", "phone": ""}
    client.post(url("partner_add_contact", northwind.code), body)
    contact = PartnerContact.objects.get()
    assert contact.user == world.paul.user
    assert client.post(url("partner_add_contact", northwind.code), body).status_code == 422
    client.post(url("contact_end", contact.code))
    contact.refresh_from_db()
    assert contact.ended_at is not None


def test_records_need_a_reason_and_a_past_day(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    good = {"nps-score": 9, "nps-answered_on": "2026-06-01", "nps-reason": "told on the phone", "nps-email": ""}
    assert client.get(url("partner_records", northwind.code)).status_code == 200
    assert client.post(url("partner_add_nps", northwind.code), good).status_code == 302
    for wrong in ({"nps-reason": ""}, {"nps-answered_on": "2999-01-01"}, {"nps-score": 11}, {"nps-score": "٩"}):
        response = client.post(url("partner_add_nps", northwind.code), good | wrong)
        assert response.status_code == 422, wrong
    assert NpsAnswer.objects.count() == 1


def test_an_override_is_set_with_its_targets_and_ended(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.dan)
    gold = northwind.track.tiers.get(code="gold")
    body = {
        "kind": "accelerator",
        "tier": gold.pk,
        "starts_on": "2026-06-15",
        "ends_on": "2026-12-31",
        "sourced_arr": "80000",
        "qualified_referrals": "",
        "certified_people": "2",
        "reason": "New team",
    }
    assert client.get(url("partner_override", northwind.code)).status_code == 200
    assert client.post(url("partner_override", northwind.code), body | {"sourced_arr": "8e4"}).status_code == 422
    assert client.post(url("partner_override", northwind.code), body).status_code == 302
    override = TierOverride.objects.get()
    assert override.targets == {
        "paths": [{"metric": "sourced_arr", "threshold": "80000.00"}],
        "certified_people": 2,
    }
    client.post(url("override_end", override.code), {"reason": "Team left"})
    override.refresh_from_db()
    assert override.ends_on == timezone.now().date() - timedelta(days=1)
    assert sign_in(world.mia).post(url("partner_override", northwind.code), body).status_code == 403


def test_an_accelerator_of_the_technology_ladder_asks_for_what_that_ladder_counts(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    built = making.partner(world, "Builder", type="technology")
    client = sign_in(world.dan)
    form = client.get(url("partner_override", built.code)).context["form"]
    assert [field.name for field in form.target_fields()] == ["live_integrations", "co_sold_deals"]
    body = {
        "kind": "accelerator", "tier": built.track.tiers.get(code="premier").pk, "starts_on": "2026-06-15",
        "ends_on": "2026-12-31", "co_sold_deals": "3", "certified_people": "", "reason": "Joint launch",
    }  # fmt: skip
    assert client.post(url("partner_override", built.code), body).status_code == 302
    assert TierOverride.objects.get().targets["paths"] == [{"metric": "co_sold_deals", "threshold": "3"}]


def test_an_integration_is_recorded_corrected_and_ended_on_its_pages(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.mia)
    good = {
        "integration-name": "Sync", "integration-product": "Platform", "integration-url": "https://n.example/sync",
        "integration-live_on": "2026-06-01", "integration-evidence": "seen",
    }  # fmt: skip
    for wrong in (
        {"integration-url": "http://n.example"},
        {"integration-live_on": "2999-01-01"},
        {"integration-evidence": ""},
    ):
        response = client.post(url("partner_add_integration", northwind.code), good | wrong)
        assert response.status_code == 422, wrong
        assert b"Sync" in response.content  # what was typed stays
    assert client.post(url("partner_add_integration", northwind.code), good).status_code == 302
    assert client.post(url("partner_add_integration", northwind.code), good).status_code == 422  # sent twice
    row = Integration.objects.get()
    assert "Sync" in client.get(url("partner_records", northwind.code)).content.decode()

    edit = {
        "name": "Sync", "product": "Analytics", "url": "", "live_on": "2026-06-02", "ended_on": "", "evidence": "seen",
        "reason": "typing error", "version": "1",
    }  # fmt: skip
    assert client.get(url("integration_edit", row.code)).status_code == 200
    assert client.post(url("integration_edit", row.code), edit).status_code == 302
    late = client.post(url("integration_edit", row.code), edit | {"product": "Security"})
    assert late.status_code == 409
    assert "Analytics" in late.content.decode()
    assert "Security" in late.content.decode()
    assert 'name="version" value="2"' in late.content.decode()

    end = {f"{row.code}-ended_on": "2026-06-01", f"{row.code}-reason": "over"}
    client.post(url("integration_end", row.code), end)
    client.post(url("integration_end", row.code), {f"{row.code}-ended_on": "2026-06-10"})
    row.refresh_from_db()
    assert (row.product, row.live_on.day, row.ended_on) == ("Analytics", 2, None)  # before its first day; no reason
    client.post(url("integration_end", row.code), end | {f"{row.code}-ended_on": "2026-06-10"})
    row.refresh_from_db()
    assert row.ended_on.day == 10
    assert sign_in(world.rory).post(url("integration_end", row.code), end).status_code == 403


def test_the_records_page_costs_the_same_for_one_integration_and_for_thirty(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.mia)

    def add(number: int) -> None:
        record_integration(
            partner=northwind,
            name=f"No. {number}",
            live_on=world.at.date(),
            evidence="x",
            by=world.mia.actor,
            at=world.at,
        )

    add(0)
    client.get(url("partner_records", northwind.code))
    with CaptureQueriesContext(connection) as one:
        client.get(url("partner_records", northwind.code))
    for number in range(1, 30):
        add(number)
    with CaptureQueriesContext(connection) as many:
        client.get(url("partner_records", northwind.code))
    assert len(many) == len(one)


def test_the_program_page_its_history_and_its_files(world: World, standard: ProgramVersion, sign_in: SignIn) -> None:
    client = sign_in(world.ada)
    text = client.get(url("program_detail")).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    for figure in ("25,000 USD", "100,000 USD", "500,000 USD", "Platinum", "dedicated SE"):
        assert figure in text
    file = client.get(url("version_file", standard.code))
    changed = file.content.replace(b"threshold: 100000", b"threshold: 120000")
    upload = SimpleUploadedFile("program.yaml", changed, content_type="application/yaml")
    response = client.post(url("version_create"), {"file": upload})
    draft = ProgramVersion.objects.get(status="draft")
    assert response["Location"] == url("version_detail", draft.code)
    diff = client.get(url("version_compare", draft.code)).content.decode()
    assert "120000" in diff
    assert diff.count("<tr>") == 2
    client.post(url("version_publish", draft.code), {"valid_from": "2999-07-01"})
    draft.refresh_from_db()
    assert draft.valid_from == date(2999, 7, 1)
    assert "Planned" in client.get(url("program_detail")).content.decode()


def test_a_bad_program_file_is_answered_with_lines(world: World, standard: ProgramVersion, sign_in: SignIn) -> None:
    bad = blueprint_text("standard").replace("threshold: 500000", "threshold: 5").encode()
    response = sign_in(world.ada).post(url("version_create"), {"file": SimpleUploadedFile("p.yaml", bad)})
    assert response.status_code == 422
    assert "must be above that of gold" in response.content.decode()
    assert ProgramVersion.objects.count() == 1


def test_only_program_editors_write_versions(world: World, standard: ProgramVersion, sign_in: SignIn) -> None:
    client = sign_in(world.vera)
    good = SimpleUploadedFile("p.yaml", blueprint_text("starter").encode())
    assert client.post(url("version_create"), {"file": good}).status_code == 403
    assert client.post(url("version_publish", standard.code), {"valid_from": "2027-01-01"}).status_code == 403
    assert ProgramVersion.objects.count() == 1


NPS = "external_id,partner,score,answered_on\nn1,Northwind Solutions,9,2026-05-01\nn2,Nobody,9,2026-05-01\n"


def test_a_file_is_rehearsed_imported_and_its_errors_fetched(world: World, northwind: Partner, sign_in: SignIn) -> None:
    client = sign_in(world.mia)
    upload = SimpleUploadedFile("nps.csv", NPS.encode(), content_type="text/csv")
    rehearsal = client.post(url("import_start"), {"kind": "nps", "file": upload, "day_order": "iso", "encoding": ""})
    assert rehearsal.status_code == 200
    assert "no partner is known as Nobody" in rehearsal.content.decode()
    assert not NpsAnswer.objects.exists()
    again = {name: rehearsal.context["values"][name] for name in ("kind", "day_order", "encoding")}
    again["file"] = rehearsal.context["stored"].code
    errors = client.post(url("import_errors"), again).content.decode("utf-8-sig")
    assert errors.splitlines()[1].startswith("3,no partner is known as Nobody,n2,Nobody")
    assert not NpsAnswer.objects.exists()
    client.post(url("import_confirm"), again)
    client.post(url("import_confirm"), again)
    assert NpsAnswer.objects.get().score == 9
    stranger = add_person(world.vendor, "Max Other", "partner_manager", at=world.at)
    assert sign_in(stranger).post(url("import_confirm"), again).status_code == 404


def test_the_second_step_of_the_portal_user_can_not_reach_staff_pages(
    world: World, northwind: Partner, sign_in: SignIn
) -> None:
    client = sign_in(world.paul)
    for address in (url("partner_list"), url("partner_edit", northwind.code), url("program_detail")):
        assert client.get(address).status_code == 404
