"""Telling people: a line under the bell, and the same news by mail unless they opted out."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prm.core.actions.mails import write_mail
from prm.core.codes import new_code
from prm.core.models import Membership, Notice, NoticePreference, Organization
from prm.core.refs import Ref, url_for
from prm.core.signed_links import LinkRequest, make_link, purpose_named
from prm.core.topics import TOPICS


def notify(
    *,
    topic: str,
    membership_ids: Iterable[int],
    ref: Ref,
    at: datetime,
    context: dict,
    links: Iterable[LinkRequest] = (),
) -> list[Notice]:
    """Tell each active member once, in their own language and time zone.

    ``templates/mail/<app>/<topic>.txt`` holds the subject in its first line and the text below;
    ``.html`` beside it the same for people. ``links`` are signed, single-purpose links made for each reader
    whose role may use it and given to the templates by the last word of its purpose. A topic must be known to
    ``prm.core.topics``.
    """
    known, wanted = TOPICS[topic], list(links)
    members = list(
        Membership.objects.active()
        .filter(pk__in=set(membership_ids))
        .select_related("user", "organization")
        .order_by("pk")
    )
    silent = set(
        NoticePreference.objects.filter(membership__in=members, topic=topic, by_mail=False).values_list(
            "membership_id", flat=True
        )
    )
    vendor = Organization.objects.filter(kind="vendor").first()
    notices = []
    for member in members:
        audience = "vendor" if member.organization.is_vendor else "partner"
        path = url_for(ref, audience)
        with (
            translation.override(member.user.locale or member.organization.locale),
            timezone.override(ZoneInfo(member.user.time_zone or member.organization.time_zone)),
        ):
            signed = {
                each.purpose.rpartition(".")[2]: make_link(request=each, membership=member, ref=ref, at=at)
                for each in wanted
                if purpose_named(each.purpose).is_for(member)
            }
            values = {
                **context,
                "person": member.user,
                "organization": member.organization,
                "vendor": vendor,
                "url": f"{settings.SITE_URL}{path}" if path else settings.SITE_URL,
                "links": signed,
                "ref": ref,
                "topic": known,
                "site_url": settings.SITE_URL,
                "preferences_url": f"{settings.SITE_URL}/me/preferences/",
            }
            name = f"mail/{topic.replace('.', '/', 1)}"
            subject, _, text = render_to_string(f"{name}.txt", values).strip().partition("\n")
            notices.append(
                Notice(
                    code=new_code("NT"),
                    membership=member,
                    topic=topic,
                    ref_kind=ref.kind,
                    ref_code=ref.code,
                    title=subject[:250],
                    url=path,
                    at=at,
                )
            )
            if member.pk not in silent or not known.can_opt_out:
                write_mail(
                    topic=topic,
                    membership_id=member.pk,
                    to_email=member.user.email,
                    subject=subject,
                    body_text=text.strip() + "\n",
                    body_html=render_to_string(f"{name}.html", {**values, "subject": subject}),
                    at=at,
                    is_secret=bool(signed),
                )
    return Notice.objects.bulk_create(notices)
