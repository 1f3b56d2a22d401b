"""How many people of a partner are certified: what tiers count."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from django.db.models import F

from training.models import Certificate


def certified_people(partner_ids: Iterable[int], on: date) -> dict[int, dict[str, int]]:
    """Distinct current members with a current certificate: partner → kind → people, any kind under "". One statement.

    A certificate counts at the partner through which it was earned, while its holder is a member there.
    """
    rows = (
        Certificate.objects.current(on)
        .filter(
            partner_id__in=list(partner_ids),
            user__memberships__organization_id=F("partner_id"),
            user__memberships__is_active=True,
            user__is_active=True,
        )
        .values_list("partner_id", "kind", "user_id")
        .distinct()
    )
    people: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for partner_id, kind, user_id in rows:
        people[partner_id][kind].add(user_id)
        people[partner_id][""].add(user_id)
    return {partner_id: {kind: len(users) for kind, users in kinds.items()} for partner_id, kinds in people.items()}
