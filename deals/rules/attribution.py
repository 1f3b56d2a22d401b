"""Whether a deal is a partner's: sourced, influenced or not attributed.

Judged in this order. **Not attributed** if the partner appears only after the sale. **Sourced** if all hold: the lead
came through the partner (a claim of its own, or a touch that is a lead source); it was registered, as a registration or
referral that stands, no more than 7 calendar days after the partner's first contact, inclusive; direct sales had not
engaged the customer before that first contact (on the same day is not before); and no other partner sourced it with an
earlier claim. **Influenced** if its activity is documented, it took part in the sales process, and that was material to
the win. Otherwise not attributed: only mentioned, or in the direct pipeline without any activity of the partner.

The first contact is the earliest of what the partner declared and of its own touches that are contacts; where neither
is known it is the claim itself. An imported claim counts as registered on its day. Days are the program's dates. While
a deal is open the verdict is provisional. What concerns others (their claims, direct sales) stands in `internal` and in
lines for the vendor only. Source: program rules §4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from deals.choices import VerdictKind
from deals.rules.touches import CONTACTS, LEAD_SOURCES, MATERIAL, SALES_PROCESS, TouchFact, direct, of_partner, up_to
from partners.rules.attribution_terms import AttributionTerms
from prm.core.explain import Line, to_json

SOURCED_CHECKS = ("lead_channel", "registered_in_time", "before_direct_sales", "first_partner")
INFLUENCED_CHECKS = ("documented", "sales_process", "material")


@dataclass(frozen=True)
class Claim:
    """A registration, referral or partner-worked import on the deal.

    `id` orders the claims of one day: it rises with the moment of submission, whatever the kind.
    `stands` is False once rejected, declined, withdrawn, or superseded by another approved registration.
    """

    id: int
    partner_id: int
    kind: str
    submitted_on: date
    first_contact_on: date | None = None
    stands: bool = True
    ref: str = ""

    @property
    def order(self) -> tuple[date, int]:
        return self.submitted_on, self.id


@dataclass(frozen=True)
class DealFacts:
    """A deal as far as attribution needs it. `direct_since`: since when it is in direct pipeline, if it ever was."""

    won_on: date | None = None
    claims: tuple[Claim, ...] = ()
    direct_since: date | None = None

    def claims_of(self, partner_id: int) -> list[Claim]:
        """The partner's standing claims of before the win, earliest first."""
        mine = (each for each in self.claims if each.partner_id == partner_id and each.stands)
        return sorted((each for each in mine if self.is_before_win(each.submitted_on)), key=lambda each: each.order)

    def is_before_win(self, on: date) -> bool:
        return self.won_on is None or on <= self.won_on


@dataclass(frozen=True)
class Check:
    """One condition and whether it holds. `values` may be shown to the partner, `internal` to the vendor only."""

    code: str
    passed: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    internal: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """The verdict on one partner's part. `reason` says in a word why it is what it is; `factor_percent` of the rate."""

    partner_id: int
    kind: VerdictKind
    factor_percent: Decimal
    reason: str
    checks: tuple[Check, ...]
    lines: tuple[Line, ...]

    @property
    def is_attributed(self) -> bool:
        return self.kind != VerdictKind.NOT_ATTRIBUTED


def judge(deal: DealFacts, partner_id: int, touches: Sequence[TouchFact], terms: AttributionTerms) -> Judgement:
    """The verdict on one partner, with what the other partners did taken into account."""
    return _judge(deal, partner_id, touches, terms, _first_sourced(deal, touches, terms))


def judge_all(deal: DealFacts, touches: Sequence[TouchFact], terms: AttributionTerms) -> tuple[Judgement, ...]:
    """The verdicts on all partners that claimed or touched the deal, by partner. At most one is sourced."""
    first = _first_sourced(deal, touches, terms)
    return tuple(_judge(deal, each, touches, terms, first) for each in _partners(deal, touches))


