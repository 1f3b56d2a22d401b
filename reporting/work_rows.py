"""How each kind of waiting work looks in the inbox, and what can be decided from its row.

The apps below open work items without knowing that there is a Today page. This table says, per kind, which facts a
row shows (one statement for all rows of a kind), which decisions it offers at which address, and which action a bulk
decision calls. A kind that is not in the table still shows its title, its clock and the way to its page.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prm.core.actors import Actor
from prm.core.models import WorkItem
from prm.core.refs import Ref, kind_of, url_for


@dataclass(frozen=True)
class Decision:
    """One thing that may be decided. ``key`` is its key on the keyboard.

    ``at_once`` decisions need no words: the row carries them out through the kind's ``approve``. The others open the
    form at ``url_name``, which takes the thing's code.
    """

    key: str
    label: str | Promise
    permission: str
    url_name: str = ""
    at_once: bool = False
    tone: str = ""


@dataclass(frozen=True)
class Facts:
    """What a row says about its thing: a quiet line, words with a colour, and what speaks against one click."""

    detail: str = ""
    badges: tuple[tuple[str, str], ...] = ()
    blocked: str = ""
    version: int | None = None


@dataclass(frozen=True)
class WorkKind:
    """What Today knows about a kind of work. ``group`` is the filter chip it belongs to.

    ``approve`` carries the first decision out for the thing of this code, from a row or in bulk; whatever speaks
    against it is raised as a Refused.
    """

    kind: str
    label: str | Promise
    group: str
    facts: Callable[[Sequence[WorkItem], Actor], Mapping[str, Facts]] | None = None
    decisions: tuple[Decision, ...] = ()
    approve: Callable[[str, Actor, datetime], None] | None = None
    approve_permission: str = ""


@dataclass(frozen=True)
class Button:
    """A decision with its address, for a template."""

    key: str
    label: str
    url: str
    at_once: bool
    tone: str


@dataclass(frozen=True)
class Row:
    """One line of the inbox."""

    item: WorkItem
    label: str
    detail: str
    badges: tuple[tuple[str, str], ...]
    url: str
    buttons: tuple[Button, ...]
    blocked: str
    version: int | None
    can_bulk: bool

    @property
    def about(self) -> object | None:
        """The partner that the work concerns, if any."""
        return getattr(self.item.about, "partner", None) if self.item.about_id else None


@dataclass(frozen=True)
class Group:
    """A filter chip: ``kinds`` are the work it gathers, none for "everything else"."""

    code: str
    label: str | Promise
    kinds: tuple[str, ...] = field(default_factory=tuple)


APPROVE = "manage:reporting:work_approve"
OTHER = Group("other", gettext_lazy("Other"))
_KINDS: dict[str, WorkKind] = {}
_GROUPS: dict[str, Group] = {}


def register_group(code: str, label: str | Promise) -> None:
    """Make a filter chip known; chips keep the order in which they were registered."""
    _GROUPS[code] = Group(code, label)


def register_work(kind: WorkKind) -> None:
    """Say how a kind of work looks in the inbox; a second registration replaces the first."""
    _KINDS[kind.kind] = kind


def work_kind(kind: str) -> WorkKind | None:
    """What is known about a kind, if anything."""
    return _KINDS.get(kind)


def groups() -> list[Group]:
    """All filter chips with their kinds; the last one gathers what has none."""
    members: dict[str, list[str]] = defaultdict(list)
    for each in _KINDS.values():
        members[each.group].append(each.kind)
    return [Group(g.code, g.label, tuple(members[g.code])) for g in _GROUPS.values()] + [OTHER]


def build_rows(items: Iterable[WorkItem], actor: Actor, *, with_facts: bool = True) -> list[Row]:
    """Rows for the template, in the given order; one statement for each kind, none without the facts."""
    waiting = list(items)
    alike: dict[str, list[WorkItem]] = defaultdict(list)
    for item in waiting:
        alike[item.kind].append(item)
    known: dict[str, Mapping[str, Facts]] = {}
    for name, wanted in alike.items():
        kind = _KINDS.get(name)
        if with_facts and kind and kind.facts:
            known[name] = kind.facts(wanted, actor)
    return [_row(item, known.get(item.kind, {}).get(item.ref_code, Facts()), actor) for item in waiting]


def _row(item: WorkItem, facts: Facts, actor: Actor) -> Row:
    kind = _KINDS.get(item.kind)
    badges = [*_standing_badges(item), *facts.badges]
    return Row(
        item=item,
        label=str(kind.label) if kind else _kind_label(item),
        detail=facts.detail or item.title,
        badges=tuple(badges),
        url=_page(item, actor),
        buttons=tuple(b for d in (kind.decisions if kind else ()) if (b := _button(d, item, actor, facts)) is not None),
        blocked=facts.blocked,
        version=facts.version,
        can_bulk=bool(kind and kind.approve and actor.can(kind.approve_permission)),
    )


def _kind_label(item: WorkItem) -> str:
    known = kind_of(Ref(item.ref_kind, item.ref_code))
    return str(known.label) if known else str(_("Task"))


def _standing_badges(item: WorkItem) -> list[tuple[str, str]]:
    badges = []
    if item.breached_at:
        badges.append((str(_("Escalated")), "red"))
    if item.priority > 0:
        badges.append((str(_("Priority")), "blue"))
    if item.steps > 1:
        badges.append((str(_("Step %(step)s of %(steps)s") % {"step": item.step, "steps": item.steps}), "grey"))
    return badges


def _page(item: WorkItem, actor: Actor) -> str:
    try:
        return url_for(Ref(item.ref_kind, item.ref_code), actor.audience)
    except NoReverseMatch:
        return ""


def _button(decision: Decision, item: WorkItem, actor: Actor, facts: Facts) -> Button | None:
    if not actor.can(decision.permission):
        return None
    at_once = decision.at_once and not facts.blocked and item.paused_at is None
    if at_once:
        return Button(decision.key, str(decision.label), reverse(APPROVE, args=[item.code]), True, decision.tone)
    try:
        url = reverse(decision.url_name, args=[item.ref_code]) if decision.url_name else ""
    except NoReverseMatch:
        return None
    return Button(decision.key, str(decision.label), url, False, decision.tone) if url else None
