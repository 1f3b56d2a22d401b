"""Files that a partner adds to a registration."""

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.actions.registrations import RegistrationRefused, lock, must_act_for
from deals.choices import RegistrationStatus
from deals.models import Attachment, Registration
from prm.core.actions import audit
from prm.core.actors import Actor
from prm.core.uploads import accept_upload

MOST_FILES = 20
_CLOSED = (RegistrationStatus.WITHDRAWN, RegistrationStatus.LOST)


@settled
def add_attachment(
    *, registration: Registration, by: Actor, at: datetime, file: UploadedFile, is_evidence: bool = False
) -> Attachment:
    """Check a file and keep it with the registration. UploadRefused says why a file is not taken."""
    person_id = must_act_for(by, registration.partner_id)
    with transaction.atomic():
        mine = lock(registration)
        if mine.status in _CLOSED:
            raise RegistrationRefused(
                "deals.attachment.closed", _("Files can’t be added to a registration that has ended.")
            )
        if mine.attachments.filter(removed_at=None).count() >= MOST_FILES:
            raise RegistrationRefused(
                "deals.attachment.too_many", _("A registration holds at most %(most)s files."), {"most": MOST_FILES}
            )
        stored = accept_upload(file=file, by=by, at=at, organization_id=mine.partner_id)
        attachment = Attachment.objects.create(
            registration=mine, file=stored, is_evidence=is_evidence, added_at=at, added_by_id=person_id
        )
        audit.record(
            code="deals.registration.file_added",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"file": stored.code, "sha256": stored.sha256},
        )
    return attachment


@settled
def remove_attachment(*, attachment: Attachment, by: Actor, at: datetime) -> None:
    """Take a file out of a draft. Once sent, files stay: they are what was decided on."""
    must_act_for(by, attachment.registration.partner_id)
    with transaction.atomic():
        mine = lock(attachment.registration)
        if not mine.is_editable:
            raise RegistrationRefused("deals.attachment.kept", _("Files of a registration that was sent are kept."))
        changed = Attachment.objects.filter(pk=attachment.pk, removed_at=None).update(removed_at=at)
        if changed:
            audit.record(
                code="deals.registration.file_removed",
                by=by,
                at=at,
                ref=mine.ref,
                organization_id=mine.partner_id,
                changes={"file": attachment.file.code},
            )
