"""Where the checkout is, and where its state lives: outside of the checkout, keyed by its path.

PostgreSQL refuses to run as root, so as root it runs as another user, who can't enter a checkout below a
private home. State of root therefore lives in ``/var/lib``, that of a person in ``~/.local/state``.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Stop

CHECKOUT = Path(__file__).resolve().parents[2]

# A socket's whole path has to fit into 108 bytes on Linux and 104 on macOS.
LONGEST_SOCKET_PATH = 100
LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


def is_root() -> bool:
    """Whether this process may do everything, and must hand PostgreSQL to somebody else."""
    return os.geteuid() == 0


def home() -> Path:
    """The person's home, also where ``HOME`` is not set."""
    return Path(os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir)


def private_folder(path: Path, mode: int = 0o700) -> Path:
    """Make a folder that is ours alone. A link, or a folder of somebody else, is refused."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise Stop(f"{path} belongs to somebody else. Move it away, then start again.") from None
    path.chmod(mode)
    return path


def key_of(checkout: Path) -> str:
    """Twelve characters that tell two checkouts apart."""
    return hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:12]


def state_root(checkout: Path = CHECKOUT) -> Path:
    """The folder of everything that one checkout keeps: clusters, sockets, logs, files of the demo."""
    name = f"prm-{key_of(checkout)}"
    if is_root():
        # Others may pass through to the folders that are theirs, and list nothing.
        places, mode = [Path("/var/lib"), Path("/var/tmp")], 0o711  # noqa: S108 - refused below if not ours
    else:
        places = [
            Path(os.environ.get("XDG_STATE_HOME") or home() / ".local" / "state"),
            Path(tempfile.gettempdir()),
        ]
        mode = 0o700
    for place in places:
        try:
            return private_folder(place / name, mode)
        except OSError:
            continue
    raise Stop(f"Neither {places[0]} nor {places[1]} can be written; the state of this checkout needs a place.")


@dataclass(frozen=True)
class Place:
    """The folder of one set of processes (the demo, a test run), held by one launcher at a time.

    ``logs``: where each process writes what it has to say.
    """

    folder: Path
    sockets: Path
    logs: Path


def _socket_folder(root: Path, name: str) -> Path:
    """A folder whose path is short and plain enough for sockets and for the addresses that name them."""
    near = root / name / "run"
    fits = len(str(near)) + 1 + len(LONGEST_SOCKET_NAME) < LONGEST_SOCKET_PATH
    if fits and re.fullmatch(r"[A-Za-z0-9/._-]+", str(near)):
        return near
    return Path("/tmp") / f"{root.name}-{os.getuid()}-{name}"  # noqa: S108 - refused if it isn't ours


def _held(folder: Path) -> int | None:
    """Take the folder's lock; None if another launcher has it. It ends with the process, however that ends."""
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


@contextmanager
def held_place(root: Path, name: str, told: str = "") -> Iterator[Place]:
    """A place that stays. Whoever comes second while it is held is told so (``Stop``).

    ``told``: the name of a file in it with a sentence that helps whoever comes second.
    """
    folder = private_folder(root / name, root.stat().st_mode & 0o777)
    handle = _held(folder)
    if handle is None:
        more = (folder / told).read_text() if told and (folder / told).exists() else ""
        raise Stop(f"Another {name} of this checkout is running. {more or 'Stop that one first.'}")
    if told:
        (folder / told).unlink(missing_ok=True)
    try:
        yield Place(folder, _socket_folder(root, name), private_folder(folder / "logs"))
    finally:
        os.close(handle)


@contextmanager
def scratch_place(root: Path, kind: str) -> Iterator[Place]:
    """A place that is removed afterwards, and with it those that killed runs of this kind have left.

    The logs of a run that failed stay until the next one of its kind begins.
    """
    for left in root.glob(f"{kind}-*"):
        handle = _held(left) if left.is_dir() else None
        if handle is not None:
            _remove(root, left.name)
            os.close(handle)
    name = f"{kind}-{os.getpid()}"
    with held_place(root, name) as place:
        try:
            yield place
        except BaseException:
            _empty(place.folder, keep=place.logs)
            raise
        _remove(root, name)


def _empty(folder: Path, keep: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and path != keep:
            shutil.rmtree(path, ignore_errors=True)


def _remove(root: Path, name: str) -> None:
    # Imported late: the supervisor knows places, and ends what a killed launcher left running in this one.
    from launcher.supervisor import end_leftovers

    end_leftovers(root / name)
    for path in (_socket_folder(root, name), root / name):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
