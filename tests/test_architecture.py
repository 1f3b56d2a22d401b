"""The shape of the house, read from its source: who may use whom, and where the clock is read.

See docs/architecture.md. Each rule also has a planted offender at the end, so that a rule that sees nothing fails.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

ROOT = Path(settings.BASE_DIR)
# Low to high: each may use what stands before it.
APPS = [
    "prm.core",
    "partners",
    "training",
    "deals",
    "marketing",
    "reporting",
    "prm.integrations",
    "prm.api",
    "prm.demo",
]
# Inside an app, high to low: each may use what stands after it.
LAYERS = [
    ["urls"],
    ["views", "api", "tasks", "admin", "management"],
    ["forms", "documents", "filters"],
    ["actions"],
    ["queries"],
    ["models"],
    ["rules"],
    ["choices"],
]
# Modules of an app that belong to no layer: wiring that Django or the outbox calls, read with the layer they act in.
WIRING = {"apps", "migrations", "handlers"}
# What rules may use beside the standard library, their own app's rules and choices.
PURE_CORE = {"business_time", "explain", "money", "transitions", "codes", "refused"}
# Modules where a person, a job or a library meets the product: here, and only here, the clock is read.
EDGES = re.compile(
    r"(^|/)(views|api|management|tasks\.py|middleware\.py|accounts\.py|tests|bench|templatetags)(/|$)|tasks\.py$"
    r"|^prm/(celery|environment|settings|wsgi)\.py$|^prm/demo/|/lists\.py$|/cells\.py$|^bin/"
)
# Stop-watches, not dates: against hostile files, and against a broker that hangs.
MEASURES_TIME = {"prm/core/actions/outbox.py", "prm/core/file_checks.py"}


def sources(*, tests: bool = False) -> list[Path]:
    """Every Python file of the product."""
    tops = ["prm", "partners", "training", "deals", "marketing", "reporting"] + (["tests"] if tests else [])
    return sorted(
        path for top in tops for path in (ROOT / top).rglob("*.py") if "migrations" not in path.relative_to(ROOT).parts
    )


def name_of(path: Path) -> str:
    """The dotted module of a file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def app_of(module: str) -> str:
    """The app a module belongs to; empty for prm/settings.py and its like."""
    return next((app for app in APPS if module == app or module.startswith(f"{app}.")), "")


def layer_of(module: str) -> int | None:
    """How high a module stands inside its app; ``None`` when it is wiring or a mechanism of core."""
    rest = module.removeprefix(app_of(module)).lstrip(".").split(".")[0]
    return next((height for height, names in enumerate(LAYERS) if rest in names), None)


def imports_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every module imported anywhere in a file, with its line; ``from a import b`` counts as ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def upward(module: str, tree: ast.AST) -> list[str]:
    """Imports of an app that stands higher."""
    own = app_of(module)
    if not own:
        return []
    return [
        f"{module}:{line} imports {used}"
        for used, line in imports_of(tree)
        if app_of(used) and APPS.index(app_of(used)) > APPS.index(own)
    ]


# Imports up the layers of one app, each with its reason.
REVIEWED_IMPORTS: dict[str, str] = {
    "prm.core.actions.outbox imports prm.core.tasks": "wakes a worker; the schedule asks again if that fails",
    "reporting.actions.packs imports reporting.documents": "ordering and writing a pack are one action",
    "deals.actions.statements imports deals.documents": "ordering and writing a statement are one action",
}


def wrong_way_inside(module: str, tree: ast.AST) -> list[str]:
    """Imports of a higher layer of the same app."""
    own, height = app_of(module), layer_of(module)
    if height is None:
        return []
    found = []
    for used, line in imports_of(tree):
        other = layer_of(used) if app_of(used) == own else None
        known = any(f"{module} imports {used}".startswith(each) for each in REVIEWED_IMPORTS)
        if other is not None and other < height and not known:
            found.append(f"{module}:{line} imports {used}")
    return found


def relative(module: str, tree: ast.AST) -> list[str]:
    """Relative imports."""
    return [
        f"{module}:{node.lineno} imports relatively"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]


STRING = re.compile(r"^(?:prm\.)?[a-z_]+(?:\.[A-Za-z_]\w*)+$")


