import pytest

from prm.core.refused import Refused
from prm.core.transitions import TransitionRefused, Transitions

DOOR = Transitions(
    "door", {"open": (["shut"], "open"), "shut": (["open"], "shut"), "break": (["open", "shut"], "gone")}
)


def test_an_arrow_leads_to_its_state():
    assert DOOR.target("shut", "open") == "open"
    assert DOOR.actions_from("open") == ("shut", "break")
    assert DOOR.sources("break") == {"open", "shut"}
    assert DOOR.states == {"open", "shut", "gone"}
    assert DOOR.is_final("gone")
    assert not DOOR.is_final("open")


def test_no_arrow_no_change():
    with pytest.raises(TransitionRefused) as refused:
        DOOR.target("gone", "open")
    assert isinstance(refused.value, Refused)
    assert refused.value.code == "transition.refused"
    assert refused.value.values == {"noun": "door", "state": "gone", "action": "open"}
    assert refused.value.message == "This is no longer possible: the door is gone now."


def test_an_action_that_is_not_in_the_table_is_a_mistake_and_not_an_answer():
    with pytest.raises(KeyError):
        DOOR.target("open", "paint")


def test_an_arrow_must_start_somewhere():
    with pytest.raises(ValueError):
        Transitions("door", {"open": ([], "open")})