def checks_to_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Checks as plain JSON data. A partner is shown `code`, `passed` and `values`, never `internal`."""
    return [
        {
            "code": check.code,
            "passed": check.passed,
            "values": to_json([Line(check.code, dict(check.values))])[0]["values"],
            "internal": to_json([Line(check.code, dict(check.internal))])[0]["values"],
        }
        for check in checks
    ]


def _partners(deal: DealFacts, touches: Sequence[TouchFact]) -> list[int]:
    return sorted(
        {each.partner_id for each in touches if each.partner_id is not None} | {each.partner_id for each in deal.claims}
    )


def _first_sourced(deal: DealFacts, touches: Sequence[TouchFact], terms: AttributionTerms) -> Claim | None:
    """The claim that sources the deal: of the partners that meet the conditions, the earliest valid one."""
    valid = [
        claim
        for partner_id in _partners(deal, touches)
        if all(check.passed for check in _own_conditions(deal, partner_id, touches, terms))
        for claim in _in_time(deal, partner_id, touches, terms)[:1]
    ]
    return min(valid, key=lambda claim: claim.order, default=None)


def _first_contact(deal: DealFacts, partner_id: int, touches: Sequence[TouchFact]) -> date | None:
    claims = deal.claims_of(partner_id)
    known = [each.first_contact_on for each in claims if each.first_contact_on]
    known += [each.on for each in up_to(of_partner(touches, partner_id), deal.won_on) if each.kind in CONTACTS]
    return min(known or [each.submitted_on for each in claims], default=None)


def _in_time(deal: DealFacts, partner_id: int, touches: Sequence[TouchFact], terms: AttributionTerms) -> list[Claim]:
    contact = _first_contact(deal, partner_id, touches)
    return [
        claim
        for claim in deal.claims_of(partner_id)
        if contact and (claim.submitted_on - contact).days <= terms.registered_within_days
    ]


def _own_conditions(
    deal: DealFacts, partner_id: int, touches: Sequence[TouchFact], terms: AttributionTerms
) -> list[Check]:
    """The conditions of sourced that don't depend on other partners."""
    claims = deal.claims_of(partner_id)
    mine = up_to(of_partner(touches, partner_id), deal.won_on)
    leads = [each for each in mine if each.kind in LEAD_SOURCES]
    contact = _first_contact(deal, partner_id, touches)
    in_time = _in_time(deal, partner_id, touches, terms)
    claim = next(iter(in_time or claims), None)
    engaged = min(filter(None, [deal.direct_since, *(each.on for each in direct(touches))]), default=None)
    evidence = [each.ref for each in claims + leads if each.ref]
    return [
        Check("lead_channel", bool(claims or leads), {"evidence": evidence}),
        Check(
            "registered_in_time",
            bool(in_time),
            {
                "first_contact_on": contact,
                "submitted_on": claim.submitted_on if claim else None,
                "days": (claim.submitted_on - contact).days if claim and contact else None,
                "allowed_days": terms.registered_within_days,
                "evidence": [claim.ref] if claim and claim.ref else [],
            },
        ),
        Check(
            "before_direct_sales",
            contact is not None and (engaged is None or engaged >= contact),
            {"first_contact_on": contact},
            {"direct_on": engaged},
        ),
    ]


def _influence(deal: DealFacts, partner_id: int, touches: Sequence[TouchFact]) -> list[Check]:
    mine = up_to(of_partner(touches, partner_id), deal.won_on)
    documented = [each for each in mine if each.is_documented]
    sales = [each for each in mine if each.kind in SALES_PROCESS]
    material = [each for each in sales if each.is_documented and (each.kind in MATERIAL or each.is_material)]
    return [
        Check(code, bool(found), {"touches": len(found), "evidence": [each.ref for each in found if each.ref]})
        for code, found in zip(INFLUENCED_CHECKS, (documented, sales, material), strict=True)
    ]


def _judge(
    deal: DealFacts, partner_id: int, touches: Sequence[TouchFact], terms: AttributionTerms, first: Claim | None
) -> Judgement:
    own = _own_conditions(deal, partner_id, touches, terms)
    is_first = first is None or first.partner_id == partner_id
    rival = {} if is_first or first is None else {"claim": first.ref, "submitted_on": first.submitted_on}
    sourced = [*own, Check("first_partner", is_first, {}, rival)]
    influenced = _influence(deal, partner_id, touches)
    counted = up_to(of_partner(touches, partner_id), deal.won_on)
    kind, reason = VerdictKind.NOT_ATTRIBUTED, _why_not(deal, partner_id, touches)
    if reason != "after_sale":
        if all(check.passed for check in sourced):
            kind, reason = VerdictKind.SOURCED, "sourced"
        elif all(check.passed for check in influenced):
            kind, reason = VerdictKind.INFLUENCED, "influenced"
    factor = {
        VerdictKind.SOURCED: terms.sourced_factor_percent,
        VerdictKind.INFLUENCED: terms.influenced_factor_percent,
    }.get(kind, Decimal(0))
    before_sale = Check("before_sale", reason != "after_sale", {"touches": len(counted), "won_on": deal.won_on})
    checks = (before_sale, *sourced, *influenced)
    return Judgement(partner_id, kind, factor, reason, checks, _lines(kind, factor, reason, checks))


def _why_not(deal: DealFacts, partner_id: int, touches: Sequence[TouchFact]) -> str:
    """Why a partner that is neither sourced nor influenced is not attributed."""
    mine = of_partner(touches, partner_id)
    claims = [each for each in deal.claims if each.partner_id == partner_id]
    if up_to(mine, deal.won_on) or deal.claims_of(partner_id):
        return "no_influence"
    if any(deal.is_before_win(each.submitted_on) for each in claims):
        return "no_standing_claim"
    if claims or any(not each.is_mention for each in mine):
        return "after_sale"
    if mine:
        return "only_mentioned"
    return "direct_pipeline" if deal.direct_since or direct(touches) else "no_activity"


def _lines(kind: VerdictKind, factor: Decimal, reason: str, checks: Sequence[Check]) -> tuple[Line, ...]:
    lines = [
        Line("attribution.verdict", {"kind": kind, "reason": reason}),
        Line("attribution.factor", {"percent": factor}, unit="percent"),
    ]
    for check in checks:
        lines.append(Line("attribution.check", {"check": check.code, "passed": check.passed, **check.values}))
        if check.internal:
            lines.append(Line("attribution.evidence", {"check": check.code, **check.internal}, audience="vendor"))
    return tuple(lines)
