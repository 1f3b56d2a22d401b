"""Fixtures every test may use: the moment, the cast, people signed in, and the application's own database role."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client

from prm import environment
from tests import world as cast

# Append-only tables refuse TRUNCATE by trigger. Tests that really commit are cleaned up by the owner past the triggers;
# the application's role can do neither.
_flush = DatabaseOperations.execute_sql_flush


def _flush_past_triggers(self: DatabaseOperations, sql_list: list[str]) -> None:
    if sql_list:
        sql_list = ["SET session_replication_role = replica;", *sql_list, "SET session_replication_role = DEFAULT;"]
    _flush(self, sql_list)


DatabaseOperations.execute_sql_flush = _flush_past_triggers  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Leave no uploaded file behind."""
    for folder in (settings.PRIVATE_FILES_DIR, settings.STATIC_ROOT):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def at() -> datetime:
    """The moment at which most stories begin: a Monday morning."""
    return cast.AT


@pytest.fixture
def world(db: None) -> "cast.World":
    """The cast: Acme Cloud's staff, Northwind, Rival and a person who works for both partners."""
    return cast.build_world(at=cast.AT)


@pytest.fixture
def sign_in() -> Callable[["cast.Person"], Client]:
    """A client signed in as a person: second factor set up, sign-in recent."""
    return cast.signed_in_client


@pytest.fixture
def app_role(db: None) -> Iterator[psycopg.Connection]:
    """A connection as the role the application runs under, to the test's database.

    It sees committed rows only, so it is for questions of rights, not of content.
    """
    url = environment.database("DATABASE_URL")
    with psycopg.connect(
        dbname=connection.settings_dict["NAME"],
        user=url["USER"],
        password=url["PASSWORD"],
        host=url["HOST"],
        port=url["PORT"],
        autocommit=True,
    ) as conn:
        yield conn


@pytest.fixture(autouse=True)
def _no_secrets_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach the outside through a proxy set in the shell."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
