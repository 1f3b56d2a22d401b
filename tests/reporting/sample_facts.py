"""Packs to draw: a partner that rises, one that stands still, one that falls, a new one, and a rude one.

Every sample is consistent, so `check_pack` passes; tests change one figure to see it refused.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from reporting.rules.pack import (
    Action,
    ActionsBefore,
    AgendaItem,
    BenefitChange,
    Brand,
    Certificate,
    DealFlow,
    HealthBand,
    HealthFacts,
    HealthPart,
    Influenced,
    LostDeal,
    MatrixFacts,
    MatrixPoint,
    NpsFacts,
    PackFacts,
    Period,
    Person,
    PipelineFacts,
    PipelineStage,
    QuarterRevenue,
    Reason,
    Recommendation,
    RevenueFacts,
    StuckDeal,
    TierFacts,
    TierPath,
    WonDeal,
)

ACME = Brand("Acme Cloud", color="#2456e6")
QUARTERS = [(year, quarter) for year in (2024, 2025, 2026) for quarter in (1, 2, 3, 4)]
BANDS = (
    HealthBand("Champion", 80),
    HealthBand("Healthy", 60),
    HealthBand("At risk", 40),
    HealthBand("Critical", 20),
    HealthBand("Churning", 0),
)
AGENDA = (
    AgendaItem("Relationship", 5),
    AgendaItem("Performance", 15),
    AgendaItem("Pipeline", 15),
    AgendaItem("Joint planning", 15),
    AgendaItem("Support", 10),
)
BENEFITS = (
    BenefitChange("Commission rate", "20 %", "25 %"),
    BenefitChange("Reseller margin off list", "35 %", "40 %"),
    BenefitChange("Deal registration", "Yes", "Priority"),
    BenefitChange("Marketing funds a year", "25,000", "100,000"),
    BenefitChange("Partner manager", "Dedicated", "Senior"),
    BenefitChange("First response of support", "4 hours", "1 hour"),
    BenefitChange("Executive access", "Quarterly", "Monthly"),
    BenefitChange("Early access", "Beta", "Alpha"),
    BenefitChange("Events", "Sponsor", "Keynote"),
    BenefitChange("Office hours", "Monthly", "Monthly"),
)
CUSTOMERS = (
    "Harbor Logistics",
    "Meridian Health",
    "Orbis Manufacturing",
    "Brightline Retail",
    "Tandem Energy",
    "Atlas Freight",
    "Solaris Labs",
    "Finch Media",
    "Evergreen Utilities",
    "Kestrel Bank",
    "Northport Council",
    "Vela Pharma",
    "Lumen Telecom",
    "Copperfield Foods",
    "Quarry Stone",
    "Delta Aerospace",
)


def quarter(year: int, number: int) -> tuple[str, date, date]:
    start = date(year, 3 * number - 2, 1)
    after = date(year + number // 4, 3 * number % 12 + 1, 1)
    return f"Q{number} {year}", start, after - timedelta(days=1)


def quarters(
    amounts: list[int | None],
    *,
    targets: list[int] | None = None,
    share: str = "1",
    influenced: list[tuple[int, int]] | None = None,
) -> tuple[QuarterRevenue, ...]:
    """The eight quarters up to Q3 2026; `share` of each is sourced, `influenced` are amounts and deals."""
    made = []
    for index, amount in enumerate(amounts):
        label, start, end = quarter(*QUARTERS[index + 3])
        revenue = None if amount is None else Decimal(amount)
        sourced = None if revenue is None else (revenue * Decimal(share)).quantize(Decimal(1))
        target = Decimal(targets[index]) if targets else None
        helped, deals = influenced[index] if influenced else (0, 0)
        part = None if revenue is None else Influenced(Decimal(helped), Decimal(helped) / 4, deals)
        made.append(QuarterRevenue(label, start, end, revenue, sourced, target, part))
    return tuple(made)


def revenue(
    amounts: list[int | None],
    *,
    targets: list[int] | None = None,
    share: str = "1",
    influenced: list[tuple[int, int]] | None = None,
) -> RevenueFacts:
    made = quarters(amounts, targets=targets, share=share, influenced=influenced)
    year = [item.revenue or Decimal(0) for item in made[-4:]]
    before = [item.revenue for item in made[:-4]]
    parts = [item.influenced for item in made[-4:] if item.influenced]
    return RevenueFacts(
        made,
        t12m=sum(year, Decimal(0)),
        t12m_prior=None if None in before else sum((item or Decimal(0) for item in before), Decimal(0)),
        t12m_sourced=sum((item.sourced or Decimal(0) for item in made[-4:]), Decimal(0)),
        t12m_influenced=Influenced(
            sum((part.amount for part in parts), Decimal(0)),
            sum((part.reported for part in parts), Decimal(0)),
            sum(part.deals for part in parts),
        ),
    )


def won(amounts: list[int]) -> tuple[WonDeal, ...]:
    return tuple(
        WonDeal(
            CUSTOMERS[index % len(CUSTOMERS)],
            ("Data Platform", "Secure Workspace", "Integration Hub")[index % 3],
            Decimal(amount),
            date(2026, 7, 9) + timedelta(days=7 * index % 80),
            sourced=index % 4 != 2,
        )
        for index, amount in enumerate(amounts)
    )


def lost(amounts: list[int]) -> tuple[LostDeal, ...]:
    reasons = (
        "Price: competitor bundled storage",
        "Product: no single sign-on for contractors",
        "Budget frozen to 2027",
    )
    return tuple(
        LostDeal(
            CUSTOMERS[(index + 5) % len(CUSTOMERS)],
            "Data Platform",
            Decimal(amount),
            date(2026, 8, 3) + timedelta(days=5 * index),
            ("Proposal", "Evaluation", "Discovery")[index % 3],
            reasons[index % 3],
        )
        for index, amount in enumerate(amounts)
    )


def stuck(amounts: list[int]) -> tuple[StuckDeal, ...]:
    steps = (
        "Answer the security questionnaire",
        "Sponsor call on the procurement hold",
        "Find an executive sponsor",
        "Issue the data residency statement",
        "Agree on one business unit",
    )
    sides = ("us", "both", "partner")
    return tuple(
        StuckDeal(
            CUSTOMERS[(index + 8) % len(CUSTOMERS)],
            "Secure Workspace",
            Decimal(amount),
            ("Evaluation", "Proposal", "Discovery")[index % 3],
            98 - 6 * index,
            steps[index % 5],
            sides[index % 3],  # type: ignore[arg-type]
        )
        for index, amount in enumerate(amounts)
    )


def stages(rows: list[tuple[str, int, int, int]]) -> PipelineFacts:
    """Stages as (label, deals, amount, probability in percent)."""
    made = tuple(
        PipelineStage(label.lower(), label, deals, Decimal(amount), Decimal(amount * percent) / 100)
        for label, deals, amount, percent in rows
    )
    return PipelineFacts(
        made,
        deals=sum(stage.deals for stage in made),
        total=sum((stage.amount for stage in made), Decimal(0)),
        weighted=sum((stage.weighted or Decimal(0) for stage in made), Decimal(0)),
    )


def certificates(days: list[int]) -> tuple[Certificate, ...]:
    people = (
        "Elena Petrova",
        "Samir Haddad",
        "Priya Nair",
        "Tomas Lindqvist",
        "Lukas Brandt",
        "Oliver Stone",
        "Grace Okafor",
        "Ines Moreau",
        "Kofi Mensah",
        "Hannah Weiss",
    )
    kinds = ("Technical Certified", "Sales Certified", "Solutions Expert")
    return tuple(
        Certificate(people[index % 10], kinds[index % 3], date(2026, 9, 30) + timedelta(days=offset))
        for index, offset in enumerate(days)
    )


def health(points: list[int | None], trend: list[int | None], *, band: str, prior_year: int | None) -> HealthFacts:
    evidence = (
        "Q3 2026 $168k after $140k a year ago, growth of 20 %",
        "5 deals registered in the last 90 days",
        "Active in 4 of the last 4 weeks",
        "NPS 33 from 6 answers in twelve months",
        "Strong, set by Mia Berg on 4 May 2026: shared road map in logistics",
    )
    shape = (
        ("revenue", "Revenue", 30),
        ("activity", "Activity", 25),
        ("engagement", "Engagement", 20),
        ("satisfaction", "Satisfaction", 15),
        ("strategic_fit", "Strategic fit", 10),
    )
    parts = tuple(
        HealthPart(
            code,
            label,
            value,
            maximum,
            evidence[index] if value is not None else "No data",
            before=None if value is None else value - index,
        )
        for index, ((code, label, maximum), value) in enumerate(zip(shape, points, strict=True))
    )
    known = sum(part.maximum for part in parts if part.points is not None)
    score = trend[-1] if trend else None
    months = []
    for index in range(len(trend)):
        month = 9 - (len(trend) - 1 - index)
        year = 2026 + (month - 1) // 12
        first_of_next = date(year + (month % 12 == 0), month % 12 + 1, 1)
        months.append(first_of_next - timedelta(days=1))
    return HealthFacts(
        score,
        band,
        known,
        parts,
        tuple(zip(months, trend, strict=True)),
        BANDS,
        prior_quarter=trend[-4] if len(trend) > 3 else None,
        prior_year=prior_year,
    )


def others(number: int = 24) -> tuple[MatrixPoint, ...]:
    names = ("Rival Systems", "Bluefin Consulting", "Cobalt Works", "Delphi Partners", "Ember Cloud", "Fjord IT")
    return tuple(
        MatrixPoint(
            names[index] if index < len(names) else f"Partner {index}",
            Decimal((index * 37_411) % 420_000 + 1_500),
            1 + (index * 7) % 5,
        )
        for index in range(number)
    )


def advice(code: str, *, value: int | None, revenue: int, health: int | None, growth: int | None) -> Recommendation:
    """What the rule of the value matrix hands over: its lines, the verdict among them."""
    trend = "no_data" if growth is None else "strong" if growth >= 20 else "declining" if growth < -2 else "flat"
    grown = growth is not None and growth >= 20
    return Recommendation(
        code,  # type: ignore[arg-type]
        (
            Reason("value.verdict", {"recommendation": code}),
            Reason("value.strategic_value", {"value": value, "high": 4, "is_high": value is not None and value >= 4}),
            Reason(
                "value.revenue", {"value": Decimal(revenue), "high": Decimal(100_000), "is_high": revenue >= 100_000}
            ),
            Reason("value.health", {"value": health, "high": 60, "low": 40, "is_high": (health or 0) >= 60}),
            Reason("value.growth", {"value": growth, "high": Decimal(20), "trend": trend, "is_high": grown}),
        ),
    )


def _base() -> PackFacts:
    amounts: list[int | None] = [62_000, 71_000, 58_000, 96_000, 104_000, 112_000, 121_000, 168_000]
    deals = won([52_000, 38_000, 26_000, 17_000, 12_000, 9_000, 6_500, 4_500, 3_000])
    year = sum(item or 0 for item in amounts[-4:])
    return PackFacts(
        vendor=ACME,
        partner=Brand("Northwind Solutions", "Northwind"),
        partner_type="Reseller",
        code="QBR-7K3M9QX",
        period=Period("Q3 2026", date(2026, 7, 1), date(2026, 9, 30), "Q4 2026"),
        as_of=date(2026, 9, 30),
        pack_date=date(2026, 10, 8),
        currency="USD",
        prepared_by=Person("Mia Berg", "Partner manager"),
        meeting_at=datetime(2026, 10, 15, 14, 0, tzinfo=timezone(timedelta(hours=2), "CEST")),
        attendees=(
            Person("Mia Berg", "Partner manager"),
            Person("Daniel Ruiz", "VP Partnerships"),
            Person("Paul Keller", "Managing director", "partner"),
            Person("Sara Nowak", "Sales", "partner"),
        ),
        revenue=revenue(
            amounts,
            targets=[60_000, 65_000, 70_000, 80_000, 95_000, 105_000, 125_000, 150_000],
            share="0.9",
            influenced=[(0, 0), (8_000, 1), (0, 0), (12_000, 1), (0, 0), (9_500, 1), (0, 0), (20_000, 3)],
        ),
        flow=DealFlow(
            34,
            24,
            9,
            7,
            2,
            40,
            awaiting_decision=2,
            registered=24,
            registered_t12m=86,
            registered_t12m_prior=68,
            won_t12m=36,
            lost_t12m=39,
            won_t12m_prior=27,
            lost_t12m_prior=37,
        ),
        won=deals,
        lost=lost([31_000, 22_000, 14_000, 9_000, 6_000, 4_000, 2_000]),
        stuck=stuck([28_000, 36_000, 18_000, 31_000, 15_000]),
        pipeline=stages(
            [
                ("Qualified", 12, 186_000, 10),
                ("Discovery", 10, 174_000, 25),
                ("Evaluation", 8, 158_000, 40),
                ("Proposal", 5, 96_000, 60),
                ("Negotiation", 3, 78_000, 85),
            ]
        ),
        tier=TierFacts(
            "Gold",
            "Platinum",
            date(2026, 2, 14),
            "Silver",
            review_on=date(2027, 2, 14),
            progress_percent=90,
            paths=(
                TierPath("sourced_arr", "Sourced ARR, 12 months", Decimal(454_500), Decimal(500_000), is_money=True),
                TierPath("qualified_referrals", "Qualified referrals, 12 months", Decimal(12), Decimal(50)),
            ),
            people=4,
            people_required=5,
            benefits=BENEFITS,
        ),
        certificates=certificates([40, 63, 110, 280, -12, 150, 190][:4]) + certificates([20, 30, 300])[2:],
        matrix=MatrixFacts(
            MatrixPoint("Northwind", Decimal(year), 4),
            others(),
            MatrixPoint("Northwind", Decimal(287_000), 3),
            "Q3 2025",
        ),
        nps=NpsFacts(57, 9, 4, 1, prior=44),
        actions=(
            Action(
                "Agree on the Nordic target list of 40 accounts",
                "both",
                "Mia Berg, Sara Nowak",
                date(2026, 10, 23),
                True,
            ),
            Action("Close the data residency statement for Vela Pharma", "us", "Adam Price", date(2026, 10, 30)),
            Action(
                "Sponsor call with Kestrel Bank to clear the procurement hold", "both", "Daniel Ruiz", date(2026, 11, 6)
            ),
            Action("Answer the security questionnaire of Evergreen Utilities", "us", "Adam Price", date(2026, 11, 6)),
            Action("Publish the logistics reference architecture", "us", "Tomas Lindqvist", date(2026, 11, 20), True),
            Action("Renew two certificates and sit one new exam", "partner", "Paul Keller", date(2026, 12, 3)),
        ),
        actions_before=ActionsBefore(8, 6),
        agenda=AGENDA,
        health=health(
            [30, 25, 20, 10, 5], [72, 73, 74, 74, 76, 77, 78, 80, 82, 84, 86, 88, 90], band="Champion", prior_year=72
        ),
        recommendation=advice("invest", value=4, revenue=505_000, health=90, growth=76),
    )


RISING = _base()

FLAT = replace(
    RISING,
    partner=Brand("Meridian Consulting Group", "Meridian"),
    partner_type="Services partner",
    revenue=revenue(
        [22_000, 18_000, 25_000, 21_000, 21_500, 19_000, 24_000, 21_200], influenced=[*[(0, 0)] * 7, (4_000, 1)]
    ),
    flow=DealFlow(
        6,
        3,
        2,
        1,
        0,
        6,
        registered=3,
        registered_t12m=11,
        registered_t12m_prior=11,
        won_t12m=9,
        lost_t12m=6,
        won_t12m_prior=9,
        lost_t12m_prior=6,
    ),
    won=won([13_200, 8_000]),
    lost=lost([7_000]),
    stuck=(),
    pipeline=stages([("Qualified", 2, 14_000, 10), ("Evaluation", 3, 31_000, 40), ("Negotiation", 1, 12_000, 85)]),
    tier=TierFacts(
        "Silver",
        "Gold",
        date(2025, 6, 1),
        review_on=date(2027, 6, 1),
        progress_percent=85,
        paths=(
            TierPath("sourced_arr", "Sourced ARR, 12 months", Decimal(85_700), Decimal(100_000), is_money=True),
            TierPath("qualified_referrals", "Qualified referrals, 12 months", Decimal(4), Decimal(20)),
        ),
        people=2,
        people_required=2,
        benefits=BENEFITS[:6],
    ),
    certificates=certificates([200, 320]),
    matrix=MatrixFacts(
        MatrixPoint("Meridian", Decimal(85_700), 3), others(), MatrixPoint("Meridian", Decimal(86_000), 3), "Q3 2025"
    ),
    nps=None,
    actions=(),
    actions_before=ActionsBefore(3, 3),
    health=health(
        [10, 20, 15, None, 5], [58, 59, 60, 60, 59, 58, 59, 60, 59, 59, 58, 59, 59], band="At risk", prior_year=58
    ),
    recommendation=advice("hold", value=3, revenue=85_700, health=59, growth=0),
)

FALLING = replace(
    RISING,
    partner=Brand("Rival Systems", "Rival"),
    revenue=revenue(
        [98_000, 84_000, 91_000, 72_000, 51_000, 44_000, 30_000, 18_500],
        influenced=[*[(0, 0)] * 3, (16_000, 2), *[(0, 0)] * 4],
    ),
    flow=DealFlow(
        31,
        0,
        1,
        9,
        4,
        17,
        registered=0,
        registered_t12m=7,
        registered_t12m_prior=26,
        won_t12m=8,
        lost_t12m=29,
        won_t12m_prior=21,
        lost_t12m_prior=18,
    ),
    won=won([18_500]),
    lost=lost([44_000, 31_000, 28_000, 22_000, 14_000, 9_000, 6_000, 4_000, 2_000]),
    stuck=stuck([28_000, 36_000, 18_000, 31_000, 15_000, 9_000, 4_000]),
    pipeline=stages([("Qualified", 9, 81_000, 10), ("Discovery", 6, 66_000, 25), ("Evaluation", 2, 19_000, 40)]),
    tier=TierFacts(
        "Gold",
        "Platinum",
        date(2024, 11, 3),
        standing="grace",
        review_on=date(2026, 8, 3),
        grace_until=date(2027, 2, 3),
        progress_percent=28,
        paths=(
            TierPath("sourced_arr", "Sourced ARR, 12 months", Decimal(143_500), Decimal(500_000), is_money=True),
            TierPath("qualified_referrals", "Qualified referrals, 12 months", Decimal(2), Decimal(50)),
        ),
        people=1,
        people_required=5,
        benefits=BENEFITS[:4],
    ),
    certificates=(*certificates([30]), Certificate("Samir Haddad", "Sales Certified", date(2026, 8, 1))),
    matrix=MatrixFacts(
        MatrixPoint("Rival", Decimal(143_500), 2), others()[1:], MatrixPoint("Rival", Decimal(345_000), 2), "Q3 2025"
    ),
    nps=NpsFacts(-33, 0, 2, 1, prior=20),
    actions_before=ActionsBefore(7, 2),
    health=health(
        [0, 0, 5, 0, 5], [55, 52, 50, 44, 40, 38, 35, 30, 25, 22, 18, 12, 10], band="Churning", prior_year=55
    ),
    recommendation=advice("hold", value=2, revenue=143_500, health=10, growth=-58),
)

NEW = PackFacts(
    vendor=ACME,
    partner=Brand("Tiny Start"),
    period=RISING.period,
    as_of=RISING.as_of,
    pack_date=RISING.pack_date,
    currency="EUR",
    revenue=revenue([None, None, None, None, None, None, 0, 0]),
    prepared_by=Person("Mia Berg"),
    agenda=AGENDA,
)

LONG = "Internationale Gesellschaft für Datenverarbeitung und angewandte Wolkenkunde mit beschränkter Haftung " * 2
ARABIC = "شركة الشمال للحلول التقنية المحدودة"


def rude() -> PackFacts:
    """Two hundred characters in every name, right-to-left text, yen, hundreds of rows."""
    rng = [137_000_000 + 9_000_017 * index for index in range(60)]
    deals = tuple(
        WonDeal((LONG, ARABIC, "W" * 200)[index % 3], LONG, Decimal(amount), date(2026, 7, 1) + timedelta(days=index))
        for index, amount in enumerate(rng)
    )
    total = sum(rng)
    plan = [900_000_000, 0, -3_000_000, 2_100_000_000, 5_000_000_000, 1_000_000_000, 1_000_000_000, total]
    return replace(
        RISING,
        vendor=Brand(LONG[:200], color="#ffe100"),
        partner=Brand(LONG[:200] + "ARABIC"),
        partner_type=LONG,
        currency="JPY",
        revenue=revenue(plan, influenced=[(900_000_000_000, 9_999)] * 8),  # type: ignore[arg-type]
        prepared_by=Person(LONG, LONG),
        attendees=tuple(Person(LONG) for _ in range(40)),
        won=deals,
        lost=tuple(LostDeal(ARABIC, LONG, None, date(2026, 8, 1), LONG, LONG + "\u202e\x00evil") for _ in range(80)),
        stuck=tuple(StuckDeal(LONG, LONG, None, LONG, 70 + n, LONG, "partner") for n in range(90)),
        flow=DealFlow(300, 200, 60, 80, 0, 360, registered=200, registered_t12m=300, won_t12m=60, lost_t12m=80),
        pipeline=PipelineFacts(
            tuple(PipelineStage(str(n), LONG, 60, Decimal(0), None, 60) for n in range(6)), 360, Decimal(0)
        ),
        tier=TierFacts(
            LONG[:60],
            LONG[:60],
            date(2026, 1, 1),
            progress_percent=0,
            people=45,
            people_required=60,
            paths=(TierPath("sourced_arr", LONG, Decimal(0), Decimal(900_000_000_000), is_money=True),),
            benefits=tuple(BenefitChange(LONG, LONG, LONG + "!") for _ in range(19)),
        ),
        certificates=tuple(Certificate(f"{n} {LONG}", LONG, date(2026, 12, 1)) for n in range(45)),
        matrix=MatrixFacts(
            MatrixPoint(LONG, sum((item.revenue or Decimal(0) for item in quarters(plan)[-4:]), Decimal(0)), 5),  # type: ignore[arg-type]
            tuple(MatrixPoint(LONG, Decimal(n * 90_000_000), 1 + n % 5) for n in range(500)),
        ),
        actions=tuple(Action(f"{n} {LONG}", "partner", LONG, date(2026, 9, 1)) for n in range(60)),
        actions_before=None,
        agenda=tuple(AgendaItem(LONG, minutes) for minutes in (5, 15, 15, 15, 10)),
        health=replace(RISING.health, band=LONG[:60]) if RISING.health else None,
    )


MOMENT = datetime(2026, 10, 8, 6, 0, tzinfo=UTC)
ALL = {"rising": RISING, "flat": FLAT, "falling": FALLING, "new": NEW}
