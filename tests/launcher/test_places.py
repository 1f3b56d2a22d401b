"""Where state lives: apart for each checkout, ours alone, held by one, removed when it was only for now."""

import os
from pathlib import Path

import pytest

from launcher import places
from launcher.console import Stop


def test_two_checkouts_have_two_states(tmp_path):
    assert places.key_of(tmp_path / "one") != places.key_of(tmp_path / "two")


def test_a_checkout_reached_by_a_link_is_the_same(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert places.key_of(tmp_path / "real") == places.key_of(tmp_path / "link")


def test_a_person_finds_the_state_where_the_desktop_says(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "is_root", lambda: False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    root = places.state_root(tmp_path)
    assert root.parent == tmp_path / "state"
    assert root.stat().st_mode & 0o777 == 0o700


def test_without_home_and_settings_the_state_still_has_a_place(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "is_root", lambda: False)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(places, "home", lambda: tmp_path / "no" / "home")
    assert places.state_root(tmp_path) == tmp_path / "no/home/.local/state" / f"prm-{places.key_of(tmp_path)}"


def test_a_link_in_our_place_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Stop, match="belongs to somebody else"):
        places.private_folder(tmp_path / "state")


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    (tmp_path / "state").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Stop, match="belongs to somebody else"):
        places.private_folder(tmp_path / "state")


def test_who_comes_second_is_told_where_the_first_answers(root):
    with places.held_place(root, "demo", told="address") as place:
        (place.folder / "address").write_text("It answers at http://127.0.0.1:8000/")
        with (
            pytest.raises(Stop, match=r"Another demo .* It answers at http://127\.0\.0\.1:8000/"),
            places.held_place(root, "demo", told="address"),
        ):
            pass


def test_a_place_is_free_again_afterwards(root):
    for _ in range(2):
        with places.held_place(root, "demo") as place:
            (place.folder / "data").touch()
    assert (root / "demo" / "data").exists()


def test_a_scratch_place_is_gone_afterwards(root):
    with places.scratch_place(root, "check") as place:
        (place.folder / "data").touch()
    assert list(root.iterdir()) == []


def test_of_a_failed_run_the_logs_stay_until_the_next(root):
    with pytest.raises(Stop), places.scratch_place(root, "check") as place:
        (place.folder / "pgdata").mkdir()
        (place.logs / "web.log").write_text("the reason")
        raise Stop("failed")
    assert (place.logs / "web.log").read_text() == "the reason"
    assert not (place.folder / "pgdata").exists()
    # The same process makes the next one here, so the name must differ as it does in life.
    place.folder.rename(root / "check-0")
    with places.scratch_place(root, "check"):
        assert not (root / "check-0").exists()


def test_a_scratch_place_in_use_is_left_alone(root):
    with places.held_place(root, "check-1") as other:
        (other.folder / "data").touch()
        with places.scratch_place(root, "check"):
            pass
        assert (other.folder / "data").exists()


@pytest.mark.parametrize("name", ["x" * 90, "a home with spaces", "ümläut"])
def test_sockets_have_a_short_plain_path_wherever_the_state_is(tmp_path, name):
    root = tmp_path / name / "prm-0123456789ab"
    root.mkdir(parents=True)
    with places.held_place(root, "demo") as place:
        longest = place.sockets / places.LONGEST_SOCKET_NAME
        assert len(str(longest)) < places.LONGEST_SOCKET_PATH
        assert str(place.sockets).isascii()
        assert " " not in str(place.sockets)


def test_sockets_are_beside_the_data_where_that_is_possible(root):
    with places.held_place(root, "demo") as place:
        assert place.sockets == Path(root, "demo", "run")
