"""The demo's pieces: its port, its variables, its programs, a database of its own on a server that was given."""

import base64
import socket

import pytest

from launcher import demo
from launcher.console import Stop
from launcher.demo import (
    base_environment,
    field_key_of,
    open_port,
    secret_of,
    static_fingerprint,
    with_database,
)
from prm.celery import SCHEDULE


def test_the_first_free_port_is_taken():
    with open_port("", first=43210) as first, open_port("", first=43210) as second:
        assert first.getsockname()[1] < second.getsockname()[1] < 43210 + demo.PORTS_TO_TRY


def test_a_wanted_port_is_taken_or_refused_by_name():
    with socket.socket() as other:
        other.bind((demo.ADDRESS, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Stop, match=f"Port {port} can't be used"):
            open_port(str(port))
    with open_port(str(port)) as listener:
        assert listener.getsockname() == (demo.ADDRESS, port)


@pytest.mark.parametrize("wanted", ["http", "0", "65536", "-1", "8000.5", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused(wanted):
    with pytest.raises(Stop, match="PORT must be a number"):
        open_port(wanted)


def test_the_shell_s_settings_do_not_reach_the_demo():
    outside = {
        "PATH": "/opt/bin",
        "EMAIL_HOST": "smtp.example.com",
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "DEBUG": "1",
        "DATABASE_URL": "postgresql://production/prm",
        "DJANGO_SETTINGS_MODULE": "other.settings",
        "PYTHONPATH": "/elsewhere",
        "CI": "true",
    }
    env = base_environment(outside)
    assert set(env) - set(outside) == {"HOME", "LANG", "PYTHONUTF8", "PYTHONUNBUFFERED"}
    assert set(env) & set(outside) == {"PATH", "CI"}
    assert env["PATH"].startswith("/opt/bin:")


def test_an_empty_environment_is_enough():
    env = base_environment({})
    assert env["HOME"]
    assert "/usr/bin" in env["PATH"].split(":")


def test_the_secret_key_is_made_once_and_is_nobody_else_s(tmp_path):
    key = secret_of(tmp_path)
    assert len(key) >= 64
    assert secret_of(tmp_path) == key
    assert (tmp_path / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_key_of_sealed_fields_is_made_once_and_fits(tmp_path):
    key = field_key_of(tmp_path)
    assert len(base64.urlsafe_b64decode(key)) == 32
    assert field_key_of(tmp_path) == key
    assert (tmp_path / "field-key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://prm_app@/prm?host=/run/pg", "postgresql://prm_app@/check?host=/run/pg"),
        ("postgresql://u:p@db.example.com:5432/prm", "postgresql://u:p@db.example.com:5432/check"),
        ("postgresql://db/prm?sslmode=require&host=/a", "postgresql://db/check?sslmode=require&host=/a"),
        ("postgresql://db", "postgresql://db/check"),
    ],
)
def test_the_same_server_with_another_database(url, expected):
    assert with_database(url, "check") == expected


def test_static_files_are_collected_again_when_one_changes(tmp_path):
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / "static").mkdir()
    marks = [static_fingerprint(tmp_path)]
    (tmp_path / "static" / "site.css").write_text("a{}")
    marks.append(static_fingerprint(tmp_path))
    (tmp_path / "static" / "site.css").write_text("a{color:red}")
    marks.append(static_fingerprint(tmp_path))
    (tmp_path / "requirements.txt").write_text("a==2\n")
    marks.append(static_fingerprint(tmp_path))
    assert len(set(marks)) == 4
    assert static_fingerprint(tmp_path) == marks[-1]


def test_the_night_that_the_demo_asks_for_is_a_job_of_the_schedule():
    assert demo.NIGHT in {task for _, task, _, _ in SCHEDULE}
