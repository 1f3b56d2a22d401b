"""Where a partner is paid and what the tax office is told: entered by the partner, sealed, read in full by finance.

A change is a new row; payouts that left before keep the old one. What was sealed stays so: audit lines, mails and pages
hold masks. Every change is told to the company's admins and to the old address for such notices, so that whoever
takes over a sign-in can't move the money quietly. Source: trust T18, T32; program rules §5, §15.
"""

from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.db import transaction
from django.forms import ValidationError
from django.utils.translation import gettext_lazy as _

from deals.actions.contention import settled
from deals.actions.registrations import IncompleteRefused
from deals.choices import PayoutMethod, TaxForm
from deals.models import PayoutDetails
from partners.models import Partner
from prm.core import bank_accounts
from prm.core.actions import audit, notices, outbox
from prm.core.actors import Actor
from prm.core.bank_accounts import BankAccountError
from prm.core.codes import new_code
from prm.core.models import Membership, StoredFile
from prm.core.refused import Refused
from prm.core.sealing import mask, seal, unseal
from prm.core.uploads import accept_upload

TOPIC = "deals.payout_details_changed"
FORM_KINDS = ("pdf", "image")
_WRONG = {
    "iban": _("This is not an IBAN. Please compare it with your bank statement."),
    "bic": _("This is not a BIC. It has 8 or 11 letters and digits."),
    "routing": _("This is not a routing number. It has 9 digits."),
    "ach_account": _("An account number in the US has 4 to 17 digits."),
    "account": _("An account number has 4 to 34 letters and digits."),
}


class PayoutDetailsRefused(Refused):
    """The details can't be kept or read."""

    code = "deals.payout_details.refused"
    text = _("The payout details can’t be changed.")


class DetailsStaleRefused(PayoutDetailsRefused):
    """Somebody else of the company changed them since the form was opened."""

    code = "deals.payout_details.stale"
    text = _("Somebody of your company changed the details in the meantime. Please look at them first.")


def current_details(partner: Partner) -> PayoutDetails | None:
    """The account that counts now."""
    return PayoutDetails.objects.filter(partner=partner, superseded_at=None).first()


@settled
def save_payout_details(
    *,
    partner: Partner,
    by: Actor,
    at: datetime,
    values: dict[str, Any],
    tax_form_file: UploadedFile | None = None,
    replaces: str = "",
) -> PayoutDetails:
    """Keep a partner's account and tax form as a new row, sealed; the caller has asked for a fresh proof of identity.

    ``values`` are method, account_holder, account, bank, tax_form, tax_id, tax_form_signed_on and notice_email. An
    empty account, bank, tax number or file keeps the one on file, as long as the kind of account or form stays.
    ``replaces`` is the code of the row that the form was opened with: another one now is refused. Raises
    IncompleteRefused with a text for each wrong field, UploadRefused for the file.
    """
    if not (by.is_partner and by.organization_id == partner.pk and by.can("deals.payout_details_edit")):
        raise PayoutDetailsRefused("deals.payout_details.not_allowed", _("You can’t do this for this company."))
    if by.user_id is None:
        raise PayoutDetailsRefused
    with transaction.atomic():
        old = PayoutDetails.objects.select_for_update().filter(partner=partner, superseded_at=None).first()
        if (old.code if old else "") != replaces:
            raise DetailsStaleRefused
        new = _checked(PayoutDetails(code=new_code("PD"), partner=partner), values, old)
        new.created_by_id, new.created_at = by.user_id, at
        if tax_form_file is not None:
            new.tax_form_file = _keep_form(tax_form_file, by, at, partner)
        elif old is not None and old.tax_form == new.tax_form:
            new.tax_form_file = old.tax_form_file
        if old is not None:
            old.superseded_at = at
            old.save(update_fields=["superseded_at"])
        new.save(force_insert=True)
        audit.record(
            code="deals.payout_details.changed" if old else "deals.payout_details.entered",
            by=by,
            at=at,
            ref=new.ref,
            organization_id=partner.pk,
            changes=_masked_changes(old, new),
        )
        outbox.emit(name="deals.payout_details.changed", ref=new.ref, data={"partner_id": partner.pk}, at=at)
        _tell(partner, old, new, by, at)
    return new


