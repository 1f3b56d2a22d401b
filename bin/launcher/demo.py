"""``bin/demo``: the whole product on this machine, with its demo year; ``--check`` proves that it works."""

import argparse
import base64
import hashlib
import http.client
import os
import secrets
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from launcher import backing, system
from launcher.backing import Backing
from launcher.console import Stop, say, step
from launcher.environment import DEMO, RUN, Environment
from launcher.places import CHECKOUT, Place, held_place, home, scratch_place, state_root
from launcher.supervisor import Child, Interrupted, Supervisor, last_lines, listen

ADDRESS = "127.0.0.1"
FIRST_PORT = 8000
PORTS_TO_TRY = 100
SECONDS_TO_ANSWER = 60
NIGHT = "reporting.run_due_nights"
DEMO_IBAN = "DE89370400440532013000"  # the example that banks print; it belongs to nobody

# What may come in from the person's shell. The rest stays out, so that a mail server or a debug switch that
# happens to be set there does not change what the demo and the tests do.
PASSED_ON = (
    *("PATH", "USER", "LOGNAME", "LANG", "LC_ALL", "TERM", "COLUMNS", "TMPDIR", "NO_COLOR", "FORCE_COLOR"),
    *("CI", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR", "PYTEST_ADDOPTS"),
)
PATHS = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


def base_environment(outside: Mapping[str, str]) -> dict[str, str]:
    """The variables that every program of ours gets."""
    env = {name: outside[name] for name in PASSED_ON if outside.get(name)}
    env.setdefault("LANG", "C.UTF-8")
    path = env.get("PATH", "")
    env["PATH"] = f"{path}:{PATHS}" if path else PATHS
    return env | {"HOME": str(home()), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def celery(python: Path, *words: str) -> list[str]:
    """A command line of the Celery application."""
    return [str(python), "-m", "celery", "-A", "prm.celery", *words]


def commands(python: Path, folder: Path, web_socket: int) -> dict[str, list[str]]:
    """The programs that make up the product, by name, in the order of their start."""
    return {
        "worker": celery(
            python,
            "worker",
            "-Q",
            "default,night",
            "-n",
            "worker@%h",
            "--concurrency",
            "2",
            "--loglevel",
            "INFO",
        ),
        # Rendering holds much memory: a worker of its own, whose child is replaced before it grows.
        "worker-pdf": celery(
            python,
            *("worker", "-Q", "pdf", "-n", "pdf@%h", "--concurrency", "1", "--loglevel", "INFO"),
            *("--max-tasks-per-child", "25", "--max-memory-per-child", "700000", "--time-limit", "300"),
        ),
        "beat": celery(
            python, "beat", "--schedule", str(folder / "beat-schedule"), "--pidfile", "", "--loglevel", "INFO"
        ),
        "web": [
            *(str(python), "-m", "gunicorn", "prm.wsgi:application"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4", "--timeout", "60"),
            *("--graceful-timeout", "10", "--no-control-socket", "--bind", f"fd://{web_socket}"),
        ],
    }


def open_port(wanted: str, first: int = FIRST_PORT) -> socket.socket:
    """A listening socket on ``wanted``, or on the first free port from ``first``.

    We open it and hand it to the web server, so that nobody can take the port between looking and starting.
    """
    if wanted and not (wanted.isascii() and wanted.isdigit() and 0 < int(wanted) < 65536):
        raise Stop(f"PORT must be a number from 1 to 65535, not {wanted!r}.")
    for port in [int(wanted)] if wanted else range(first, first + PORTS_TO_TRY):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            if wanted:
                raise Stop(f"Port {wanted} can't be used: {error.strerror}.") from error
            continue
        return listener
    raise Stop(f"No port from {first} to {first + PORTS_TO_TRY - 1} is free; set PORT.")


@dataclass
class Demo:
    """One running demo."""

    place: Place
    supervisor: Supervisor
    environment: Environment
    env: dict[str, str]
    keep_alive: bool

    def manage(self, title: str, *words: str, shown: bool = False, needed: bool = True) -> int:
        """Run a management command."""
        argv: list[str | Path] = [self.environment.python, "manage.py", *words]
        if shown:
            return self.supervisor.run(words[0], argv, env=self.env, cwd=CHECKOUT, shown=True, needed=needed)
        with step(title):
            return self.supervisor.run(words[0], argv, env=self.env, cwd=CHECKOUT, needed=needed)

    def prepare_data(self) -> None:
        """Everything that has to be there before a program may start."""
        self.manage("tables", "migrate", "--no-input")
        self._collect_static_files()
        self.manage("demo data (the first time up to a minute)", "load_demo")

    def _collect_static_files(self) -> None:
        # Compressing takes seconds, and the files rarely change.
        stamp, now = self.place.folder / "static-files", static_fingerprint(CHECKOUT)
        if not stamp.exists() or stamp.read_text() != now:
            self.manage("static files", "collectstatic", "--no-input", "--verbosity", "0")
            stamp.write_text(now)

    def start_programs(self, listener: socket.socket) -> dict[str, Child]:
        """Start workers, beat and web."""
        programs = commands(self.environment.python, self.place.folder, listener.fileno())
        return {
            name: self.supervisor.start(
                name,
                argv,
                env=self.env,
                cwd=CHECKOUT,
                keep_alive=self.keep_alive,
                pass_fds=(listener.fileno(),) if name == "web" else (),
                patience=30 if name.startswith("worker") else 15,
            )
            for name, argv in programs.items()
        }

    def order_nights(self) -> None:
        """Ask the worker for every night that is due, as beat does each hour, instead of waiting for the hour."""
        with step("nights that are due, asked of the worker"):
            argv = celery(self.environment.python, "call", NIGHT)
            self.supervisor.run("night", argv, env=self.env, cwd=CHECKOUT)

    def await_web(self, web: Child, port: int) -> None:
        """Wait until the sign-in page answers."""
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        status = 0
        while status != http.client.OK:
            if not web.alive:
                raise Stop(f"The web server ended.{last_lines(web.log)}")
            if time.monotonic() > deadline:
                raise Stop(f"The web server did not answer (last status {status}).{last_lines(web.log)}")
            status = answer_of(port)
            time.sleep(0.1)


def static_fingerprint(checkout: Path) -> str:
    """Changes with every static file of ours, and with the packages that bring others."""
    digest = hashlib.sha256((checkout / RUN).read_bytes())
    for path in sorted((checkout / "static").rglob("*")):
        found = path.stat()
        digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def answer_of(port: int, path: str = "/accounts/login/") -> int:
    """The status that a path answers with; 0 if nobody answers."""
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def secret_of(folder: Path) -> str:
    """The demo's secret key: random, made once and kept, so that a restart signs nobody out."""
    return _kept(folder / "secret-key", lambda: secrets.token_urlsafe(64))


def field_key_of(folder: Path) -> str:
    """The key that seals the demo's bank details: made once and kept, or they could not be read after a restart."""
    return _kept(folder / "field-key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(make())
    return file.read_text()


def demo_environment(place: Place, found: Backing, port: int, outside: Mapping[str, str]) -> dict[str, str]:
    """The settings of the demo."""
    return (
        base_environment(outside)
        | found.variables
        | {
            "DJANGO_SETTINGS_MODULE": "prm.settings",
            "PRM_ENV": "demo",
            "PRM_STATE_DIR": str(place.folder / "files"),
            "SECRET_KEY": secret_of(place.folder),
            "PRM_FIELD_KEYS": field_key_of(place.folder),
            "PAYOUT_IBAN": DEMO_IBAN,
            "SITE_URL": f"http://{ADDRESS}:{port}",
        }
    )


def serve(environment: Environment, root: Path) -> None:
    """Run the demo until somebody ends it."""
    with held_place(root, "demo", told="address") as place, Supervisor(place.folder, place.logs) as supervisor:
        listener = open_port(os.environ.get("PORT", ""))
        port = listener.getsockname()[1]
        with step("database and broker"):
            found = backing.start(supervisor, place, environment, root, durable=True)
        say(f"  {found.described}")
        env = demo_environment(place, found, port, os.environ)
        demo = Demo(place, supervisor, environment, env, keep_alive=True)
        demo.prepare_data()
        with step("web, workers and beat"):
            programs = demo.start_programs(listener)
            demo.await_web(programs["web"], port)
        demo.order_nights()
        say()
        demo.manage("", "demo_logins", shown=True)
        (place.folder / "address").write_text(f"It answers at {env['SITE_URL']}/")
        say(f"\n  Open {env['SITE_URL']}/  ·  logs in {place.logs}  ·  Ctrl-C ends everything\n")
        supervisor.watch()


def check(environment: Environment, root: Path) -> None:
    """Prove on fresh data that everything works together, then remove it all. Disturbs no running demo."""
    with scratch_place(root, "check") as place, Supervisor(place.folder, place.logs) as supervisor:
        listener = open_port("", first=FIRST_PORT + PORTS_TO_TRY)
        port = listener.getsockname()[1]
        with step("database and broker"):
            found = backing.start(supervisor, place, environment, root, durable=False)
        say(f"  {found.described}")
        env = demo_environment(place, found, port, os.environ)
        with scratch_database(supervisor, environment, env, wanted=found.given_database) as database:
            demo = Demo(place, supervisor, environment, env | database, keep_alive=False)
            demo.prepare_data()
            with step("web, workers and beat"):
                programs = demo.start_programs(listener)
                demo.await_web(programs["web"], port)
            demo.order_nights()
            status = demo.manage("", "demo_check", "--base-url", env["SITE_URL"], shown=True, needed=False)
            if status:
                logs = "".join(f"\n  {name}:{last_lines(child.log)}" for name, child in programs.items())
                raise Stop(f"bin/demo --check failed, see above. The last lines of the logs:{logs}")
            for child in programs.values():
                if not child.alive:
                    raise Stop(f"{child.name} ended during the check.{last_lines(child.log)}")
    say("bin/demo --check: everything works together")


class scratch_database:  # noqa: N801 - reads as what it is, a context
    """A database of our own on a server that was given to us, dropped afterwards.

    On a server that we started ourselves (``wanted`` is false) the database is ours already.
    """

    def __init__(
        self, supervisor: Supervisor, environment: Environment, env: Mapping[str, str], *, wanted: bool
    ) -> None:
        self.supervisor, self.environment, self.env, self.wanted = supervisor, environment, dict(env), wanted
        self.name = f"prm_check_{os.getpid()}"

    def _run(self, verb: str) -> None:
        program = Path(__file__).with_name("scratch_database.py")
        argv: list[str | Path] = [self.environment.python, program, verb, self.name]
        self.supervisor.run(f"{verb} database", argv, env=self.env, cwd=CHECKOUT)

    def __enter__(self) -> dict[str, str]:
        if not self.wanted:
            return {}
        self._run("create")
        return {name: with_database(self.env[name], self.name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}

    def __exit__(self, *error: object) -> None:
        if self.wanted:
            # The programs hold connections, and we may be here because somebody interrupts us.
            while self.supervisor.children and self.supervisor.children[-1].name != "valkey":
                self.supervisor.children.pop().end()
            self._run("drop")


def with_database(url: str, name: str) -> str:
    """The same address with another database."""
    head, mark, query = url.partition("?")
    scheme, _, rest = head.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{name}{mark}{query}"


def reset(root: Path) -> None:
    """Throw the demo's data away."""
    with held_place(root, "demo") as place:
        place.folder.rename(root / f"thrown-{os.getpid()}")
    # A place that nobody holds is removed by whoever makes the next of its kind.
    with scratch_place(root, "thrown"):
        pass
    say("The demo's data is gone; bin/demo makes it anew.")


def prepare(files: tuple[str, ...] = (RUN,), *, browser: bool = False) -> Environment:
    """The machine's libraries and the environment."""
    environment = Environment(state=state_root())
    system.provide(system.missing(environment_exists=environment.usable, browser=browser))
    given = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    environment.prepare(files, optional="" if given else DEMO)
    return environment


def main(arguments: Sequence[str]) -> int:
    """Run ``bin/demo`` and return its exit status."""
    parser = argparse.ArgumentParser(prog="bin/demo", description="Run the product with its demo year.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true", help="prove that everything works together, and exit")
    what.add_argument("--reset", action="store_true", help="throw the demo's data away, and exit")
    chosen = parser.parse_args(arguments)
    try:
        listen()
        root = state_root()
        if chosen.reset:
            reset(root)
            return 0
        environment = prepare()
        (check if chosen.check else serve)(environment, root)
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    except Interrupted as interrupted:
        say("  ended; nothing is left running")
        return 128 + interrupted.number
    return 0
