"""Telling people: a line under the bell, and the same news by mail unless they opted out."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prm.core.actions.mails import new_mail, write_mails
from prm.core.codes import new_code
from prm.core.models import Mail, Membership, Notice, NoticePreference, Organization, SignedLink
from prm.core.refs import Ref, url_for
from prm.core.signed_links import LinkRequest, new_link, purpose_named
from prm.core.topics import TOPICS


def notify(
    *,
    topic: str,
    membership_ids: Iterable[int] | QuerySet,
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

    ``membership_ids`` may be a query of ids. Five statements at most when it is one or a list, however many are told.
    """
    known, wanted = TOPICS[topic], list(links)
    silent = NoticePreference.objects.filter(membership_id=OuterRef("pk"), topic=topic, by_mail=False)
    members = list(
        Membership.objects.active()
        .filter(pk__in=membership_ids if isinstance(membership_ids, QuerySet) else set(membership_ids))
        .select_related("user", "organization")
        .annotate(is_silent=Exists(silent))
        .order_by("pk")
    )
    if not members:
        return []
    vendor = _vendor_among(members)
    notices: list[Notice] = []
    mails: list[Mail] = []
    stored: list[SignedLink] = []
    for member in members:
        audience = "vendor" if member.organization.is_vendor else "partner"
        path = url_for(ref, audience)
        with (
            translation.override(member.user.locale or member.organization.locale),
            timezone.override(ZoneInfo(member.user.time_zone or member.organization.time_zone)),
        ):
            signed: dict[str, str] = {}
            for each in wanted:
                if purpose_named(each.purpose).is_for(member):
                    link, address = new_link(request=each, membership=member, ref=ref, at=at)
                    signed[each.purpose.rpartition(".")[2]] = address
                    stored.append(link)
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
            if not (member.is_silent and known.can_opt_out):
                mails.append(
                    new_mail(
                        topic=topic,
                        membership_id=member.pk,
                        to_email=member.user.email,
                        subject=subject,
                        body_text=text.strip() + "\n",
                        body_html=render_to_string(f"{name}.html", {**values, "subject": subject}),
                        at=at,
                        is_secret=bool(signed),
                    )
                )
    SignedLink.objects.bulk_create(stored)
    write_mails(mails=mails, at=at)
    return Notice.objects.bulk_create(notices)


def notify_address(
    *, topic: str, email: str, organization: Organization, ref: Ref, at: datetime, context: dict
) -> Mail:
    """Tell a mail address of a company that is nobody's sign-in, in the company's language and time zone.

    The same templates as for members, with nobody as ``person``; there is no bell to ring and nothing to opt out of.
    """
    path = url_for(ref, "vendor" if organization.is_vendor else "partner")
    with translation.override(organization.locale), timezone.override(ZoneInfo(organization.time_zone)):
        values = {
            **context,
            "person": None,
            "organization": organization,
            "vendor": _vendor_among([]),
            "url": f"{settings.SITE_URL}{path}" if path else settings.SITE_URL,
            "links": {},
            "ref": ref,
            "topic": TOPICS[topic],
            "site_url": settings.SITE_URL,
            "preferences_url": f"{settings.SITE_URL}/me/preferences/",
        }
        name = f"mail/{topic.replace('.', '/', 1)}"
        subject, _, text = render_to_string(f"{name}.txt", values).strip().partition("\n")
        mail = new_mail(
            topic=topic,
            to_email=email,
            subject=subject,
            body_text=text.strip() + "\n",
            body_html=render_to_string(f"{name}.html", {**values, "subject": subject}),
            at=at,
        )
    write_mails(mails=[mail], at=at)
    return mail


def _vendor_among(members: Iterable[Membership]) -> Organization | None:
    """The vendor, which signs every mail: read along with its own people, else looked up."""
    own = (each.organization for each in members if each.organization.is_vendor)
    return next(own, None) or Organization.objects.filter(kind="vendor").first()
