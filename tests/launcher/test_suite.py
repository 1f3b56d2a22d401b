"""``bin/test`` runs everything by default, what was asked for otherwise, and never passes over a skip in silence."""

import pytest

from launcher import suite
from launcher.suite import Results, count_skips, pytest_arguments, skipped

REPORT = """<testsuites><testsuite>
<testcase name="a"><skipped message="no Chromium here"/></testcase>
<testcase name="b"><skipped message="no Chromium here"/></testcase>
<testcase name="c"><skipped/></testcase>
<testcase name="d"/>
</testsuite></testsuites>"""


def test_the_whole_suite_runs_on_two_processes_and_leaves_out_the_long_faults(tmp_path):
    words = pytest_arguments([], tmp_path / "report.xml", faults=False)
    assert words[:4] == ["-n", "2", "--dist", "loadfile"]
    assert words[-2:] == ["-m", "not faults"]


def test_faults_run_too_when_asked_for(tmp_path):
    assert "not faults" not in pytest_arguments([], tmp_path / "report.xml", faults=True)


def test_arguments_are_pytest_s(tmp_path):
    assert pytest_arguments(["tests/deals", "-k", "x"], tmp_path, faults=False) == ["tests/deals", "-k", "x"]


def test_skips_are_counted_by_reason(tmp_path):
    (tmp_path / "report.xml").write_text(REPORT)
    assert skipped(tmp_path / "report.xml") == {"no Chromium here": 2, "no reason given": 1}
    assert skipped(tmp_path / "none.xml") == {}


@pytest.mark.parametrize(("ci", "failed"), [("true", ["3 skipped tests, in CI"]), ("", [])])
def test_a_skip_is_said_loudly_and_fails_in_ci(tmp_path, monkeypatch, capsys, ci, failed):
    monkeypatch.setenv("CI", ci)
    (tmp_path / "report.xml").write_text(REPORT)
    results = Results()
    count_skips(results, skipped(tmp_path / "report.xml"))
    assert "3 TESTS WERE SKIPPED" in capsys.readouterr().out
    assert results.failed == failed


def test_without_skips_nothing_is_said(monkeypatch, capsys):
    monkeypatch.setenv("CI", "true")
    results = Results()
    count_skips(results, skipped(suite.CHECKOUT / "no-report.xml"))
    assert results.rows == []
    assert capsys.readouterr().out == ""
