"""What a partner is entitled to, and from where: the one question that every gate asks."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.db.models import F, Q, QuerySet, Subquery

from partners.choices import BenefitKind, PartnerStatus
from partners.models import Benefit, Grant, Partner
from partners.queries.program import program_today
from partners.rules.program_terms import OPEN
from prm.core.explain import Line


@dataclass(frozen=True)
class Entitlement:
    """The answer: the best value that holds, and every source that gives one.

    ``value`` is text in the benefit's kind, blank when nothing is granted; ``source`` is ``tier:gold``,
    ``certificate:…`` or ``manual:…``.
    """

    code: str
    value: str
    granted: bool
    source: str
    lines: tuple[Line, ...]

    @property
    def allowed(self) -> bool:
        """Whether a gate that needs this entitlement opens."""
        return self.granted

    @property
    def number(self) -> Decimal | None:
        """The value as a number; None for words and for "open"."""
        try:
            return Decimal(self.value)
        except InvalidOperation:
            return None

    @property
    def is_open(self) -> bool:
        """Whether there is no limit."""
        return self.value == OPEN


def grants_on(day: date) -> QuerySet[Grant]:
    """Grants that hold on a date, both ends included."""
    return Grant.objects.filter(valid_from__lte=day).filter(Q(valid_until=None) | Q(valid_until__gte=day))


def entitlement(partner_id: int, code: str, at: datetime | date) -> Entitlement:
    """What the partner may, and why, at a moment (or on a date of the program).

    A number of 0 grants nothing, and neither does anything while the partnership is not active. One statement, and
    one more for a moment.
    """
    day = program_today(at) if isinstance(at, datetime) else at
    rows = list(
        grants_on(day)
        .filter(partner_id=partner_id, entitlement=code)
        .annotate(
            partner_status=F("partner__status"),
            benefit_kind=Subquery(Benefit.objects.filter(code=code).values("kind")),
        )
        .order_by("valid_from", "pk")
    )
    kind = (rows[0].benefit_kind if rows else None) or ""
    return judge(code, [row for row in rows if row.partner_status == PartnerStatus.ACTIVE], kind)


def entitlements(partner: Partner, day: date) -> list[tuple[Benefit, Entitlement]]:
    """Everything a partner is entitled to on a date, in the program's order. Two statements."""
    rows: dict[str, list[Grant]] = {}
    if partner.is_active:
        for row in grants_on(day).filter(partner=partner).order_by("valid_from", "pk"):
            rows.setdefault(row.entitlement, []).append(row)
    benefits = Benefit.objects.filter(code__in=rows).order_by("position", "code")
    return [(benefit, judge(benefit.code, rows[benefit.code], benefit.kind)) for benefit in benefits]


def judge(code: str, grants: list[Grant], kind: str) -> Entitlement:
    """The best of several grants of one entitlement; each is a line of the explanation."""
    best = max(grants, key=lambda grant: strength(kind, grant.value, grant.rank), default=None)
    lines = tuple(
        Line(
            "partners.grant",
            {
                "entitlement": code,
                "value": grant.value,
                "source": grant.source_kind,
                "source_code": grant.source_code,
                "from": grant.valid_from,
                "until": grant.valid_until,
                "counts": grant is best,
            },
        )
        for grant in grants
    )
    if best is None:
        return Entitlement(code, "", False, "", (Line("partners.not_granted", {"entitlement": code}),))
    gives = best.value not in ("0", "no") or kind == BenefitKind.HOURS
    return Entitlement(code, best.value, gives, f"{best.source_kind}:{best.source_code}", lines)


def strength(kind: str, value: str, rank: int) -> Decimal:
    """How good a value is among others of its benefit. Hours are better the fewer they are."""
    if value == OPEN:
        return Decimal("Infinity")
    if kind in (BenefitKind.FLAG, BenefitKind.LEVEL, ""):
        return Decimal(rank)
    number = Decimal(value)
    return -number if kind == BenefitKind.HOURS else number
