"""A state folder of its own for each test, where the servers' user can get to when root runs the tests."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.places import Place, is_root, scratch_place
from launcher.supervisor import Supervisor


@pytest.fixture
def root() -> Iterator[Path]:
    """What ``state_root`` gives, in a temporary place. pytest's own folders are closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="prm-", dir="/tmp"))
    folder.chmod(0o711 if is_root() else 0o700)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place(root: Path) -> Iterator[Place]:
    """A place that nobody else holds."""
    with scratch_place(root, "test") as made:
        yield made


@pytest.fixture
def supervisor(place: Place) -> Iterator[Supervisor]:
    """A supervisor whose programs end with the test."""
    with Supervisor(place.folder, place.logs) as made:
        yield made
