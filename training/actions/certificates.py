"""Certificates entered by hand, revoked, and tied to accounts; what they entitle to is granted along."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from partners.actions.grants import end_grants
from partners.actions.partners import require_change
from partners.choices import GrantSource, RecordSource
from partners.models import Grant, Partner
from partners.queries.program import NoProgramInForce, program_of, program_today, term_set, version_at
from partners.rules.blueprint import Program
from partners.rules.program_terms import read_benefit
from prm.core.actions import audit, outbox
from prm.core.actors import Actor
from prm.core.business_time import add_months
from prm.core.codes import new_code
from prm.core.models import Membership, User
from prm.core.refused import Refused
from training.models import Certificate

PERMISSION = "training.certificate_edit"


class CertificateRefused(Refused):
    """A certificate can't be kept this way."""

    code = "training.certificate.refused"
    text = _("This certificate can't be kept.")


def add_certificate(
    *,
    partner: Partner,
    holder_email: str,
    holder_name: str,
    kind: str,
    valid_from: date,
    by: Actor,
    at: datetime,
    reason: str,
    valid_until: date | None = None,
    number: str = "",
) -> Certificate:
    """Enter a certificate by hand. Without an end it lasts as long as the program says for its kind."""
    require_change(by, partner, at, PERMISSION)
    if not reason.strip():
        raise CertificateRefused("training.certificate.reason_missing", _("Please give a reason."))
    today = program_today(at)
    if valid_from > today:
        raise CertificateRefused("training.certificate.future", _("The certificate can't begin in the future."))
    until = check_kind(kind, valid_from, valid_until, today)
    email = holder_email.strip().lower()
    with transaction.atomic():
        try:
            with transaction.atomic():
                certificate = Certificate.objects.create(
                    code=new_code("CE"),
                    number=number.strip() or new_code("CERT"),
                    partner=partner,
                    user=User.objects.filter(email__iexact=email).first(),
                    holder_name=" ".join(holder_name.split()),
                    holder_email=email,
                    kind=kind,
                    valid_from=valid_from,
                    valid_until=until,
                    source=RecordSource.MANUAL,
                    reason=reason.strip(),
                    by_id=by.user_id,
                    created_at=at,
                )
        except IntegrityError:
            raise CertificateRefused(
                "training.certificate.known", _("This certificate (or its number) is known already.")
            ) from None
        grant_for(certificates=[certificate], on=today, at=at)
        audit.record(
            code="training.certificate.added",
            by=by,
            at=at,
            ref=certificate.ref,
            organization_id=partner.pk,
            changes={"kind": kind, "from": valid_from, "until": until},
            reason=reason.strip(),
        )
        outbox.emit(name="training.certificate.added", ref=certificate.ref, data={"partner_id": partner.pk}, at=at)
    return certificate


def revoke_certificate(*, certificate: Certificate, reason: str, by: Actor, at: datetime) -> Certificate:
    """Take a certificate back from today on; what it entitled to ends the day before."""
    if not reason.strip():
        raise CertificateRefused("training.certificate.reason_missing", _("Please give a reason."))
    with transaction.atomic():
        certificate = (
            Certificate.objects.select_for_update(of=("self",)).select_related("partner").get(pk=certificate.pk)
        )
        require_change(by, certificate.partner, at, PERMISSION)
        if certificate.revoked_on is not None:
            raise CertificateRefused("training.certificate.revoked", _("This certificate was revoked already."))
        today = program_today(at)
        certificate.revoked_on, certificate.revoked_reason = today, reason.strip()
        certificate.save(update_fields=["revoked_on", "revoked_reason"])
        end_grants(
            source_kind=GrantSource.CERTIFICATE,
            source_codes=[certificate.code],
            last_day=today - timedelta(days=1),
            by=by,
            at=at,
        )
        audit.record(
            code="training.certificate.revoked",
            by=by,
            at=at,
            ref=certificate.ref,
            organization_id=certificate.partner_id,
            changes={"revoked_on": today},
            reason=reason.strip(),
        )
        outbox.emit(
            name="training.certificate.revoked",
            ref=certificate.ref,
            data={"partner_id": certificate.partner_id},
            at=at,
        )
    return certificate


