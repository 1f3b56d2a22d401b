"""Paying partners: accounts and tax forms, a run each month, one that failed in part, and one that waits for Vera."""

import io
from datetime import date, datetime, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile
from pypdf import PdfWriter
from schwifty import IBAN

from deals.actions import payout_items, payout_runs
from deals.actions.payout_details import current_details, save_payout_details
from deals.models import PayoutRun
from deals.queries.payouts import due_by_currency, preview
from deals.queries.program import program_at
from prm.core.business_time import add_months
from prm.core.middleware import actor_for
from prm.demo.cast import PARTNERS, RIVAL, Profile
from prm.demo.stage import Stage, deliver

MONTHS = 11
PAYDAY = 5
# Nobody can be perfect: these have no account yet, and one gave no tax form.
WITHOUT_ACCOUNT = {"Orbit IT", "Severn Systems", "Armor Informatique", "Zenith Start"}
WITHOUT_FORM = {"Meridian Global"}
MONTH_THAT_FAILS = 3
_EURO = {"DE", "AT", "IT", "EE", "FI", "ES", "PT", "FR", "IE", "NL"}


def plan_payouts(stage: Stage) -> None:
    """Accounts a year ago, then a run on the fifth of each month; Rival moves its account half a year ago."""
    since = max(stage.start, stage.today - timedelta(days=370))
    for profile in PARTNERS:
        if profile.signed is None or profile.status != "active" or profile.name in WITHOUT_ACCOUNT:
            continue
        joined = add_months(stage.today, -profile.signed)
        day = max(since, joined + timedelta(days=3))
        stage.plan(stage.moment(day, 9.5), lambda at, profile=profile: enter_details(stage, profile, at))
    moved = next(profile for profile in PARTNERS if profile.name == RIVAL)
    stage.plan(stage.moment(stage.today - timedelta(days=180), 10), lambda at: enter_details(stage, moved, at))
    for back in range(MONTHS, -1, -1):
        payday = add_months(stage.today.replace(day=PAYDAY), -back)
        fails = back == MONTH_THAT_FAILS
        stage.plan(stage.moment(payday, 9), lambda at, fails=fails: _pay(stage, at, fails))


def enter_details(stage: Stage, profile: Profile, at: datetime) -> None:
    """What the company's admin types: a made-up account of its country, and the form that its country asks for."""
    partner = stage.partners[profile.name]
    admin = next((member for member in stage.members[profile.name] if member.role == "partner_admin"), None)
    if admin is None:
        return
    before = current_details(partner)
    form = "w9" if profile.country == "US" else "vat" if profile.country in _EURO else "w8bene"
    needs_file = form != "vat" and profile.name not in WITHOUT_FORM
    save_payout_details(
        partner=partner,
        by=actor_for(admin.user, admin),
        at=at,
        values={
            **_account(stage, profile),
            "account_holder": profile.name,
            "tax_form": form,
            "tax_id": f"{profile.country}{stage.chance.randrange(10**8, 10**9)}"
            if form != "w9"
            else str(stage.chance.randrange(10**8, 10**9)),
            "tax_form_signed_on": at.date() - timedelta(days=20),
            "notice_email": f"accounts@{profile.domain}",
        },
        tax_form_file=SimpleUploadedFile(f"{form}.pdf", _blank_page(), "application/pdf") if needs_file else None,
        replaces=before.code if before else "",
    )


def _account(stage: Stage, profile: Profile) -> dict[str, str]:
    digits = str(stage.chance.randrange(10**8, 10**9))
    if profile.country == "US":
        return {"method": "ach", "account": digits, "bank": "021000021"}
    if profile.country == "CA":
        return {"method": "wire", "account": digits, "bank": "ROYCCAT2"}
    iban = IBAN.random(country_code=profile.country, random=stage.chance, use_registry=False)
    return {"method": "sepa", "account": str(iban), "bank": ""}


def _blank_page() -> bytes:
    out, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(width=595, height=842)
    writer.write(out)
    return out.getvalue()


def _pay(stage: Stage, at: datetime, fails: bool) -> None:
    """Finn prepares a run in every currency, Vera approves it, the bank carries it out two days later."""
    for due in due_by_currency(at.date()):
        run = _ask(stage, due.currency, at) if due.run is None else None
        if run is None:
            continue
        approved = at + timedelta(hours=4)
        payout_runs.approve_run(run=run, by=stage.by("Vera Holm"), at=approved)
        payout_runs.process_run(code=run.code, at=approved + timedelta(minutes=2))
        _settle(stage, run, approved + timedelta(days=2), fails)
    deliver(at)


def _ask(stage: Stage, currency: str, at: datetime) -> PayoutRun | None:
    if not preview(program=program_at(at), currency=currency, through=at.date()).included:
        return None
    finn = stage.by("Finn Walsh")
    return payout_runs.request_run(currency=currency, through=at.date(), by=finn, at=at, note=_note(at.date()))


def _note(day: date) -> str:
    return f"Monthly run of {day:%B %Y}."


def _settle(stage: Stage, run: PayoutRun, at: datetime, fails: bool) -> None:
    """The bank's answer; in one month it returns a payment, which is sent again the day after."""
    if at > stage.now:
        return
    finn = stage.by("Finn Walsh")
    first = run.items.filter(status="ready").order_by("pk").first()
    if fails and first is not None:
        payout_items.fail_item(item=first, by=finn, at=at, failure="AC04 account closed")
        payout_items.retry_items(run=run, by=finn, at=at + timedelta(days=1))
        payout_runs.process_run(code=run.code, at=at + timedelta(days=1, minutes=2))
    day = at + timedelta(days=2) if fails else at
    if run.items.filter(status="ready").exists():
        payout_items.confirm_paid(run=run, by=finn, at=min(day, stage.now), paid_on=min(day, stage.now).date())


def set_waiting_run(stage: Stage) -> None:
    """What Vera finds on her desk: the run that Finn prepared this morning."""
    at = stage.working_ago(3)
    for due in due_by_currency(at.date()):
        if due.run is None and _ask(stage, due.currency, at) is not None:
            return
