"""Bank and tax details: checked, sealed, replaced under a notice, read in full by finance only (T18, T32)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from deals.actions.payout_details import (
    DetailsStaleRefused,
    PayoutDetailsRefused,
    current_details,
    full_details,
    open_tax_form,
    reveal_payout_details,
    save_payout_details,
)
from deals.actions.registrations import IncompleteRefused
from deals.models import PayoutDetails
from prm.core.models import AuditEntry, Mail, Membership
from prm.core.refused import Refused
from prm.core.sealing import SealRefused
from tests.deals.payables import IBAN, OTHER_IBAN, ROUTING, TODAY, details, details_values
from tests.deals.stage import partner_of
from tests.world import AT, World

LATER = AT + timedelta(days=1)
W9 = {"method": "ach", "account": "123456789", "bank": ROUTING, "tax_form": "w9", "tax_id": "12-3456789"}


def test_what_is_kept_is_ciphertext_and_a_mask(world: World) -> None:
    row = details(world.paul)
    assert IBAN not in "".join(str(value) for value in vars(row).values())
    assert (row.account_mask, row.tax_id_mask, row.country) == ("DE89 •••• 3000", "•••• 6789", "DE")
    assert full_details(row) == {"account": IBAN, "bank": "COBADEFFXXX", "tax_id": "DE123456789"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"account": "DE89370400440532013001"}, "account"),
        ({"account": ""}, "account"),
        ({"account": "DE89 3704 0044 0532 0130 ٠٠"}, "account"),
        ({"account": "XX89370400440532013000"}, "account"),
        (W9 | {"bank": "021000022"}, "bank"),
        (W9 | {"bank": "000000000"}, "bank"),
        (W9 | {"bank": ""}, "bank"),
        (W9 | {"account": "12"}, "account"),
        (W9 | {"tax_id": "12345678"}, "tax_id"),
        ({"method": "wire", "account": "12345678", "bank": "NOTABIC"}, "bank"),
        ({"method": "wire", "account": "DE89370400440532013001", "bank": "DEUTDEFF"}, "account"),
        ({"tax_id": "123456789"}, "tax_id"),
        ({"account_holder": "  "}, "account_holder"),
        ({"notice_email": "nobody"}, "notice_email"),
        ({"tax_form": "none"}, "tax_form"),
        ({"method": "cheque"}, "method"),
        ({"tax_form": "w8bene", "tax_id": "A1", "tax_form_signed_on": None}, "tax_form_signed_on"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(world: World, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(IncompleteRefused) as refused:
        save_payout_details(
            partner=partner_of(world.paul),
            by=world.paul.actor,
            at=AT,
            values=details_values(**({"tax_form_signed_on": TODAY} | changes)),
        )
    assert field in refused.value.fields
    assert not PayoutDetails.objects.exists()


def test_a_change_is_a_new_row_and_the_old_one_stays(world: World) -> None:
    old = details(world.paul)
    new = details(world.paul, account=OTHER_IBAN, at=LATER)
    old.refresh_from_db()
    assert (old.superseded_at, new.superseded_at) == (LATER, None)
    assert full_details(old)["account"] == IBAN
    assert current_details(partner_of(world.paul)) == new


def test_what_is_left_empty_stays_as_it_was(world: World) -> None:
    first = details(world.paul, **W9)
    second = details(world.paul, **W9 | {"account": "", "bank": "", "tax_id": "", "account_holder": "New GmbH"})
    assert full_details(second) == full_details(first)
    assert second.account_sealed != first.account_sealed
    assert second.account_holder == "New GmbH"


def test_another_kind_of_account_asks_for_everything_again(world: World) -> None:
    details(world.paul)
    with pytest.raises(IncompleteRefused) as refused:
        details(world.paul, **W9 | {"account": "", "bank": ""})
    assert {"account", "bank"} <= set(refused.value.fields)


def test_the_old_address_and_the_admins_are_told_and_never_a_full_number(world: World) -> None:
    details(world.paul, notice_email="old@northwind.example")
    before = Mail.objects.count()
    details(world.paul, account=OTHER_IBAN, notice_email="new@northwind.example", at=LATER)
    sent = list(Mail.objects.order_by("pk")[before:])
    admins = Membership.objects.filter(organization=world.northwind, role="partner_admin").count()
    assert [mail.to_email for mail in sent].count("old@northwind.example") == 1
    assert "new@northwind.example" not in [mail.to_email for mail in sent]
    assert len(sent) == admins + 1
    for mail in sent:
        assert OTHER_IBAN not in mail.body_text + mail.body_html
        assert "NL91 •••• 4300" in mail.body_text
        assert mail.body_html.count("NL91 •••• 4300") == 1


def test_a_form_that_was_opened_before_somebody_else_s_change_is_refused(world: World) -> None:
    old = details(world.paul)
    details(world.toni, account=OTHER_IBAN)
    with pytest.raises(DetailsStaleRefused):
        save_payout_details(
            partner=partner_of(world.paul), by=world.paul.actor, at=LATER, values=details_values(), replaces=old.code
        )


def test_sent_twice_is_kept_once(world: World) -> None:
    partner, by = partner_of(world.paul), world.paul.actor
    save_payout_details(partner=partner, by=by, at=AT, values=details_values())
    with pytest.raises(DetailsStaleRefused):
        save_payout_details(partner=partner, by=by, at=AT, values=details_values())
    assert PayoutDetails.objects.count() == 1


@pytest.mark.parametrize("name", ["sara", "rita", "finn", "vera", "ada", "mia"])
def test_nobody_else_enters_them(world: World, name: str) -> None:
    with pytest.raises(PayoutDetailsRefused):
        save_payout_details(
            partner=partner_of(world.paul), by=getattr(world, name).actor, at=AT, values=details_values()
        )


def test_finance_reads_in_full_and_each_look_is_written_down(world: World) -> None:
    row = details(world.paul)
    assert reveal_payout_details(details=row, by=world.finn.actor, at=LATER)["account"] == IBAN
    reveal_payout_details(details=row, by=world.finn.actor, at=LATER)
    seen = AuditEntry.objects.filter(code="deals.payout_details.seen", ref_code=row.code)
    assert [line.actor_user_id for line in seen] == [world.finn.user.pk] * 2
    assert IBAN not in str(list(seen.values()))


@pytest.mark.parametrize("name", ["ada", "vera", "dan", "mia", "sue", "rory", "paul", "sara", "rita"])
def test_nobody_else_reads_in_full(world: World, name: str) -> None:
    row = details(world.paul, tax_form="w9", tax_id="123456789")
    for action in (reveal_payout_details, open_tax_form):
        with pytest.raises(Refused):
            action(details=row, by=getattr(world, name).actor, at=LATER)
    assert not AuditEntry.objects.filter(code__in=["deals.payout_details.seen", "deals.payout_details.form_downloaded"])


def test_a_look_that_failed_for_a_missing_key_is_no_look(world: World, settings: Any) -> None:
    row = details(world.paul)
    settings.FIELD_KEYS = ["Zm9yLXRlc3RzLW9ubHktMDEyMzQ1Njc4OWFiY2RlZmc="]
    with pytest.raises(SealRefused):
        reveal_payout_details(details=row, by=world.finn.actor, at=LATER)
    assert not AuditEntry.objects.filter(code="deals.payout_details.seen").exists()


def test_a_sealed_value_of_another_row_does_not_open(world: World) -> None:
    mine = details(world.paul)
    theirs = details(world.rita, account=OTHER_IBAN)
    mine.account_sealed = theirs.account_sealed
    with pytest.raises(SealRefused):
        full_details(mine)


def test_two_current_rows_and_changed_masks_are_refused_by_the_database(world: World) -> None:
    row = details(world.paul)
    for statement in (
        f"UPDATE deals_payoutdetails SET account_holder = 'Thief' WHERE id = {row.pk}",
        f"UPDATE deals_payoutdetails SET partner_id = {world.rival.pk} WHERE id = {row.pk}",
        f"DELETE FROM deals_payoutdetails WHERE id = {row.pk}",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