def _keep_form(file: UploadedFile, by: Actor, at: datetime, partner: Partner) -> StoredFile:
    return accept_upload(file=file, by=by, at=at, organization_id=partner.pk, kinds=FORM_KINDS, sealed=True)


def _checked(new: PayoutDetails, values: dict[str, Any], old: PayoutDetails | None) -> PayoutDetails:
    """The new row with what was typed, checked and sealed; every wrong field is named at once."""
    wrong: dict[str, Any] = {}
    new.method = str(values.get("method") or "")
    if new.method not in PayoutMethod.values:
        raise IncompleteRefused({"method": _("Please choose how your bank is reached.")})
    new.account_holder = " ".join(str(values.get("account_holder") or "").split())
    if not new.account_holder:
        wrong["account_holder"] = _("Please write the name on the account.")
    account, bank = _account(new, values, old, wrong)
    tax_id = _tax(new, values, old, wrong)
    new.notice_email = str(values.get("notice_email") or "").strip()
    try:
        validate_email(new.notice_email)
    except ValidationError:
        wrong["notice_email"] = _("Please write a mail address.")
    if wrong:
        raise IncompleteRefused(wrong)
    new.account_sealed = seal(account, about=new.sealed_in("account"))
    new.account_mask = _account_mask(new.method, account)
    new.bank_sealed = seal(bank, about=new.sealed_in("bank"))
    new.bank_mask = mask(bank)
    new.tax_id_sealed = seal(tax_id, about=new.sealed_in("tax_id"))
    new.tax_id_mask = mask(tax_id)
    return new


def _account(
    new: PayoutDetails, values: dict[str, Any], old: PayoutDetails | None, wrong: dict[str, Any]
) -> tuple[str, str]:
    typed_account, typed_bank = str(values.get("account") or "").strip(), str(values.get("bank") or "").strip()
    keeps = old is not None and old.method == new.method
    if not typed_account and keeps and old is not None:
        account = unseal(old.account_sealed, about=old.sealed_in("account"))
    else:
        account = _read("account", typed_account, new.method, wrong)
    if new.method == PayoutMethod.SEPA:
        bank = bank_accounts.bic_of_iban(account) if account else ""
        new.country = bank_accounts.country_of_iban(account) if account else ""
        return account, bank
    if not typed_bank and keeps and old is not None:
        bank = unseal(old.bank_sealed, about=old.sealed_in("bank"))
    else:
        bank = _read("bank", typed_bank, new.method, wrong)
    new.country = "US" if new.method == PayoutMethod.ACH else bank[4:6]
    return account, bank


_READERS = {
    (PayoutMethod.SEPA, "account"): bank_accounts.read_iban,
    (PayoutMethod.ACH, "account"): bank_accounts.read_ach_account,
    (PayoutMethod.ACH, "bank"): bank_accounts.read_routing_number,
    (PayoutMethod.WIRE, "account"): bank_accounts.read_account,
    (PayoutMethod.WIRE, "bank"): bank_accounts.read_bic,
}


def _read(name: str, typed: str, method: str, wrong: dict[str, Any]) -> str:
    try:
        return _READERS[PayoutMethod(method), name](typed)
    except BankAccountError as error:
        wrong[name] = _WRONG[error.code]
        return ""


def _tax(new: PayoutDetails, values: dict[str, Any], old: PayoutDetails | None, wrong: dict[str, Any]) -> str:
    new.tax_form = str(values.get("tax_form") or "")
    if new.tax_form not in TaxForm.values:
        wrong["tax_form"] = _("Please choose a form.")
        return ""
    signed_on = values.get("tax_form_signed_on")
    new.tax_form_signed_on = signed_on if isinstance(signed_on, date) and new.tax_form != TaxForm.VAT else None
    if new.tax_form != TaxForm.VAT and new.tax_form_signed_on is None:
        wrong["tax_form_signed_on"] = _("Please write the day on which it was signed.")
    typed = str(values.get("tax_id") or "").strip()
    if not typed and old is not None and old.tax_form == new.tax_form:
        return unseal(old.tax_id_sealed, about=old.sealed_in("tax_id"))
    number = bank_accounts.compact(typed)
    plain = number.isascii() and number.isalnum()
    if new.tax_form == TaxForm.W9 and not (plain and number.isdigit() and len(number) == 9):
        wrong["tax_id"] = _("A number of the US (SSN or EIN) has 9 digits.")
    elif new.tax_form == TaxForm.VAT and not (plain and 6 <= len(number) <= 16 and number[:2].isalpha()):
        wrong["tax_id"] = _("A VAT number begins with the two letters of its country.")
    elif not plain or not 4 <= len(number) <= 30:
        wrong["tax_id"] = _("A tax number has 4 to 30 letters and digits.")
    return "" if "tax_id" in wrong else number