def upward_strings(module: str, tree: ast.AST) -> list[str]:
    """Strings that name a module or model of a higher app: foreign keys, import strings, task names in code."""
    own = app_of(module)
    if not own:
        return []
    labels = {app.rpartition(".")[2]: app for app in APPS}
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str) and STRING.match(node.value)):
            continue
        first, _dot, rest = node.value.removeprefix("prm.").partition(".")
        other = labels.get(first)
        is_code = bool(other) and (rest[:1].isupper() or _exists(node.value))
        if is_code and APPS.index(labels[first]) > APPS.index(own):
            found.append(f"{module}:{node.lineno} names {node.value!r}")
    return found


def _exists(dotted: str) -> bool:
    path = ROOT / Path(*dotted.split("."))
    return path.with_suffix(".py").exists() or path.is_dir() or path.parent.with_suffix(".py").exists()


def impure(module: str, tree: ast.AST) -> list[str]:
    """What a rule must not touch: the ORM, settings, the clock, chance, files, other layers."""
    if ".rules" not in module:
        return []
    own = app_of(module)
    found = []
    for used, line in imports_of(tree):
        top = used.split(".")[0]
        inside = used.startswith((f"{own}.rules", f"{own}.choices"))
        core = used.startswith("prm.core.") and used.split(".")[2] in PURE_CORE
        lower_rules = bool(app_of(used)) and (".rules" in used or ".choices" in used)
        standard = top in STANDARD and top not in {"random", "secrets", "os", "io", "pathlib", "time", "socket", "uuid"}
        library = top in {"rapidfuzz", "tldextract", "holidays", "idna"} or used.startswith("django.utils.translation")
        if not (inside or core or lower_rules or standard or library):
            found.append(f"{module}:{line} imports {used}")
    return found


STANDARD = set(__import__("sys").stdlib_module_names)


def clocks(path: str, tree: ast.AST) -> list[str]:
    """Where the moment is read instead of being handed in."""
    if EDGES.search(path):
        return []
    found = []
    handed_in = {each.arg for each in ast.walk(tree) if isinstance(each, ast.arg)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            tail = ".".join(called.split(".")[-2:])
            bad = tail in {"timezone.now", "datetime.now", "datetime.utcnow", "date.today", "datetime.today"}
            bad = bad or called in {"now", "Now", "functions.Now", "CurrentTimestamp"} - handed_in
            bad = bad or (tail in {"time.time", "time.monotonic"} and path not in MEASURES_TIME)
            if bad:
                found.append(f"{path}:{node.lineno} calls {called}()")
            for keyword in node.keywords:
                is_auto = keyword.arg in {"auto_now", "auto_now_add"}
                is_default = keyword.arg in {"default", "db_default"} and re.search(
                    r"\b(now|Now|utcnow|today)\b", ast.unparse(keyword.value)
                )
                if is_auto or is_default:
                    found.append(f"{path}:{node.lineno} has {keyword.arg}={ast.unparse(keyword.value)}")
    return found


def unscoped(path: str, tree: ast.AST) -> list[str]:
    """In views and API: ``Model.objects`` that does not go through ``visible_to`` at once."""
    if not re.search(r"(^|/)(views|api)(/|\.py$)", path):
        return []
    good = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "visible_to"}
    return [
        f"{path}:{node.lineno} uses {ast.unparse(node)} without visible_to"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_base_manager", "_default_manager"}
        and ast.unparse(node.value).rpartition(".")[2][:1].isupper()
        and id(node) not in good
        and f"{path}:{ast.unparse(node)}" not in UNSCOPED
    ]


# Reads in views that no partner's rows can come out of, each with its reason.
UNSCOPED: dict[str, str] = {
    "prm/core/views/public.py:Organization.objects": "the vendor's own colour, shown to everyone",
    "training/views/manage.py:Certificate.objects": "narrows a list that is the reader's already",
    "partners/views/manage/companies.py:Tier.objects": "tiers are the program's, not a partner's",
}


