"""What a partner does with its registrations: draft, submit, answer, appeal, withdraw."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from deals.actions import claims, opportunities
from deals.actions.checks import check_registration, outcome_of
from deals.actions.contention import settled
from deals.actions.work import links_to_decide, open_vendor_work, restart_decision_clock
from deals.choices import LostReason, RegistrationStatus
from deals.kinds import DECISION, INFO
from deals.models import Appeal, Registration
from deals.queries.program import Program, program_at
from deals.rules.accounts import AccountError, account_keys
from deals.rules.states import REGISTRATION, appeal_rank, may_appeal
from partners.models import Partner
from prm.core.actions import audit, outbox, work_items
from prm.core.actors import Actor
from prm.core.codes import new_code, read_code
from prm.core.models import AuditEntry
from prm.core.refused import Refused
from prm.core.roles import ROLES

# What a partner may write. Everything else (state, dates of protection, partner, decisions) is set by actions.
WRITABLE = (
    "customer_name",
    "customer_domain",
    "customer_country",
    "customer_address",
    "contact_name",
    "contact_title",
    "contact_email",
    "contact_phone",
    "amount",
    "currency",
    "term_months",
    "expected_close_on",
    "first_contact_on",
    "stage",
    "competitor",
    "engagement",
    "quote_sent",
    "quote_sent_on",
    "source_code",
    "notes",
)
REQUIRED = ("customer_name", "customer_country", "amount", "currency", "expected_close_on", "first_contact_on")
ACCOUNT_FIELDS = frozenset({"customer_name", "customer_domain", "customer_country", "products"})


class RegistrationRefused(Refused):
    """The registration can't be changed like that."""

    code = "deals.registration.refused"
    text = _("This registration can’t be changed like that.")


class IncompleteRefused(RegistrationRefused):
    """Something is missing or can't be read; ``fields`` says what, by field."""

    code = "deals.registration.incomplete"
    text = _("Some fields are missing or can’t be read.")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__()
        self.fields = dict(fields)


class NotEntitledRefused(RegistrationRefused):
    """The company's tier and certificates do not include registering deals."""

    code = "deals.registration.not_entitled"
    text = _("Your company can’t register deals yet. You can refer this customer instead.")


class StaleRefused(RegistrationRefused):
    """Somebody saved the registration since the form was opened."""

    code = "deals.registration.stale"
    text = _("This registration was changed since you opened it.")


def lock(registration: Registration, *, version: int | None = None) -> Registration:
    """The row, locked until the transaction ends, with its partner; refused when the form was older than it."""
    rows = Registration.objects.select_for_update(of=("self",)).select_related("partner__organization")
    locked = rows.filter(pk=registration.pk).first()
    if locked is None:
        raise Registration.DoesNotExist
    if version is not None and version != locked.version:
        raise StaleRefused(values={"version": locked.version, "state": locked.status})
    return locked


def must_act_for(by: Actor, partner_id: int, permission: str = "deals.registration_create") -> int:
    """A partner's person acts only for the company in use, and only with the right; gives who it is."""
    if not (by.is_partner and by.organization_id == partner_id and by.can(permission)) or by.user_id is None:
        raise RegistrationRefused("deals.registration.not_allowed", _("You can’t do this for this company."))
    return by.user_id