def _account_mask(method: str, account: str) -> str:
    return mask(account, first=4 if method == PayoutMethod.SEPA else 0)


_SHOWN = {
    "method": "method",
    "account_holder": "account_holder",
    "account": "account_mask",
    "bank": "bank_mask",
    "country": "country",
    "tax_form": "tax_form",
    "tax_number": "tax_id_mask",
    "notice_email": "notice_email",
}


def _masked_changes(old: PayoutDetails | None, new: PayoutDetails) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, column in _SHOWN.items():
        before, after = getattr(old, column) if old else "", getattr(new, column)
        if before != after:
            found[name] = [before, after]
    if old is not None and "account" not in found and not _is_same_account(old, new):
        found["account"] = [old.account_mask, new.account_mask]
    if (old.tax_form_file_id if old else None) != new.tax_form_file_id:
        found["tax_form_file"] = new.tax_form_file.code if new.tax_form_file else ""
    return found


def _is_same_account(old: PayoutDetails, new: PayoutDetails) -> bool:
    """Two accounts may look alike once they are masked."""
    return unseal(old.account_sealed, about=old.sealed_in("account")) == unseal(
        new.account_sealed, about=new.sealed_in("account")
    )


def _tell(partner: Partner, old: PayoutDetails | None, new: PayoutDetails, by: Actor, at: datetime) -> None:
    """The company's admins and the old address for notices, which is most probably not in the intruder's hands."""
    context = {"details": new, "before": old, "by_name": by.name, "changed_at": at}
    admins = Membership.objects.active().filter(organization_id=partner.pk, role="partner_admin")
    told = {email.lower() for email in admins.values_list("user__email", flat=True)}
    notices.notify(topic=TOPIC, membership_ids=admins.values_list("pk", flat=True), ref=new.ref, at=at, context=context)
    if old is not None and old.notice_email.lower() not in told:
        notices.notify_address(
            topic=TOPIC,
            email=old.notice_email,
            organization=partner.organization,
            ref=new.ref,
            at=at,
            context=context,
        )


def reveal_payout_details(*, details: PayoutDetails, by: Actor, at: datetime) -> dict[str, str]:
    """Account, bank and tax number in full, for finance only; each look is written into the audit log.

    SealRefused when the key is missing: then nothing was seen, and nothing is written.
    """
    _must_be_finance(by)
    with transaction.atomic():
        full = full_details(details)
        audit.record(
            code="deals.payout_details.seen",
            by=by,
            at=at,
            ref=details.ref,
            organization_id=details.partner_id,
            changes={"account": details.account_mask},
        )
    return full


def open_tax_form(*, details: PayoutDetails, by: Actor, at: datetime) -> StoredFile:
    """The uploaded tax form, for finance only; each download is written into the audit log."""
    _must_be_finance(by)
    if details.tax_form_file is None:
        raise PayoutDetailsRefused("deals.payout_details.no_form", _("There is no tax form."))
    with transaction.atomic():
        audit.record(
            code="deals.payout_details.form_downloaded",
            by=by,
            at=at,
            ref=details.ref,
            organization_id=details.partner_id,
            changes={"file": details.tax_form_file.code},
        )
    return details.tax_form_file


def full_details(details: PayoutDetails) -> dict[str, str]:
    """What is sealed in a row, opened. For the page of finance and the file for the bank; never for anything else."""
    return {
        "account": unseal(details.account_sealed, about=details.sealed_in("account")),
        "bank": unseal(details.bank_sealed, about=details.sealed_in("bank")),
        "tax_id": unseal(details.tax_id_sealed, about=details.sealed_in("tax_id")),
    }


def _must_be_finance(by: Actor) -> None:
    if by.is_system or by.user_id is None or not by.can("deals.payout_details_view"):
        raise PayoutDetailsRefused(
            "deals.payout_details.not_allowed", _("Only finance reads bank and tax details in full.")
        )
