"""Everything a QBR pack may print, as values (program rules §11).

`PackFacts` is the whole input of a pack: the query that fills it is the only place that reads the
database, and the document that prints it computes no business figure of its own. All amounts are in
`PackFacts.currency`; a deal without an exchange rate carries `amount=None` and is counted but not
summed. A part that is `None` (or an empty tuple) is left out of the pack, never printed empty.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

Side = Literal["us", "partner", "both"]
Version = Literal["shared", "internal"]

ZERO = Decimal(0)


@dataclass(frozen=True)
class PackTerms:
    """Thresholds of the program and row caps of the pack. Percentages are 0-100."""

    flat_percent: Decimal = Decimal(2)  # a change within ± this is "flat" (§7)
    expiring_days: int = 90  # a certificate that ends within this many days needs renewing
    stuck_days: int = 60  # an open deal this long in one stage is stuck
    nps_target: int = 50  # §13
    strong_progress_percent: int = 70  # a next tier this close is worth saying
    concentration_percent: int = 50  # one customer above this share of a quarter is a risk
    coverage: Decimal = Decimal(3)  # open pipeline wanted, as a multiple of an average quarter
    least_others: int = 5  # fewer other partners than this are not drawn for a partner to see
    top_deals: int = 5
    rows_per_outcome: int = 3
    stuck_rows: int = 4
    certificate_rows: int = 12
    action_rows: int = 8
    attendee_rows: int = 4
    matrix_dots: int = 300


@dataclass(frozen=True)
class Brand:
    """A company as it appears on the pack. `logo` is a PNG, JPEG or WebP file, `color` is #RRGGBB."""

    name: str
    short_name: str = ""
    color: str = ""
    logo: bytes = b""
    logo_type: str = ""

    @property
    def called(self) -> str:
        """The name used inside sentences."""
        return self.short_name or self.name


@dataclass(frozen=True)
class Period:
    """The reviewed fiscal quarter and the name of the one after it."""

    label: str
    start: date
    end: date
    next_label: str


@dataclass(frozen=True)
class Person:
    name: str
    role: str = ""
    side: Side = "us"


@dataclass(frozen=True)
class Influenced:
    """A partner's credit in deals that it influenced, its own and others', so it may exceed the partner's revenue.

    `reported` is the part that reports count: the credit at the reporting credit of each deal's day (§4).
    """

    amount: Decimal
    reported: Decimal
    deals: int


@dataclass(frozen=True)
class QuarterRevenue:
    """Revenue of one fiscal quarter by won date. `revenue=None`: our data does not reach back so far.

    `sourced` is the part that the partner sourced, never more than `revenue`. `influenced` is none where `revenue` is.
    """

    label: str
    start: date
    end: date
    revenue: Decimal | None
    sourced: Decimal | None = None
    target: Decimal | None = None
    influenced: Influenced | None = None


@dataclass(frozen=True)
class RevenueFacts:
    """Up to eight quarters, oldest first, the last one reviewed; T12M ends with it.

    `t12m`, `t12m_prior` and `t12m_influenced` come from their own queries, so that they can be checked against the
    quarters.
    `left_out` counts won deals of the quarter without an exchange rate.
    """

    quarters: tuple[QuarterRevenue, ...]
    t12m: Decimal
    t12m_prior: Decimal | None = None
    t12m_sourced: Decimal | None = None
    left_out: int = 0
    t12m_influenced: Influenced | None = None

    @property
    def quarter(self) -> QuarterRevenue:
        return self.quarters[-1]

    @property
    def year_ago(self) -> QuarterRevenue | None:
        """The same quarter a year before, where there is data for it."""
        if len(self.quarters) < 5 or self.quarters[-5].revenue is None:
            return None
        return self.quarters[-5]

    @property
    def target(self) -> Decimal | None:
        """Target of the last four quarters, where all four have one."""
        targets = [quarter.target for quarter in self.quarters[-4:]]
        return sum((t for t in targets if t is not None), ZERO) if targets and None not in targets else None


@dataclass(frozen=True)
class WonDeal:
    customer: str
    product: str
    amount: Decimal | None
    won_on: date
    sourced: bool = True


