"""What time alone does to earnings: money falls due, becomes final, and quarters are settled.

Each step is safe to run twice, works in chunks of constant statements, and leaves out and names the one row that can't
be worked on. Source: program rules §5.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q

from deals.actions import ledger
from deals.actions.chunks import Skip, in_chunks
from deals.actions.rebates import pay_rebates
from deals.actions.spiff_pushes import award_quarterly_pushes
from deals.choices import CommissionKind, CommissionStatus
from deals.models import Commission
from deals.rules.earning_states import COMMISSION
from partners.models import Partner
from partners.queries.program import program_time_zone
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.business_time import day_end
from prm.core.refs import Ref

DEPTH = 4  # a line, what corrects it, what corrects that …


def run_earnings(*, on: date, by: Actor, at: datetime, skip: Skip | None = None) -> dict[str, int]:
    """All that a night does to earnings on the date that begins; counts by what was done."""
    ended = on - timedelta(days=1)
    done = {
        "pushes": award_quarterly_pushes(on=ended, by=by, at=at, skip=skip),
        "rebates": pay_rebates(on=ended, by=by, at=at, skip=skip),
    }
    released: list[Commission] = []
    done["payable"] = release_commissions(on=on, by=by, at=at, skip=skip, note=released.extend)
    done["final"] = finalize_commissions(on=on, by=by, at=at, skip=skip)
    done["told"] = announce_earnings(ended=ended, released=released, at=at)
    return done


def release_commissions(
    *,
    on: date,
    by: Actor,
    at: datetime,
    skip: Skip | None = None,
    note: Callable[[list[Commission]], object] | None = None,
) -> int:
    """Make accrued lines payable whose holdback is over on a day; the number released. ``note`` hears of them.

    A line and what corrects it go together: while one of them is held, both stay.
    """
    held = Commission.objects.filter(origin=OuterRef("pk"), status=CommissionStatus.ACCRUED).exclude(held_reason="")
    due = (
        Commission.objects.filter(status__in=COMMISSION.sources("release"), payable_on__lte=on, held_reason="")
        .filter(Q(origin=None) | ~Q(origin__status=CommissionStatus.ACCRUED))
        .filter(~Exists(held))
    )

    def act(rows: list[Commission]) -> int:
        _release(rows, by, at)
        if note is not None:
            note(rows)
        return len(rows)

    done = 0
    named: set[str] = set()

    def skip_once(code: str, error: object) -> None:
        if skip is not None and code not in named:
            named.add(code)
            skip(code, error)

    for _step in range(DEPTH):
        now = in_chunks(due, act, skip=skip_once if skip else None)
        done += now
        if not now:
            break
    return done


def _release(rows: list[Commission], by: Actor, at: datetime) -> None:
    if not rows:
        return
    target = COMMISSION.target(rows[0].status, "release")
    ledger.post_release(commissions=rows, by=by, at=at)
    Commission.objects.filter(pk__in=[row.pk for row in rows]).update(status=target, version=F("version") + 1)
    _record(rows, "deals.commission.payable", target, by, at)
    outbox.emit_many(
        name="deals.commission.payable", items=[(row.ref, {"partner_id": row.partner_id}) for row in rows], at=at
    )


def finalize_commissions(*, on: date, by: Actor, at: datetime, skip: Skip | None = None) -> int:
    """Make paid lines final once nothing can be taken back by days any more; the number made final."""
    due = Commission.objects.filter(status__in=COMMISSION.sources("finalise"), final_on__lte=on)

    def act(rows: list[Commission]) -> int:
        if rows:
            target = COMMISSION.target(rows[0].status, "finalise")
            Commission.objects.filter(pk__in=[row.pk for row in rows]).update(
                status=target, final_on=on, version=F("version") + 1
            )
            _record(rows, "deals.commission.final", target, by, at)
            outbox.emit_many(
                name="deals.commission.final", items=[(row.ref, {"partner_id": row.partner_id}) for row in rows], at=at
            )
        return len(rows)

    return in_chunks(due, act, skip=skip)


def _record(rows: list[Commission], code: str, target: str, by: Actor, at: datetime) -> None:
    audit.record_many(
        audit.entry(
            code=code,
            by=by,
            at=at,
            ref=row.ref,
            organization_id=row.partner_id,
            changes={"status": [row.status, target], "amount": row.amount, "currency": row.currency},
        )
        for row in rows
    )


def announce_earnings(*, ended: date, released: list[Commission], at: datetime) -> int:
    """One piece of news for each partner: what became payable tonight, and what was taken back on the ended day."""
    zone = program_time_zone()
    begins, ends = day_end(ended - timedelta(days=1), zone), day_end(ended, zone)
    taken = Commission.objects.filter(
        kind=CommissionKind.CLAWBACK, created_at__gte=begins, created_at__lt=ends
    ).exclude(status=CommissionStatus.VOID)
    news: dict[int, dict[str, dict[str, Decimal]]] = defaultdict(
        lambda: {"payable": defaultdict(Decimal), "clawed_back": defaultdict(Decimal)}
    )
    for line in released:
        news[line.partner_id]["payable"][line.currency] += line.amount
    for partner_id, currency, amount in taken.values_list("partner_id", "currency", "amount"):
        news[partner_id]["clawed_back"][currency] -= amount
    codes = dict(Partner.objects.filter(pk__in=news).values_list("pk", "code"))
    outbox.emit_many(
        name="deals.earnings.moved",
        items=[
            (
                Ref("partners.partner", codes[partner_id]),
                {
                    "partner_id": partner_id,
                    "on": ended.isoformat(),
                    **{
                        what: {currency: f"{total:f}" for currency, total in sorted(sums.items()) if total}
                        for what, sums in told.items()
                    },
                },
            )
            for partner_id, told in sorted(news.items())
        ],
        at=at,
    )
    return len(news)
