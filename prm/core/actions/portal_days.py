"""Keeping on which days a member used the portal: by signing in, or by acting through a link in a mail."""

from datetime import datetime

from prm.core.business_time import local_date
from prm.core.models import Organization, PortalDay


def note_portal_day(*, membership_id: int, organization: Organization, at: datetime) -> None:
    """Keep the day, by the company's own calendar; a day that is known already stays as it is."""
    PortalDay.objects.bulk_create(
        [
            PortalDay(
                membership_id=membership_id,
                organization_id=organization.pk,
                day=local_date(at, organization.time_zone),
            )
        ],
        ignore_conflicts=True,
    )
