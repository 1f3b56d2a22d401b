"""Sealed fields and files: nothing in clear, nothing that opens elsewhere, keys that can be replaced (T32, F21)."""

import base64
import secrets

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from prm.core.models import StoredFile
from prm.core.sealing import SealRefused, mask, resealed, seal, seal_bytes, unseal, unseal_bytes
from prm.core.uploads import accept_upload, file_response
from tests.core.corpus import pdf
from tests.world import World

IBAN = "DE89370400440532013000"


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@given(st.text(min_size=1))
def test_what_is_sealed_comes_back_and_is_nowhere_to_be_read(text: str) -> None:
    token = seal(text, about="PD-1:account")
    assert unseal(token, about="PD-1:account") == text
    assert len(text) < 4 or text not in token
    assert seal(text, about="PD-1:account") != token, "the same text twice must not look the same"


def test_nothing_stays_nothing() -> None:
    assert seal("", about="PD-1:account") == unseal("", about="PD-1:account") == resealed("") == ""


def test_a_value_copied_to_another_row_or_column_does_not_open() -> None:
    token = seal(IBAN, about="PD-1:account")
    for place in ("PD-2:account", "PD-1:bank", ""):
        with pytest.raises(SealRefused) as refused:
            unseal(token, about=place)
        assert refused.value.code == "core.sealing.moved"


@pytest.mark.parametrize(
    "change", [lambda t: t[:-2] + "==", lambda t: "A" + t[1:], lambda t: "garbage", lambda t: t[:40]]
)
def test_a_changed_value_does_not_open(change) -> None:
    with pytest.raises(SealRefused):
        unseal(change(seal(IBAN, about="x")), about="x")


def test_without_the_key_there_is_a_refusal_that_names_the_setting(settings) -> None:
    token = seal(IBAN, about="x")
    settings.FIELD_KEYS = [new_key()]
    with pytest.raises(SealRefused) as refused:
        unseal(token, about="x")
    assert refused.value.code == "core.sealing.key_missing"
    assert "PRM_FIELD_KEYS" in refused.value.message
    assert IBAN not in str(refused.value)


def test_the_first_key_seals_and_all_open(settings) -> None:
    old, new = new_key(), new_key()
    settings.FIELD_KEYS = [old]
    token = seal(IBAN, about="x")
    settings.FIELD_KEYS = [new, old]
    assert unseal(token, about="x") == IBAN
    moved = resealed(token)
    settings.FIELD_KEYS = [new]
    assert unseal(moved, about="x") == IBAN
    with pytest.raises(SealRefused):
        unseal(token, about="x")


@pytest.mark.parametrize(
    ("text", "first", "shown"),
    [
        (IBAN, 4, "DE89 •••• 3000"),
        ("123456789", 0, "•••• 6789"),
        ("12345", 0, "•••• 45"),
        ("1", 0, "••••"),
        ("", 0, ""),
        ("12 34 56 78", 0, "•••• 5678"),
    ],
)
def test_a_mask_shows_the_end_only(text: str, first: int, shown: str) -> None:
    assert mask(text, first=first) == shown


@given(st.text(alphabet="ABC123", max_size=40))
def test_a_mask_never_shows_more_than_half(text: str) -> None:
    assert sum(sign not in "• " for sign in mask(text, first=4)) <= len(text) / 2


def sealed_upload(world: World) -> StoredFile:
    file = SimpleUploadedFile("w9.pdf", pdf(), content_type="application/pdf")
    return accept_upload(
        file=file, by=world.paul.actor, at=world.at, organization_id=world.northwind.pk, kinds=("pdf",), sealed=True
    )


def test_a_sealed_upload_is_ciphertext_on_the_disk_and_leaves_as_it_came(world: World) -> None:
    stored = sealed_upload(world)
    with stored.content.open("rb") as file:
        kept = file.read()
    assert b"%PDF" not in kept
    answer = file_response(RequestFactory().get("/"), stored)
    assert b"".join(answer) == unseal_bytes(kept, about=stored.code)
    assert b"".join(file_response(RequestFactory().get("/"), stored)).startswith(b"%PDF")


def test_keys_are_rotated_in_files_too_and_twice_is_once(world: World, settings, capsys) -> None:
    old, new = new_key(), new_key()
    settings.FIELD_KEYS = [old]
    stored = sealed_upload(world)
    settings.FIELD_KEYS = [new, old]
    call_command("rotate_field_keys")
    call_command("rotate_field_keys")
    settings.FIELD_KEYS = [new]
    assert b"".join(file_response(RequestFactory().get("/"), stored)).startswith(b"%PDF")


def test_what_no_key_opens_is_named_and_the_rest_is_rotated(world: World, settings) -> None:
    settings.FIELD_KEYS = [new_key()]
    lost = sealed_upload(world)
    kept = new_key()
    settings.FIELD_KEYS = [kept]
    good = sealed_upload(world)
    settings.FIELD_KEYS = [new_key(), kept]
    with pytest.raises(CommandError, match=lost.code):
        call_command("rotate_field_keys")
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    assert b"".join(file_response(RequestFactory().get("/"), good)).startswith(b"%PDF")


def test_files_are_bound_to_their_row(world: World) -> None:
    with pytest.raises(SealRefused):
        unseal_bytes(seal_bytes(b"%PDF", about="FL-1"), about="FL-2")