@settled
def save_draft(
    *,
    partner: Partner,
    by: Actor,
    at: datetime,
    code: str = "",
    registration: Registration | None = None,
    values: Mapping[str, Any],
    products: Iterable[Any] | None = None,
    version: int | None = None,
) -> Registration:
    """Keep what was typed, complete or not. Nothing is checked and no account is taken.

    ``code`` names a draft that the form already knows, so that the same form saved twice makes one draft. Raises
    StaleRefused, with what is saved now, when another window saved something else in between, and TransitionRefused
    once it was sent.
    """
    person_id = must_act_for(by, partner.pk)
    fields = {name: value for name, value in values.items() if name in WRITABLE}
    with transaction.atomic():
        if registration is None and code:
            registration = Registration.objects.filter(code=read_code(code), partner=partner).first()
        if registration is None:
            return _start_draft(partner, person_id, by, at, code, fields, products)
        draft = lock(registration)
        must_act_for(by, draft.partner_id)
        REGISTRATION.target(draft.status, "submit")
        changed = [name for name, value in fields.items() if getattr(draft, name) != value]
        if version is not None and version != draft.version and changed:
            saved = {name: getattr(draft, name) for name in changed}
            raise StaleRefused(values={"version": draft.version, "state": draft.status, "saved": saved})
        for name in changed:
            setattr(draft, name, fields[name])
        if products is not None and set(products) != set(draft.products.all()):
            draft.products.set(products)
            changed.append("products")
        if changed:
            draft.version += 1
            draft.saved_at = at
            draft.save(update_fields=[*(name for name in changed if name != "products"), "version", "saved_at"])
        return draft


def _start_draft(
    partner: Partner, person_id: int, by: Actor, at: datetime, code: str, fields: dict, products: Iterable[Any] | None
) -> Registration:
    draft = Registration(
        code=read_code(code) or new_code("DR"),
        partner=partner,
        created_by_id=person_id,
        created_at=at,
        saved_at=at,
        **fields,
    )
    draft.save(force_insert=True)
    if products:
        draft.products.add(*products)
    audit.record(code="deals.registration.started", by=by, at=at, ref=draft.ref, organization_id=partner.pk)
    return draft


@settled
def submit_registration(
    *, registration: Registration, by: Actor, at: datetime, version: int | None = None, program: Program | None = None
) -> Registration:
    """Send a complete draft in: takes the account, starts the decision clock, tells who decides.

    The account goes to whoever is first; a second one is kept "in conflict" without it and learns only that the
    account is not available. ``program`` is the one in force, where the caller has read it for this moment already.
    Raises NotEntitledRefused, IncompleteRefused, StaleRefused or TransitionRefused.
    """
    must_act_for(by, registration.partner_id)
    program = program or program_at(at)
    with transaction.atomic():
        sent = lock(registration, version=version)
        target = REGISTRATION.target(sent.status, "submit")
        if not (sent.partner.is_active and program.entitlement(sent.partner_id, "deal_registration").granted):
            raise NotEntitledRefused
        prefetch_related_objects([sent], "products")
        must_be_complete(sent, program)
        set_keys(sent)
        # the claim first: who loses the race waits for the other's commit and then finds it in the check
        sent.in_conflict = not claims.take_claims(registration=sent, at=at)
        verdict = check_registration(registration=sent, program=program, at=at)
        sent.conflict_outcome = outcome_of(verdict, in_conflict=sent.in_conflict)
        sent.status, sent.submitted_at, sent.submitted_by_id = target, at, by.user_id
        sent.program_version = program.version
        sent.saved_at = at
        sent.version += 1
        sent.save()
        item = open_vendor_work(
            kind=DECISION,
            ref=sent.ref,
            thing=sent,
            title=_title(sent),
            program=program,
            hours=program.terms.sla_hours,
            at=at,
            topic="deals.registration_submitted",
            links=links_to_decide(sent),
        )
        audit.record(
            code="deals.registration.submitted",
            by=by,
            at=at,
            ref=sent.ref,
            organization_id=sent.partner_id,
            changes={
                "status": [RegistrationStatus.DRAFT, target],
                "due_at": item.due_at,
                "in_conflict": sent.in_conflict,
                "outcome": sent.conflict_outcome,
            },
        )
        outbox.emit(
            name="deals.registration.submitted",
            ref=sent.ref,
            data={"partner_id": sent.partner_id, "in_conflict": sent.in_conflict},
            at=at,
        )
    return sent


