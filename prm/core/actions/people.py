"""What people change about themselves: profile, read marks, mail preferences."""

from datetime import datetime

from django.db import transaction

from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.models import Notice, NoticePreference, User
from prm.core.refs import Ref


def change_profile(*, user: User, name: str, time_zone: str, locale: str, by: Actor, at: datetime) -> User:
    """Change how the product names and addresses a person. History keeps which fields, not their names."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=user.pk)
        wanted = {"name": name.strip(), "time_zone": time_zone, "locale": locale}
        changed = [field for field, value in wanted.items() if getattr(user, field) != value]
        if changed:
            for field in changed:
                setattr(user, field, wanted[field])
            user.save(update_fields=changed)
            audit.record(
                code="core.user.profile_changed",
                by=by,
                at=at,
                ref=Ref("core.user", str(user.pk)),
                organization_id=by.organization_id,
                changes={"fields": changed},
            )
    return user


def mark_notices_read(*, by: Actor, at: datetime, codes: list[str] | None = None) -> int:
    """Mark the reader's own notices as read, some or all; the number marked."""
    notices = Notice.objects.visible_to(by).unread()
    if codes is not None:
        notices = notices.filter(code__in=codes)
    return notices.update(read_at=at)


def choose_mail_topics(*, by: Actor, at: datetime, offered: list[str], wanted: list[str]) -> None:
    """Keep which of the offered topics the member wants by mail; the notices in the product stay."""
    if by.membership_id is None:
        raise ValueError("only a member has preferences")
    member = by.membership_id
    with transaction.atomic():
        NoticePreference.objects.filter(membership_id=member, topic__in=offered).delete()
        NoticePreference.objects.bulk_create(
            NoticePreference(membership_id=member, topic=topic, by_mail=False)
            for topic in offered
            if topic not in wanted
        )
        audit.record(
            code="core.membership.preferences_changed",
            by=by,
            at=at,
            ref=Ref("core.user", str(by.user_id)),
            organization_id=by.organization_id,
            changes={"not_by_mail": sorted(set(offered) - set(wanted))},
        )
