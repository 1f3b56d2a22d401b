"""What partners are told about their payments."""

from datetime import datetime

from deals.models import PayoutItem
from deals.queries.payouts import lines_of
from prm.core.actions.notices import notify
from prm.core.models import Membership

TOPIC = "deals.payout_paid"
ROLES = ("partner_admin", "partner_finance")
MOST_LINES = 40


def tell_of_payment(*, code: str, at: datetime) -> None:
    """The remittance: what was paid and when, to which account, and the lines it is made of, at most forty of them."""
    item = PayoutItem.objects.select_related("partner__organization", "details", "run").get(code=code)
    lines = [line for line in lines_of([item]).get(item.pk, []) if not line.is_void]
    people = Membership.objects.active().filter(organization_id=item.partner_id, role__in=ROLES)
    notify(
        topic=TOPIC,
        membership_ids=people.values_list("pk", flat=True),
        ref=item.ref,
        at=at,
        context={"item": item, "lines": lines[:MOST_LINES], "more": max(len(lines) - MOST_LINES, 0)},
    )