def must_be_complete(registration: Registration, program: Program) -> None:
    """All that a decision needs is there and makes sense on this day."""
    missing: dict[str, Any] = {
        name: _("Please fill this in.") for name in REQUIRED if getattr(registration, name) in (None, "")
    }
    if not registration.products.exists():
        missing["products"] = _("Please choose at least one product.")
    if registration.amount is not None and registration.amount <= 0:
        missing["amount"] = _("The amount must be above zero.")
    if registration.first_contact_on and registration.first_contact_on > program.today:
        missing["first_contact_on"] = _("The first contact can’t be in the future.")
    if registration.expected_close_on and registration.expected_close_on < program.today:
        missing["expected_close_on"] = _("The expected close can’t be in the past.")
    if registration.quote_sent_on and registration.quote_sent_on > program.today:
        missing["quote_sent_on"] = _("The quote can’t have been sent in the future.")
    if missing:
        raise IncompleteRefused(missing)


_KEY_ERRORS = {
    "domain": ("customer_domain", _("This is not a website address. It looks like example.com.")),
    "suffix": ("customer_domain", _("This address belongs to no single company.")),
    "name": ("customer_name", _("The company’s name needs at least one letter or digit.")),
    "country": ("customer_country", _("Please choose a country.")),
}


def set_keys(thing: Any) -> None:
    """Compute the keys that matching compares; IncompleteRefused at the field that can't be read."""
    try:
        keys = account_keys(domain=thing.customer_domain, name=thing.customer_name, country=thing.customer_country)
    except AccountError as error:
        field, text = _KEY_ERRORS[error.code]
        raise IncompleteRefused({field: text}) from error
    thing.domain_key, thing.name_key, thing.plain_name = keys.domain_key, keys.name_key, keys.name
    thing.key_version = keys.version
    if isinstance(thing, Registration):
        thing.account_key = keys.claim


@settled
def answer_info(
    *,
    registration: Registration,
    by: Actor,
    at: datetime,
    answer: str,
    values: Mapping[str, Any],
    products: Iterable[Any] | None = None,
    version: int | None = None,
) -> Registration:
    """Give back what was asked for: only the fields named in the question can change; the clock goes on.

    Another customer or product means another account: the claim on the old one ends and the new one is taken if it
    is free, with the moment of the answer.
    """
    must_act_for(by, registration.partner_id)
    program = program_at(at)
    with transaction.atomic():
        mine = lock(registration, version=version)
        target = REGISTRATION.target(mine.status, "answer")
        asked = mine.info_requests.get(closed_at=None)
        open_fields = set(asked.fields)
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name in open_fields and name in WRITABLE and getattr(mine, name) != value:
                changes[name] = [getattr(mine, name), value]
                setattr(mine, name, value)
        if products is not None and "products" in open_fields and set(products) != set(mine.products.all()):
            mine.products.set(products)
            changes["products"] = [product.code for product in products]
        if not (answer.strip() or changes):
            raise IncompleteRefused({"answer": _("Please answer, or change one of the fields.")})
        must_be_complete(mine, program)
        before = mine.account_key
        set_keys(mine)
        if mine.account_key != before or "products" in changes:
            claims.end_claims(registration_ids=[mine.pk], because="changed", at=at)
            mine.in_conflict = not claims.take_claims(registration=mine, at=at)
        if ACCOUNT_FIELDS & set(changes):
            verdict = check_registration(registration=mine, program=program, at=at)
            mine.conflict_outcome = outcome_of(verdict, in_conflict=mine.in_conflict)
        mine.status, mine.saved_at = target, at
        mine.version += 1
        mine.save()
        asked.answer, asked.answered_at, asked.answered_by_id, asked.closed_at = answer.strip(), at, by.user_id, at
        asked.save(update_fields=["answer", "answered_at", "answered_by", "closed_at"])
        restart_decision_clock(registration=mine, program=program, at=at)
        work_items.close_work_items(ref=mine.ref, kind=INFO, outcome="answered", by=by, at=at)
        audit.record(
            code="deals.registration.answered",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"status": [RegistrationStatus.INFO_REQUESTED, target], "answer": answer.strip(), **changes},
        )
        outbox.emit(name="deals.registration.answered", ref=mine.ref, data={"partner_id": mine.partner_id}, at=at)
    return mine


