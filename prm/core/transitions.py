"""State machines as one table per noun.

A table names every arrow once: the action, the states it may start from, and the state it ends in. The action under
lock asks `target`, pages draw their buttons from `actions_from`, and nothing else changes a state. There is no engine:
what an arrow does stands in the action of the same name.
"""

from collections.abc import Iterable, Mapping

from prm.core.refused import Refused


class TransitionRefused(Refused):
    """The thing is in a state from which this action does not start (somebody else was faster, or a stale page)."""

    code = "transition.refused"
    text = "This is no longer possible: the %(noun)s is %(state)s now."


class Transitions:
    """`Transitions("registration", {"approve": (["submitted"], "approved"), …})`."""

    def __init__(self, noun: str, arrows: Mapping[str, tuple[Iterable[str], str]]):
        self.noun = noun
        self.arrows: dict[str, tuple[frozenset[str], str]] = {
            action: (frozenset(map(str, sources)), str(target)) for action, (sources, target) in arrows.items()
        }
        for action, (sources, _target) in self.arrows.items():
            if not sources:
                raise ValueError(f"{noun}: {action} starts nowhere")

    def target(self, state: str, action: str) -> str:
        """The state that `action` leads to. Raises TransitionRefused if it does not start from `state`."""
        if not self.allows(state, action):
            raise TransitionRefused(values={"noun": self.noun, "state": str(state), "action": action})
        return self.arrows[action][1]

    def allows(self, state: str, action: str) -> bool:
        """Whether `action` starts from `state`. An action without a row in the table is a mistake: KeyError."""
        return str(state) in self.arrows[action][0]

    def sources(self, action: str) -> frozenset[str]:
        """The states from which `action` starts, for guarded updates of many rows."""
        return self.arrows[action][0]

    def actions_from(self, state: str) -> tuple[str, ...]:
        """What can be done in `state`, in the order of the table."""
        return tuple(action for action in self.arrows if self.allows(state, action))

    def is_final(self, state: str) -> bool:
        return not self.actions_from(state)

    @property
    def states(self) -> frozenset[str]:
        """Every state the table knows."""
        return frozenset().union(*(sources | {target} for sources, target in self.arrows.values()))