def writes_in_views(path: str, tree: ast.AST) -> list[str]:
    """Views translate; they don't save."""
    if not re.search(r"(^|/)(views|api)(/|\.py$)", path):
        return []
    verbs = {"save", "create", "bulk_create", "bulk_update", "update_or_create", "get_or_create", "delete", "update"}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in verbs:
            target = ast.unparse(node.func.value)
            is_row_set = "objects" in target or "visible_to" in target
            if node.func.attr in {"update", "delete", "create"} and not is_row_set:
                continue  # a dict, a session, a cookie
            if node.func.attr == "save" and "session" in target:
                continue
            found.append(f"{path}:{node.lineno} calls {ast.unparse(node.func)}()")
    return found


def orm_from_request(path: str, tree: ast.AST) -> list[str]:
    """``**request.GET`` into a query: the reader would choose the lookups."""
    return [
        f"{path}:{node.lineno} unpacks {ast.unparse(keyword.value)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg is None and re.search(r"\brequest\.(GET|POST|data|query_params)", ast.unparse(keyword.value))
    ]


# Where ready-made HTML is declared safe, each with its reason.
SAFE_HTML: dict[str, str] = {
    "prm/core/cells.py": "a cell drawn by a template of ours, which escapes",
    "reporting/documents/qbr_sheet.py": "a chart as SVG, made by our renderer from numbers and escaped labels",
}
UNSAFE = re.compile(r"\bmark_safe\s*\(|\bSafeString\s*\((?!\s*[\"'])|\|\s*safe\b|\{%\s*autoescape\s+off|\bsafeseq\b")


def trusting(path: str, text: str) -> list[str]:
    """Unreviewed places that declare a text to be HTML."""
    is_text_mail = path.endswith(".txt")
    return [
        f"{path}:{number} {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if UNSAFE.search(line) and not is_text_mail and path not in SAFE_HTML
    ]


def each(check, *, by_path: bool = False) -> list[str]:
    """A check over every source file."""
    found = []
    for path in sources():
        tree = ast.parse(path.read_text())
        found += check(path.relative_to(ROOT).as_posix() if by_path else name_of(path), tree)
    return found


def test_no_app_imports_one_above_it() -> None:
    assert each(upward) == []


def test_no_app_names_one_above_it_in_a_string() -> None:
    assert each(upward_strings) == []


def test_no_foreign_key_points_up() -> None:
    labels = {app.rpartition(".")[2]: number for number, app in enumerate(APPS)}
    found = [
        f"{model._meta.label}.{each.name} → {each.related_model._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in labels
        for each in model._meta.get_fields()
        if isinstance(each, models.ForeignKey | models.ManyToManyField)
        and labels.get(each.related_model._meta.app_label, -1) > labels[model._meta.app_label]
    ]
    assert found == []


def test_inside_an_app_imports_go_one_way() -> None:
    assert each(wrong_way_inside) == []


def test_imports_are_absolute() -> None:
    assert each(relative) == []


def test_rules_are_pure() -> None:
    assert each(impure) == []


def test_the_clock_is_read_at_the_edges_only() -> None:
    assert each(clocks, by_path=True) == []


def test_no_model_sets_its_own_moments() -> None:
    ours = [model for model in apps.get_models() if f"{model.__module__}.".startswith(tuple(f"{app}." for app in APPS))]
    found = [
        f"{model._meta.label}.{each.name}"
        for model in ours
        for each in model._meta.concrete_fields
        if isinstance(each, models.DateField) and (each.auto_now or each.auto_now_add or each.has_default())
    ]
    assert found == []


def test_views_reach_rows_through_visible_to_only() -> None:
    assert each(unscoped, by_path=True) == []


def test_views_do_not_write() -> None:
    assert each(writes_in_views, by_path=True) == []


def test_no_query_is_made_of_a_request() -> None:
    assert each(orm_from_request, by_path=True) == []


def test_no_text_is_declared_safe_unreviewed() -> None:
    found = []
    for path in [*sources(), *sorted((ROOT / "templates").rglob("*.*"))]:
        found += trusting(path.relative_to(ROOT).as_posix(), path.read_text())
    assert found == []