@settled
def withdraw_registration(
    *, registration: Registration, by: Actor, at: datetime, reason: str = "", version: int | None = None
) -> Registration:
    """Take a registration back. The account is free again at once; an opportunity it made is lost.

    With ``version``, whoever withdraws a waiting registration in the moment of its approval is told first.
    """
    must_act_for(by, registration.partner_id)
    with transaction.atomic():
        mine = lock(registration, version=version)
        before, target = mine.status, REGISTRATION.target(mine.status, "withdraw")
        if before == RegistrationStatus.APPROVED:
            opportunities.lose_with_registration(registration=mine, reason=LostReason.OTHER, by=by, at=at)
        close_down(mine, target=target, because="withdrawn", by=by, at=at)
        audit.record(
            code="deals.registration.withdrawn",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"status": [before, target], "note": reason.strip()},
        )
        outbox.emit(name="deals.registration.withdrawn", ref=mine.ref, data={"partner_id": mine.partner_id}, at=at)
    return mine


def close_down(registration: Registration, *, target: str, because: str, by: Actor, at: datetime) -> None:
    """End a registration in a state: free the account, close what waits, keep the moment."""
    claims.end_claims(registration_ids=[registration.pk], because=because, at=at)
    registration.info_requests.filter(closed_at=None).update(closed_at=at)
    registration.extension_requests.filter(status="requested").update(status="declined", decided_at=at)
    work_items.close_work_items(ref=registration.ref, outcome=because, by=by, at=at)
    registration.status, registration.closed_at = target, at
    registration.version += 1
    registration.save(update_fields=["status", "closed_at", "version"])


@settled
def appeal_registration(*, registration: Registration, by: Actor, at: datetime, grounds: str) -> Registration:
    """Ask once for a second look at a rejection, with evidence; the next rank decides, with a fresh clock."""
    person_id = must_act_for(by, registration.partner_id)
    if not grounds.strip():
        raise IncompleteRefused({"grounds": _("Please say what speaks for your registration.")})
    program = program_at(at)
    with transaction.atomic():
        mine = lock(registration)
        target = REGISTRATION.target(mine.status, "appeal")
        if not may_appeal(mine.status, mine.appeals.count(), program.terms):
            raise RegistrationRefused(
                "deals.registration.appealed_already", _("A rejection can be appealed once only.")
            )
        role = appeal_rank(_role_of_decider(mine), program.terms)
        Appeal.objects.create(registration=mine, grounds=grounds.strip(), role=role, filed_at=at, filed_by_id=person_id)
        mine.in_conflict = not claims.take_claims(registration=mine, at=at)
        verdict = check_registration(registration=mine, program=program, at=at)
        mine.conflict_outcome = outcome_of(verdict, in_conflict=mine.in_conflict)
        mine.status, mine.closed_at = target, None
        mine.version += 1
        mine.save(update_fields=["status", "closed_at", "version", "in_conflict", "conflict_outcome"])
        open_vendor_work(
            kind=DECISION,
            ref=mine.ref,
            thing=mine,
            title=str(_("Appeal: %(name)s") % {"name": mine.customer_name}),
            program=program,
            hours=program.terms.sla_hours,
            at=at,
            role=role,
            step=2,
            topic="deals.registration_appealed",
            words={"grounds": grounds.strip()},
        )
        audit.record(
            code="deals.registration.appealed",
            by=by,
            at=at,
            ref=mine.ref,
            organization_id=mine.partner_id,
            changes={"status": [RegistrationStatus.REJECTED, target], "note": grounds.strip(), "role": role},
        )
        outbox.emit(
            name="deals.registration.appealed", ref=mine.ref, data={"partner_id": mine.partner_id, "role": role}, at=at
        )
    return mine


def _role_of_decider(registration: Registration) -> str:
    """The role in which somebody rejected it, from the audit line of the rejection."""
    role = (
        AuditEntry.objects.filter(
            ref_kind="deals.registration", ref_code=registration.code, code="deals.registration.rejected"
        )
        .order_by("-pk")
        .values_list("actor_role", flat=True)
        .first()
    )
    return role if role in ROLES else ""


def _title(registration: Registration) -> str:
    return str(_("Registration: %(name)s") % {"name": registration.customer_name})
