"""What only the system can provide is named at once, in one line, or installed when we are root."""

import subprocess

import pytest

from launcher import system
from launcher.console import Stop
from launcher.places import CHECKOUT


@pytest.fixture
def bare(monkeypatch):
    """A machine with nothing but Python."""
    monkeypatch.setattr(system, "_loads", lambda file: False)
    monkeypatch.setattr(system, "_has_fonts", lambda: False)
    monkeypatch.setattr(system, "find_browser", lambda: "")
    monkeypatch.setattr(system.importlib.util, "find_spec", lambda name: None)


def test_all_that_is_missing_is_found_at_once(bare):
    assert system.missing(environment_exists=False, browser=True).packages == system.EVERYTHING


def test_an_environment_that_exists_needs_nothing_to_make_one(bare):
    assert system.VENV not in system.missing(environment_exists=True, browser=True).packages


def test_the_demo_needs_no_browser(bare):
    assert system.BROWSER not in system.missing(environment_exists=False, browser=False).packages


def test_this_machine_can_render_a_pdf():
    # Or no test of a pack could have run.
    assert system.missing(environment_exists=True, browser=False).packages == ()


def test_a_person_is_told_the_one_line(monkeypatch):
    monkeypatch.setattr(system, "is_root", lambda: False)
    with pytest.raises(Stop) as stopped:
        system.provide(system.Missing(("libpango-1.0-0", "chromium")))
    lines = [line for line in str(stopped.value).splitlines() if "apt-get" in line]
    assert len(lines) == 1
    assert lines[0].endswith("libpango-1.0-0 chromium")


def test_root_gets_it_installed(monkeypatch):
    calls = []

    def run(words, **more):
        calls.append((words[1:], more["env"]["DEBIAN_FRONTEND"]))
        return subprocess.CompletedProcess(words, 0, stdout="")

    monkeypatch.setattr(system, "is_root", lambda: True)
    monkeypatch.setattr(system.shutil, "which", lambda name, path=None: "/usr/bin/apt-get")
    monkeypatch.setattr(system.subprocess, "run", run)
    system.provide(system.Missing(("libpango-1.0-0",)))
    assert [words[0] for words, _ in calls] == ["update", "install"]
    assert calls[1][0][-1] == "libpango-1.0-0"
    assert {frontend for _, frontend in calls} == {"noninteractive"}


def test_root_is_told_when_it_could_not_be_installed(monkeypatch):
    monkeypatch.setattr(system, "is_root", lambda: True)
    monkeypatch.setattr(system.shutil, "which", lambda name, path=None: "/usr/bin/apt-get")
    monkeypatch.setattr(
        system.subprocess, "run", lambda words, **_: subprocess.CompletedProcess(words, 100, stdout="no network")
    )
    with pytest.raises(Stop, match="could not install libpango"):
        system.provide(system.Missing(("libpango-1.0-0",)))


def test_nothing_missing_calls_nobody(monkeypatch):
    monkeypatch.setattr(system.subprocess, "run", None)
    system.provide(system.Missing(()))


@pytest.mark.parametrize("page", ["docs/deployment.md", "README.md"])
def test_the_documented_line_is_the_one_that_is_needed(page):
    text = (CHECKOUT / page).read_text()
    assert f"apt-get install -y --no-install-recommends {' '.join(system.EVERYTHING)}" in text


def test_the_image_has_the_same_libraries():
    text = (CHECKOUT / "Dockerfile").read_text()
    for package in (*system.LIBRARIES, system.FONTS):
        assert package in text.split()
