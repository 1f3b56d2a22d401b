"""Migrations say what the models say, can be undone or say why not, and end in the rights the application needs."""

from importlib import import_module
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader

from prm.core.admin_apps import OURS

pytestmark = pytest.mark.django_db


def test_no_model_change_waits_for_a_migration() -> None:
    out = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=out, stderr=out)
    except SystemExit:
        pytest.fail(out.getvalue())


def ours() -> list:
    loader = MigrationLoader(connection)
    return [migration for (label, _name), migration in sorted(loader.disk_migrations.items()) if label in OURS]


def test_every_step_can_be_undone() -> None:
    """RunSQL and RunPython have a way back, if only a no-op that says so."""
    found = [
        f"{migration.app_label}.{migration.name}"
        for migration in ours()
        for step in migration.operations
        if isinstance(step, RunSQL | RunPython) and not step.reversible
    ]
    assert found == []


def test_there_is_one_last_migration_per_app() -> None:
    loader = MigrationLoader(connection)
    assert loader.detect_conflicts() == {}


def test_migrations_have_names_that_say_something() -> None:
    assert [f"{each.app_label}.{each.name}" for each in ours() if "_auto_" in each.name] == []


def test_migrations_do_not_use_the_code_of_today() -> None:
    """A data migration that imports models or actions breaks when they change."""
    from pathlib import Path

    found = []
    for migration in ours():
        source = Path(import_module(migration.__module__).__file__).read_text()
        for word in (".models import", ".actions", ".queries", ".views"):
            if any(
                line.startswith(("from ", "import ")) and word in line and "django" not in line
                for line in source.splitlines()
            ):
                found.append(f"{migration.app_label}.{migration.name} uses {word}")
    assert found == []


def test_the_application_may_use_every_table_and_owns_none(app_role) -> None:
    tables = [
        model._meta.db_table
        for label in (*OURS, "account", "mfa", "usersessions", "socialaccount", "sessions")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.managed
    ]
    there = set(connection.introspection.table_names())
    for table in sorted(set(tables) & there):
        rights = app_role.execute(
            "SELECT has_table_privilege(%s, 'SELECT'), has_table_privilege(%s, 'INSERT')", (table, table)
        ).fetchone()
        assert rights == (True, True), table
    owned = app_role.execute("SELECT tablename FROM pg_tables WHERE tableowner = current_user").fetchall()
    assert owned == []
    assert app_role.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone() == (
        False,
        False,
    )
