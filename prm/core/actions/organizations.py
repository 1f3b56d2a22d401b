"""Changing how a company is named and shown."""

from datetime import datetime

from django.db import transaction

from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.models import Organization
from prm.core.refs import Ref

EDITABLE = ("name", "time_zone", "locale", "accent")


def change_organization(*, organization: Organization, values: dict[str, str], by: Actor, at: datetime) -> Organization:
    """Change name, time zone, language or colour; history keeps before and after. Other fields are refused."""
    unknown = set(values) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        organization = Organization.objects.select_for_update(of=("self",)).get(pk=organization.pk)
        changes = {
            field: [getattr(organization, field), value]
            for field, value in values.items()
            if getattr(organization, field) != value
        }
        if changes:
            for field, (_before, after) in changes.items():
                setattr(organization, field, after)
            organization.save(update_fields=list(changes))
            audit.record(
                code="core.organization.changed",
                by=by,
                at=at,
                ref=Ref("core.organization", organization.code),
                organization_id=organization.pk,
                changes=changes,
            )
    return organization