def link_certificates(*, at: datetime) -> int:
    """Tie certificates to accounts that came to be after them; the number tied. Meant for the night; one statement."""
    account = User.objects.annotate(lower=Lower("email")).filter(lower=OuterRef("holder_email")).values("pk")[:1]
    waiting = Certificate.objects.filter(user=None)
    return waiting.filter(holder_email__in=User.objects.annotate(lower=Lower("email")).values("lower")).update(
        user_id=Subquery(account)
    )


def refresh_certificate_grants(*, on: date, at: datetime) -> int:
    """What certificates entitle to, brought in line with who is certified on a day; grants given and ended.

    A grant lives while its certificate is current and its holder a member, so it follows people who join, leave or
    come back. Meant for the night. A constant number of statements.
    """
    try:
        kinds = {each.code for each in term_set(version_at(on), "certificates").kinds if each.grants}
    except NoProgramInForce:
        return 0
    counting = list(Certificate.objects.current(on).filter(kind__in=kinds).filter(pk__in=_held_by_members()))
    with transaction.atomic():
        given = grant_for(certificates=counting, on=on, at=at)
        stale = (
            Grant.objects.filter(source_kind=GrantSource.CERTIFICATE, valid_from__lt=on)
            .exclude(valid_until__lt=on)
            .exclude(source_code__in=[each.code for each in counting])
        )
        ended = stale.update(valid_until=on - timedelta(days=1))
    return given + ended


def grant_for(*, certificates: Sequence[Certificate], on: date, at: datetime) -> int:
    """Give what certificates of members entitle to and is not held yet; the number of grants given."""
    if not certificates:
        return 0
    try:
        version = version_at(on)
    except NoProgramInForce:
        return 0
    program = program_of(version)
    members = set(
        Membership.objects.active()
        .filter(user_id__in=[each.user_id for each in certificates if each.user_id])
        .values_list("user_id", "organization_id")
    )
    held = set(
        Grant.objects.filter(
            source_kind=GrantSource.CERTIFICATE,
            source_code__in=[each.code for each in certificates],
            valid_until__gte=on,
        ).values_list("source_code", "entitlement")
    )
    grants = [
        Grant(
            partner_id=certificate.partner_id,
            entitlement=benefit,
            value=value,
            rank=rank,
            source_kind=GrantSource.CERTIFICATE,
            source_code=certificate.code,
            version=version,
            valid_from=max(certificate.valid_from, on),
            valid_until=certificate.valid_until,
            created_at=at,
        )
        for certificate in certificates
        if certificate.is_current(on) and (certificate.user_id, certificate.partner_id) in members
        for benefit, value, rank in _worth(program, certificate.kind)
        if (certificate.code, benefit) not in held
    ]
    Grant.objects.bulk_create(grants, ignore_conflicts=True, batch_size=2000)
    return len(grants)


def check_kind(kind: str, valid_from: date, valid_until: date | None, on: date) -> date:
    """The last day of a certificate of this kind; raises CertificateRefused for an unknown kind or a bad range."""
    entry = term_set(version_at(on), "certificates").kind(kind)
    if entry is None:
        raise CertificateRefused(
            "training.certificate.kind_unknown", _("The program knows no certificate %(kind)s."), {"kind": kind}
        )
    until = valid_until or _last_day(valid_from, entry.months)
    if until < valid_from:
        raise CertificateRefused("training.certificate.range", _("The last day must not lie before the first."))
    return until


def _last_day(valid_from: date, months: int) -> date:
    return add_months(valid_from, months) - timedelta(days=1)


def _held_by_members() -> QuerySet:
    return Certificate.objects.filter(
        user__memberships__organization_id=F("partner_id"), user__memberships__is_active=True, user__is_active=True
    ).values("pk")


def _worth(program: Program, kind: str) -> list[tuple[str, str, int]]:
    entry = program.topics["certificates"].kind(kind)
    worth = []
    for grant in entry.grants if entry else ():
        benefit = program.benefit(grant.benefit)
        read = read_benefit(benefit.head, grant.value, grant.benefit) if benefit else None
        if read:
            worth.append((grant.benefit, *read))
    return worth