@dataclass(frozen=True)
class LostDeal:
    customer: str
    product: str
    amount: Decimal | None
    lost_on: date
    stage: str = ""
    reason: str = ""


@dataclass(frozen=True)
class StuckDeal:
    """An open deal that has been in one stage for `terms.stuck_days` or longer."""

    customer: str
    product: str
    amount: Decimal | None
    stage: str
    days_in_stage: int
    next_step: str = ""
    waits_for: Side | None = None


@dataclass(frozen=True)
class DealFlow:
    """How many deals came and went: the partner's opportunities, and registrations still undecided.

    `open_before + opened - won - lost - dropped = open_after`, all for the quarter; `dropped` are
    rejected, withdrawn and expired ones. `open_after` = deals in the pipeline + `awaiting_decision`.
    `registered` counts registrations and referrals submitted in the quarter (part of `opened`).
    """

    open_before: int
    opened: int
    won: int
    lost: int
    dropped: int
    open_after: int
    awaiting_decision: int = 0
    registered: int = 0
    registered_t12m: int = 0
    registered_t12m_prior: int | None = None
    won_t12m: int = 0
    lost_t12m: int = 0
    won_t12m_prior: int | None = None
    lost_t12m_prior: int | None = None


@dataclass(frozen=True)
class PipelineStage:
    """Open deals in one stage. `deals` counts all, `unpriced` those without an amount."""

    code: str
    label: str
    deals: int
    amount: Decimal
    weighted: Decimal | None = None
    unpriced: int = 0


@dataclass(frozen=True)
class PipelineFacts:
    """Open deals at the end of the period. Totals come from their own query and are checked."""

    stages: tuple[PipelineStage, ...]
    deals: int
    total: Decimal
    weighted: Decimal | None = None
    total_prior: Decimal | None = None
    due_next_quarter: Decimal | None = None
    due_next_quarter_deals: int | None = None

    @property
    def unpriced(self) -> int:
        return sum(stage.unpriced for stage in self.stages)


@dataclass(frozen=True)
class TierPath:
    """One way to the next tier: `arr` (an amount) or a count of something."""

    code: str
    label: str
    reached: Decimal
    required: Decimal
    is_money: bool = False

    @property
    def missing(self) -> Decimal:
        return max(self.required - self.reached, ZERO)


@dataclass(frozen=True)
class BenefitChange:
    label: str
    now: str
    next: str


@dataclass(frozen=True)
class TierFacts:
    """Where the partner stands on its ladder (§2).

    `standing`: `held` (qualified, or nothing due), `at_risk` (would not pass the next review), `grace`,
    `strategic` or `provisional` (an override). `next_label=None` at the top of the ladder, or without
    one. `progress_percent` is the stored progress to the next rung. `paths` and `people_required`
    describe that next rung, `people` counts distinct certified people.
    """

    label: str
    next_label: str | None = None
    since: date | None = None
    previous_label: str = ""
    standing: str = "held"
    qualified_label: str = ""
    review_on: date | None = None
    grace_until: date | None = None
    override_until: date | None = None
    progress_percent: int | None = None
    paths: tuple[TierPath, ...] = ()
    people: int = 0
    people_required: int = 0
    benefits: tuple[BenefitChange, ...] = ()


@dataclass(frozen=True)
class Certificate:
    """One certificate; `holder` tells two people of the same name apart."""

    person: str
    kind: str
    valid_until: date
    holder: int = 0

    @property
    def who(self) -> tuple[int, str]:
        return self.holder, self.person


@dataclass(frozen=True)
class MatrixPoint:
    """A partner in the value matrix: revenue T12M, and its strategic value from 1 to 5."""

    name: str
    revenue: Decimal
    value: int


@dataclass(frozen=True)
class MatrixFacts:
    own: MatrixPoint
    others: tuple[MatrixPoint, ...] = ()
    before: MatrixPoint | None = None
    before_label: str = ""
    revenue_high: Decimal = Decimal(100_000)
    value_high: int = 4


@dataclass(frozen=True)
class NpsFacts:
    """Answers of the last twelve months; `score` = % promoters (9-10) - % detractors (0-6)."""

    score: int
    promoters: int
    passives: int
    detractors: int
    prior: int | None = None

    @property
    def answers(self) -> int:
        return self.promoters + self.passives + self.detractors


