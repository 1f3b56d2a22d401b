"""Changing plans: as a draft of the program's next version, never in the one that is in force.

A draft is a copy of a version with one plan changed, added or left out; changing a draft writes a new one and throws
the old one away. Drafting needs the right to edit plans (directors and up, operations) and has no effect on anything.
Publishing puts a whole program version in force, so it needs the right to publish program versions as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from partners.actions import programs
from partners.models import ProgramVersion
from partners.rules.blueprint import Problem, Program, ProgramInconsistent, read_program
from partners.rules.incentive_terms import PlanTerm
from partners.rules.term_reader import TermsError
from prm.core.actors import Actor
from prm.core.refused import Refused

RIGHT = "deals.plan_edit"
PUBLISHING = (RIGHT, "partners.program_edit")


class PlanRefused(Refused):
    """The plan can't be changed like that. ``problems`` say where and why, with paths inside the plan."""

    code = "deals.plan.refused"
    text = _("This plan can’t be used.")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Each with its place inside the plan ("rate_percent", "scope.tiers[0]"), or "" for the whole program."""
        return tuple(self.values.get("problems", ()))


def with_plan(program: Program, plan: PlanTerm, code: str = "") -> Program:
    """The program with a plan in the place of ``code``, or added without it. Raises PlanRefused with all problems."""
    terms = program.topics["incentives"]
    plans = [plan if each.code == code else each for each in terms.plans] if code else [*terms.plans, plan]
    return checked(program, plans, plan.code)


def without_plan(program: Program, code: str) -> Program:
    """The program without a plan."""
    terms = program.topics["incentives"]
    return checked(program, [each for each in terms.plans if each.code != code])


def checked(program: Program, plans: Sequence[PlanTerm], code: str = "") -> Program:
    """The program with these plans, read as strictly as a file would be. Paths of problems are inside plan ``code``."""
    try:
        terms = replace(program.topics["incentives"], plans=tuple(plans))
        read, _warnings = read_program(replace(program, topics={**program.topics, "incentives": terms}).to_dict())
    except TermsError as error:
        raise PlanRefused(values={"problems": [_inside(Problem(error.path, error.reason), plans, code)]}) from error
    except ProgramInconsistent as error:
        raise PlanRefused(values={"problems": [_inside(each, plans, code) for each in error.problems]}) from error
    return read


def _inside(problem: Problem, plans: Sequence[PlanTerm], code: str) -> Problem:
    """A problem with its path inside the plan that was edited, where it lies there."""
    path = problem.path.removeprefix("incentives.")
    for number, plan in enumerate(plans):
        place = f"plans[{number}]"
        if plan.code == code and (path == place or path.startswith(f"{place}.")):
            return Problem(path.removeprefix(place).lstrip("."), problem.reason)
    return Problem("", f"{problem.path}: {problem.reason}" if problem.path else problem.reason)


@settled
def draft_plans(*, base: ProgramVersion, program: Program, reason: str, by: Actor, at: datetime) -> ProgramVersion:
    """Write a draft with changed plans. A ``base`` that is a draft itself is thrown away: the new one holds it all."""
    _must(by, RIGHT)
    if not reason.strip():
        raise PlanRefused("deals.plan.reason_missing", _("Please say what changes and why."))
    noted = "\n".join(filter(None, [program.header.note if not base.is_published else "", reason.strip()]))
    named = replace(program, header=replace(program.header, note=noted))
    with transaction.atomic():
        draft = programs.load_program(program=named, source_text="", by=by, at=at, right=RIGHT)
        if not base.is_published:
            programs.delete_draft(version=base, by=by, at=at, right=RIGHT)
    return draft


@settled
def publish_plans(*, draft: ProgramVersion, valid_from: date, by: Actor, at: datetime) -> ProgramVersion:
    """Put a draft in force from a day on; never one that has its terms already."""
    for right in PUBLISHING:
        _must(by, right)
    return programs.publish_version(version=draft, valid_from=valid_from, by=by, at=at)


def _must(by: Actor, right: str) -> None:
    if not by.can(right):
        raise PlanRefused("deals.plan.not_allowed", _("You may not change plans like that."))
