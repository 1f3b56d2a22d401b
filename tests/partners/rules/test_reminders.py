from datetime import date, timedelta

import pytest

from partners.rules.reminders import due_reminder

END = date(2026, 3, 31)


@pytest.mark.parametrize(
    ("days_left", "sent", "step"),
    [
        (15, (), None),
        (14, (), 14),
        (13, (), 14),  # the night of day 14 did not run
        (13, (14,), None),
        (7, (14,), 7),
        (7, (), 7),  # only the latest step, never two at once
        (3, (14, 7), None),
        (1, (14, 7), 1),
        (0, (14, 7), 1),
        (0, (14, 7, 1), None),
        (-1, (), None),
        (10, (7,), None),
    ],
)
def test_each_step_once_and_the_latest_only(days_left, sent, step):
    assert due_reminder(END, END - timedelta(days=days_left), (14, 7, 1), sent) == step


def test_no_steps_no_reminder():
    assert due_reminder(END, END, ()) is None