def test_no_model_is_deleted_with_its_neighbour_by_accident() -> None:
    """PROTECT by default: what may go with its owner is a reviewed list."""
    allowed = {
        "core.NoticePreference.membership",
        "core.OutboxDelivery.event",
    }
    found = {
        f"{model._meta.label}.{each.name}"
        for model in apps.get_models()
        if f"{model.__module__}.".startswith(tuple(f"{app}." for app in APPS))
        for each in model._meta.concrete_fields
        if isinstance(each, models.ForeignKey)
        and each.remote_field.on_delete is models.CASCADE
        and not each.remote_field.parent_link
    }
    own_parts = {name for name in found if _is_part_of_its_owner(name)}
    assert found - allowed - own_parts == set()


def _is_part_of_its_owner(name: str) -> bool:
    """A row without a life of its own inside one app: its model says so by having no code."""
    label, _dot, field = name.rpartition(".")
    model = apps.get_model(label)
    owner = model._meta.get_field(field).related_model
    has_code = any(each.name == "code" for each in model._meta.concrete_fields)
    return owner._meta.app_label == model._meta.app_label != "core" and not has_code


def test_words_that_say_nothing_name_no_file() -> None:
    vague = {"utils", "helpers", "common", "misc", "services"}
    assert [name_of(path) for path in sources() if vague & set(name_of(path).split("."))] == []


# --- each rule sees what it is for -----------------------------------------------------------------

OFFENDERS = [
    (upward, "partners.actions.a", "from deals.models import Deal"),
    (upward, "prm.core.a", "def f():\n    import reporting.facts"),
    (upward_strings, "partners.models.a", "models.ForeignKey('deals.Registration')"),
    (upward_strings, "prm.core.a", "import_string('reporting.queries')"),
    (wrong_way_inside, "deals.rules.a", "from deals.models import Registration"),
    (wrong_way_inside, "deals.models.a", "from deals.actions import registrations"),
    (wrong_way_inside, "deals.queries.a", "from deals.views import portal"),
    (relative, "deals.a", "from .models import Registration"),
    (impure, "deals.rules.a", "from django.db import models"),
    (impure, "deals.rules.a", "import random"),
    (impure, "deals.rules.a", "from prm.core.models import User"),
    (clocks, "deals/actions/a.py", "x = timezone.now()"),
    (clocks, "deals/rules/a.py", "x = datetime.now(UTC)"),
    (clocks, "deals/rules/a.py", "x = date.today()"),
    (clocks, "deals/models/a.py", "x = models.DateTimeField(auto_now_add=True)"),
    (clocks, "deals/models/a.py", "x = models.DateTimeField(default=timezone.now)"),
    (clocks, "deals/queries/a.py", "x = Deal.objects.filter(at__lt=Now())"),
    (unscoped, "deals/views/portal.py", "x = get_object_or_404(Deal, pk=1); y = Deal.objects.get(pk=1)"),
    (unscoped, "deals/views/portal.py", "x = Deal.objects.filter(a=1).visible_to(actor)"),
    (writes_in_views, "deals/views/portal.py", "form.save()"),
    (writes_in_views, "deals/views/portal.py", "Deal.objects.visible_to(actor).update(a=1)"),
    (orm_from_request, "deals/views/portal.py", "qs.filter(**request.GET.dict())"),
]


@pytest.mark.parametrize(("check", "where", "code"), OFFENDERS, ids=lambda value: getattr(value, "__name__", None))
def test_an_offender_is_seen(check, where: str, code: str) -> None:
    assert check(where, ast.parse(code))


@pytest.mark.parametrize(
    "text", ["mark_safe(x)", "{{ name|safe }}", "{% autoescape off %}", "SafeString(value)", "{{ a | safe }}"]
)
def test_a_trusting_line_is_seen(text: str) -> None:
    assert trusting("templates/x.html", text)


@pytest.mark.parametrize(
    ("check", "where", "code"),
    [
        (upward, "deals.actions.a", "from partners.models import Partner"),
        (wrong_way_inside, "deals.actions.a", "from deals.models import Registration"),
        (impure, "deals.rules.a", "from decimal import Decimal\nfrom prm.core.money import Money"),
        (clocks, "deals/views/a.py", "x = timezone.now()"),
        (unscoped, "deals/views/portal.py", "x = Deal.objects.visible_to(request.actor)"),
        (upward_strings, "prm.core.a", "x = 'deals.registration_view'"),
    ],
)
def test_what_is_allowed_is_left_alone(check, where: str, code: str) -> None:
    assert check(where, ast.parse(code)) == []
