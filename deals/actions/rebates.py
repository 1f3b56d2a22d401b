"""Volume rebates of resellers: once a quarter, on the fiscal year's volume so far, less what the year was given.

Volume is what was invoiced on resold contracts signed in the year, without what was cancelled or downgraded since, in
the program's currency: bands are amounts of it and nothing is converted. Source: program rules §5.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import OperationalError, transaction
from django.db.models import Sum

from deals.actions.chunks import Skip
from deals.actions.commissions import book_lines
from deals.choices import CommissionKind, DealKind
from deals.models import Commission, Contract
from deals.rules.rebates import RebateInputs, rebate
from partners.choices import PartnerType
from partners.models import Partner, ProgramVersion
from partners.queries.program import calendar_terms, incentive_terms, version_at
from prm.core.actors import Actor
from prm.core.business_time import Quarter, add_months, last_complete_quarter
from prm.core.codes import new_code
from prm.core.explain import to_json

ZERO = Decimal(0)


@dataclass(frozen=True)
class Year:
    """The fiscal year so far: its first day, and the quarter that ended."""

    starts_on: date
    quarter: Quarter

    @classmethod
    def of(cls, on: date, version: ProgramVersion) -> "Year":
        """The year up to the last quarter that was complete on a day."""
        month = calendar_terms(version).fiscal_start_month
        quarter = last_complete_quarter(on, month)
        begins = add_months(quarter.start, -((quarter.start.month - month) % 12))
        return cls(begins, quarter)


def pay_rebates(*, on: date, by: Actor, at: datetime, skip: Skip | None = None) -> int:
    """Grant what the last complete quarter adds to each reseller's rebate; the number of lines written.

    A quarter is settled once for each partner, so a second night changes nothing. Rebates wait for nobody: they are
    payable with the night that grants them. Four statements, and a few for each reseller with volume.
    """
    version = version_at(on)
    year = Year.of(on, version)
    if not incentive_terms(version).rebate_bands:
        return 0
    volumes = volumes_of(year=year, currency=version.currency)
    settled = set(
        Commission.objects.filter(
            kind=CommissionKind.REBATE, partner_id__in=volumes, earned_on=year.quarter.end
        ).values_list("partner_id", flat=True)
    )
    done = 0
    for partner in Partner.objects.filter(pk__in=set(volumes) - settled, type=PartnerType.RESELLER).order_by("pk"):
        try:
            with transaction.atomic():
                line = _rebate_line(partner, volumes[partner.pk], version, year, at)
                done += len(book_lines(lines=[line] if line else [], by=by, at=at))
        except OperationalError:
            raise
        except Exception as error:
            if skip is None:
                raise
            skip(partner.code, error)
    return done


def volumes_of(*, year: Year, currency: str, partner_ids: Iterable[int] | None = None) -> dict[int, Decimal]:
    """Resold revenue of the year up to the quarter's end by partner, in the program's ``currency``. One statement."""
    contracts = Contract.objects.filter(
        deal_kind=DealKind.RESALE,
        currency=currency,
        signed_on__range=(year.starts_on, year.quarter.end),
        opportunity__partner__isnull=False,
    )
    if partner_ids is not None:
        contracts = contracts.filter(opportunity__partner_id__in=list(partner_ids))
    totals = contracts.values("opportunity__partner_id").annotate(total=Sum("opportunity__amount_program"))
    return dict(totals.values_list("opportunity__partner_id", "total"))


def _rebate_line(
    partner: Partner, volume: Decimal, version: ProgramVersion, year: Year, at: datetime
) -> Commission | None:
    """What is due for the quarter, as an unsaved line; None where nothing is. What was voided is not granted again."""
    Partner.objects.select_for_update(no_key=True, of=("self",)).get(pk=partner.pk)
    granted = Commission.objects.filter(
        partner=partner,
        kind=CommissionKind.REBATE,
        currency=version.currency,
        earned_on__range=(year.starts_on, year.quarter.end),
    ).aggregate(total=Sum("amount"))["total"]
    result = rebate(
        RebateInputs(
            volume=volume,
            already_granted=granted or ZERO,
            currency=version.currency,
            bands=incentive_terms(version).rebate_bands,
            period=year.quarter.label,
        )
    )
    if not result.amount:
        return None
    return Commission(
        code=new_code("CM"),
        partner=partner,
        kind=CommissionKind.REBATE,
        source_key=f"rebate:{partner.code}:{version.currency}:{year.quarter.end.isoformat()}",
        program_version=version,
        title=year.quarter.label,
        base_amount=volume,
        amount=result.amount,
        currency=version.currency,
        inputs=result.inputs.to_json(),
        lines=to_json(result.lines),
        earned_on=year.quarter.end,
        triggered_on=year.quarter.end,
        payable_on=year.quarter.end,
        final_on=year.quarter.end,
        created_at=at,
    )
