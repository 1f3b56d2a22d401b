"""Money is a Decimal from end to end (M1), rounded in one place (M3), and typed in plain digits only (M5)."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.db import DatabaseError, models, transaction

from deals.forms.money import MoneyForm, PlainDecimalField
from tests.deals.earning import plan, plans, won
from tests.deals.money.tampering import unguarded
from tests.world import World

ROOT = Path(__file__).resolve().parents[3]
# Where money is computed, kept, asked for or read. Charts and pages of paper measure in points, not in money.
MODULES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("deals/rules", "deals/actions", "deals/queries", "deals/models", "deals/forms", "partners/rules",
                   "prm/core/money.py", "prm/core/bank_files.py")
    for path in ([ROOT / folder] if folder.endswith(".py") else (ROOT / folder).glob("*.py"))
)  # fmt: skip
# A float is refused by name, sleeps, or measures likeness and seconds.
NO_MONEY = {
    "prm/core/money.py": "refuses floats",
    "partners/rules/term_reader.py": "refuses floats",
    "deals/actions/contention.py": "spreads two rivals",
    "deals/queries/conflicts.py": "likeness of names",
    "deals/queries/reconciliation.py": "seconds that a proof took",
}


def floats(tree: ast.AST) -> list[str]:
    """Where a module has floats, or rounds without the one function that rounds money."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"{node.lineno}: {node.value}")
        if isinstance(node, ast.Name) and node.id == "float":
            found.append(f"{node.lineno}: float")
        if isinstance(node, ast.Attribute) and node.attr in {"FloatField", "quantize"}:
            found.append(f"{node.lineno}: {node.attr}")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
            found.append(f"{node.lineno}: round")
    return found


@pytest.mark.parametrize("module", [each for each in MODULES if each not in NO_MONEY])
def test_no_float_comes_near_money(module: str) -> None:
    assert floats(ast.parse((ROOT / module).read_text())) == []


@pytest.mark.parametrize("module", sorted(NO_MONEY))
def test_every_exception_is_one(module: str) -> None:
    assert floats(ast.parse((ROOT / module).read_text()))


@pytest.mark.parametrize("code", ["x = 0.1", "float(x)", "round(x, 2)", "x.quantize(y)", "models.FloatField()"])
def test_a_float_is_seen(code: str) -> None:
    assert len(floats(ast.parse(code))) == 1


def test_amounts_are_kept_with_four_decimals() -> None:
    found = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_app_config("deals").get_models()
        for field in model._meta.concrete_fields
        if "amount" in field.name and not field.name.endswith("_id")
        and not (isinstance(field, models.DecimalField) and (field.max_digits, field.decimal_places) == (18, 4))
    ]  # fmt: skip
    assert found == []


# --- What people type -------------------------------------------------------------------------------------------------

EVIL = ["1e3", "1E3", "１２３", "٣٤", "NaN", "nan", "Infinity", "-inf", "1_000", "0x10", "1,000,000", "1 000", "१०"]


def money_forms() -> Iterator[type[forms.Form]]:
    """Every form of deals."""
    for path in sorted((ROOT / "deals/forms").glob("*.py")):
        module = importlib.import_module(f"deals.forms.{path.stem}".removesuffix(".__init__"))
        for _name, each in inspect.getmembers(module, inspect.isclass):
            if issubclass(each, forms.Form) and each.__module__ == module.__name__:
                yield each


def test_no_form_of_deals_reads_numbers_as_django_does() -> None:
    """``DecimalField`` and ``FloatField`` take 1e3 and digits of other scripts."""
    found = [
        f"{form.__name__}.{name}"
        for form in money_forms()
        for name, field in form.base_fields.items()
        if isinstance(field, forms.FloatField)
        or (isinstance(field, forms.DecimalField) and not isinstance(field, PlainDecimalField))
    ]
    assert found == []
    assert len(list(money_forms())) > 20


@pytest.mark.parametrize("typed", EVIL)
def test_a_number_is_plain_digits(typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        PlainDecimalField().clean(typed)


@pytest.mark.parametrize(("typed", "number"), [("12.5", "12.5"), (" 7 ", "7"), ("0,25", "0.25"), ("-3", "-3")])
def test_plain_digits_are_read(typed: str, number: str) -> None:
    assert PlainDecimalField().clean(typed) == Decimal(number)


class AmountForm(MoneyForm):
    """The least form with an amount."""

    amount = forms.CharField()
    currency = forms.CharField()


@pytest.mark.parametrize("typed", [*EVIL, "-1", "1.234", "99999999999999"])
def test_an_amount_is_plain_digits_of_its_currency(typed: str) -> None:
    assert "amount" in AmountForm({"amount": typed, "currency": "EUR"}).errors


@pytest.mark.parametrize("typed", ["NaN", "Infinity", "-Infinity", "1e12", "-1e12"])
@pytest.mark.parametrize(("table", "column"), [("deals_commission", "amount"), ("deals_ledgerentry", "amount")])
def test_the_database_keeps_amounts_in_range_on_both_sides(world: World, table: str, column: str, typed: str) -> None:
    """NaN is greater than everything in PostgreSQL: only a check with two sides refuses it."""
    plans(plan("first_year"))
    won(world)
    with unguarded() as run, pytest.raises(DatabaseError), transaction.atomic():
        run(f"UPDATE {table} SET {column} = '{typed}'::numeric")
