"""What the verdicts on a deal come to, as rows that are not stored: by the rules, and where a person overruled.

The actions store them; pages show them of deals that were not judged yet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from deals.choices import VerdictKind
from deals.models import Verdict
from deals.queries.attribution_cases import Case
from deals.rules.attribution import Check, Judgement, judge, judge_all
from deals.rules.credits import credit
from prm.core.explain import Line, to_json

_INFLUENCE = ("documented", "sales_process", "material")


@dataclass(frozen=True)
class Decided:
    """What one partner's verdict comes to, by the rules or by a person."""

    judgement: Judgement
    is_overruled: bool = False
    reason: str = ""
    judged_by_id: int | None = None


def provisional(case: Case, at: datetime) -> list[Verdict]:
    """What the verdicts of a deal would be as things stand."""
    return rows_of(case, decide(case, {}, None), at)


def rows_of(case: Case, decided: Iterable[Decided], at: datetime) -> list[Verdict]:
    """Verdicts with everybody's credit, by partner."""
    found = list(decided)
    shares = _credits(case, found)
    return [_row(case, each, shares, at) for each in found]


def decide(case: Case, current: Mapping[int, Verdict], by_id: int | None) -> list[Decided]:
    """The rules' verdict on everybody with a part, except where a person overruled."""
    found = {each.partner_id: each for each in judge_all(case.facts, case.touches, case.terms)}
    own = {case.deal.partner_id} if case.deal.partner_id is not None else set()
    for partner_id in (own | set(current)) - set(found):
        found[partner_id] = judge(case.facts, partner_id, case.touches, case.terms)
    overruled = {pk: row for pk, row in current.items() if row.is_overruled}
    taken = any(row.kind == VerdictKind.SOURCED for row in overruled.values())
    decided = []
    for partner_id, judgement in sorted(found.items()):
        if row := overruled.get(partner_id):
            shown = _as(judgement, row.kind, row.factor_percent)
            decided.append(Decided(shown, True, row.reason, row.judged_by_id))
        elif taken and judgement.kind == VerdictKind.SOURCED:
            decided.append(Decided(_second(judgement, case), judged_by_id=by_id))
        else:
            decided.append(Decided(judgement, judged_by_id=by_id))
    return decided


def _second(judgement: Judgement, case: Case) -> Judgement:
    """A partner that would be sourced where a person gave that to another one."""
    checks = tuple(replace(each, passed=False) if each.code == "first_partner" else each for each in judgement.checks)
    if all(each.passed for each in checks if each.code in _INFLUENCE):
        return _as(replace(judgement, checks=checks), VerdictKind.INFLUENCED, case.terms.influenced_factor_percent)
    return _as(replace(judgement, checks=checks), VerdictKind.NOT_ATTRIBUTED, Decimal(0))


def _as(judgement: Judgement, kind: str, factor: Decimal) -> Judgement:
    """The same evidence with another verdict; the first two lines, which say it, follow."""
    reason = judgement.reason if judgement.kind == kind else "overruled"
    lines = (
        Line("attribution.verdict", {"kind": kind, "reason": reason}),
        Line("attribution.factor", {"percent": factor}, unit="percent"),
        *judgement.lines[2:],
    )
    return replace(judgement, kind=VerdictKind(kind), factor_percent=factor, reason=reason, lines=lines)


def overruled(case: Case, before: Verdict, kind: str, reason: str, by_id: int | None) -> Decided:
    """What a person decided instead of the rules, with their evidence."""
    factor = {
        VerdictKind.SOURCED: case.terms.sourced_factor_percent,
        VerdictKind.INFLUENCED: case.terms.influenced_factor_percent,
    }.get(VerdictKind(kind), Decimal(0))
    rules = judge(case.facts, before.partner_id, case.touches, case.terms)
    return Decided(_as(rules, kind, factor), True, reason, by_id)


def kept(row: Verdict) -> Decided:
    """A verdict that stays; only its credit may change."""
    judgement = Judgement(
        partner_id=row.partner_id,
        kind=VerdictKind(row.kind),
        factor_percent=row.factor_percent,
        reason="",
        checks=tuple(Check(each["code"], each["passed"], each["values"], each["internal"]) for each in row.checks),
        lines=tuple(
            Line(each["code"], each["values"], each["unit"], each["audience"])
            for each in row.lines
            if each["code"] != "attribution.credit"
        ),
    )
    return Decided(judgement, row.is_overruled, row.reason, row.judged_by_id)


def _credits(case: Case, decided: Iterable[Decided]) -> dict[int, int]:
    """Basis points by partner: shared by the touches of those whose verdict is sourced or influenced."""
    partners = {each.judgement.partner_id for each in decided if each.judgement.is_attributed}
    if not partners:
        return {}
    return credit(case.touches, case.terms.credit_model, won_on=case.on, terms=case.terms, partners=partners)


def _row(case: Case, decided: Decided, shares: Mapping[int, int], at: datetime) -> Verdict:
    judgement = decided.judgement
    bps = shares.get(judgement.partner_id, 0)
    share = Line(
        "attribution.credit",
        {"percent": Decimal(bps) / 100, "model": case.terms.credit_model},
        unit="percent",
    )
    return Verdict(
        opportunity=case.deal,
        partner_id=judgement.partner_id,
        kind=judgement.kind,
        factor_percent=judgement.factor_percent,
        credit_bps=bps,
        credit_model=case.terms.credit_model,
        checks=[_plain(check) for check in judgement.checks],
        lines=to_json([*judgement.lines, share]),
        program_version=case.version,
        judged_at=at,
        judged_by_id=decided.judged_by_id,
        is_overruled=decided.is_overruled,
        reason=decided.reason,
    )


def _plain(check: Check) -> dict[str, Any]:
    shown, internal = to_json([Line(check.code, dict(check.values)), Line(check.code, dict(check.internal))])
    return {
        "code": check.code,
        "passed": check.passed,
        "values": shown["values"],
        "internal": internal["values"],
    }
