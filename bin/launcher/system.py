"""Libraries and programs that only the operating system's package manager can provide.

What is missing is found first, all of it, within a second. Root gets it installed; anybody else is told the
one line to run.
"""

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Stop, say, step
from launcher.places import home, is_root

# Debian's package, and the file that WeasyPrint loads from it.
LIBRARIES = {
    "libpango-1.0-0": "libpango-1.0.so.0",
    "libpangoft2-1.0-0": "libpangoft2-1.0.so.0",
    "libharfbuzz-subset0": "libharfbuzz-subset.so.0",
}
FONTS = "fonts-dejavu-core"
VENV = "python3-venv"
BROWSER = "chromium"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
EVERYTHING = (VENV, *LIBRARIES, FONTS, BROWSER)


@dataclass(frozen=True)
class Missing:
    """Debian's names of what this machine lacks."""

    packages: tuple[str, ...]

    @property
    def line(self) -> str:
        """The one line that a person with the right to do so has to run."""
        if sys.platform == "darwin":
            return "brew install pango && brew install --cask chromium"
        names = " ".join(self.packages)
        return f"sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}"


def _loads(file: str) -> bool:
    """Whether the dynamic linker finds a library, which is what WeasyPrint asks too."""
    if sys.platform == "darwin":
        name = file.removesuffix(".0").removesuffix(".so") + ".0.dylib"
        return any(Path(base, name).exists() for base in ("/opt/homebrew/lib", "/usr/local/lib"))
    try:
        ctypes.CDLL(file)
    except OSError:
        return False
    return True


def _has_fonts() -> bool:
    places = [
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        home() / ".fonts",
        home() / ".local/share/fonts",
    ]
    return any(next(place.rglob("*.[ot]t[fc]"), None) for place in places if place.is_dir())


def find_browser() -> str:
    """The path of a Chromium to drive; "" if there is none."""
    for name in BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    return next((path for path in MAC_BROWSERS if Path(path).exists()), "")


def missing(*, environment_exists: bool, browser: bool) -> Missing:
    """What this machine lacks. ``browser``: whether one is wanted."""
    packages = []
    # Debian splits off what makes environments; one that exists already needs it no more.
    if not environment_exists and not importlib.util.find_spec("ensurepip"):
        packages.append(VENV)
    packages += [package for package, file in LIBRARIES.items() if not _loads(file)]
    if not _has_fonts():
        packages.append(FONTS)
    if browser and not find_browser():
        packages.append(BROWSER)
    return Missing(tuple(packages))


def provide(lacking: Missing) -> None:
    """Install what is missing when we are root, else stop with the line that does it."""
    if not lacking.packages:
        return
    apt = shutil.which("apt-get", path=os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin:/sbin")
    if not is_root() or apt is None:
        raise Stop(
            f"This machine lacks {_listed(lacking.packages)}. Run this line once, then start again:\n\n"
            f"    {lacking.line}\n" + ("" if apt else "\n(Those are Debian's names; other systems have their own.)\n")
        )
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    log = []
    with step(f"installing {_listed(lacking.packages)}"):
        for words in (
            ["update", "-q"],
            ["install", "-y", "-q", "--no-install-recommends", *lacking.packages],
        ):
            done = subprocess.run(
                [apt, *words],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            log.append(done.stdout)
    # A failed update of one source is no harm if the packages came.
    if done.returncode:
        say("\n".join("".join(log).splitlines()[-20:]))
        raise Stop(f"apt-get could not install {_listed(lacking.packages)}; its last lines are above.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