@dataclass(frozen=True)
class Action:
    text: str
    side: Side
    owner: str = ""
    due_on: date | None = None
    carried_over: bool = False


@dataclass(frozen=True)
class ActionsBefore:
    """What became of the actions agreed at the review before this one."""

    agreed: int
    done: int


@dataclass(frozen=True)
class AgendaItem:
    label: str
    minutes: int


@dataclass(frozen=True)
class HealthPart:
    """Points of one dimension; `points=None`: without data, left out of the score."""

    code: str
    label: str
    points: int | None
    maximum: int
    evidence: str = ""
    before: int | None = None


@dataclass(frozen=True)
class HealthBand:
    label: str
    lowest: int


@dataclass(frozen=True)
class HealthFacts:
    """Health at the end of the period, its parts and the month ends before it (oldest first).

    `bands` runs from the best band to the worst. `known` is the sum of the maxima with data.
    """

    score: int | None
    band: str
    known: int
    parts: tuple[HealthPart, ...]
    trend: tuple[tuple[date, int | None], ...] = ()
    bands: tuple[HealthBand, ...] = ()
    prior_quarter: int | None = None
    prior_year: int | None = None


@dataclass(frozen=True)
class Reason:
    """One line of `partners.rules.value_matrix.recommend`: its code and its figures."""

    code: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recommendation:
    code: Literal["invest", "hold", "reduce"]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Earned:
    """Commission of the quarter in one currency: earned less what was taken back, and paid. Never converted."""

    currency: str
    earned: Decimal
    paid: Decimal


@dataclass(frozen=True)
class PackFacts:
    """One QBR pack. `as_of` is the last day of the figures, `pack_date` the day the file is made."""

    vendor: Brand
    partner: Brand
    period: Period
    as_of: date
    pack_date: date
    currency: str
    revenue: RevenueFacts
    prepared_by: Person
    partner_type: str = ""
    code: str = ""
    meeting_at: datetime | None = None
    attendees: tuple[Person, ...] = ()
    flow: DealFlow | None = None
    won: tuple[WonDeal, ...] = ()
    lost: tuple[LostDeal, ...] = ()
    stuck: tuple[StuckDeal, ...] = ()
    pipeline: PipelineFacts | None = None
    tier: TierFacts | None = None
    certificates: tuple[Certificate, ...] = ()
    matrix: MatrixFacts | None = None
    nps: NpsFacts | None = None
    actions: tuple[Action, ...] = ()
    actions_before: ActionsBefore | None = None
    earned: tuple[Earned, ...] = ()
    agenda: tuple[AgendaItem, ...] = ()
    agenda_minutes: int = 60
    health: HealthFacts | None = None
    health_shared: bool = False
    recommendation: Recommendation | None = None
    terms: PackTerms = PackTerms()


def certified_people(facts: PackFacts) -> set[tuple[int, str]]:
    """Who holds a certificate that is valid on the last day of the figures."""
    return {item.who for item in facts.certificates if item.valid_until >= facts.as_of}


def for_partner(facts: PackFacts) -> PackFacts:
    """The facts as the partner may see them: what it must not see is gone before anything is printed.

    Health goes unless the program shares it, the recommendation always. Other partners lose their
    names, and their revenue is rounded to a twentieth of the axis, so that no figure of theirs can be
    read off the drawing; with fewer of them than `terms.least_others` they go altogether.
    """
    return replace(
        facts,
        health=facts.health if facts.health_shared else None,
        recommendation=None,
        matrix=_without_names(facts.matrix, facts.terms) if facts.matrix else None,
    )


def _without_names(matrix: MatrixFacts, terms: PackTerms) -> MatrixFacts:
    if len(matrix.others) < terms.least_others:
        return replace(matrix, others=())
    step = max(max(point.revenue for point in matrix.others), matrix.revenue_high, Decimal(1)) / 20
    blurred = {
        (round(point.revenue / step) * step, point.value): None
        for point in sorted(matrix.others, key=lambda point: (point.value, point.revenue))
    }
    return replace(matrix, others=tuple(MatrixPoint("", revenue, value) for revenue, value in blurred))
