"""What partners are told about their earnings: one piece of news a night, not one for each line."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.functional import lazystr

from partners.models import Partner
from prm.core.actions.notices import notify
from prm.core.figures import money_text
from prm.core.models import Membership, Notice
from prm.core.refs import Ref

TOPIC = "deals.earnings_moved"
ROLES = ("partner_admin", "partner_finance")


class _Sums:
    """Amounts of several currencies as the reader writes them; blank without any."""

    def __init__(self, sums: Mapping[str, str]) -> None:
        self.sums = sums

    def __str__(self) -> str:
        return " · ".join(money_text(Decimal(amount), currency) for currency, amount in sorted(self.sums.items()))


def tell_of_earnings(*, news: Mapping[str, Any], at: datetime) -> None:
    """The news of one night for one partner; a night that is told already is not told again."""
    partner = Partner.objects.select_related("organization").get(pk=news["partner_id"])
    people = Membership.objects.active().filter(organization_id=partner.pk, role__in=ROLES)
    if Notice.objects.filter(topic=TOPIC, at=at, membership__in=people).exists():
        return
    notify(
        topic=TOPIC,
        membership_ids=people.values_list("pk", flat=True),
        ref=Ref("deals.earnings", partner.code),
        at=at,
        context={
            "day_on": date.fromisoformat(news["on"]),
            "payable": lazystr(_Sums(news["payable"])) if news["payable"] else "",
            "clawed_back": lazystr(_Sums(news["clawed_back"])) if news["clawed_back"] else "",
        },
    )
