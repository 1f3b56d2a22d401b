"""What people do on pages in more than one journey."""

import time
from datetime import datetime, timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone
from playwright.sync_api import Page

from prm.core.actions import outbox


def fill_in(page: Page, domain: str, name: str) -> None:
    """Type a deal as a seller would."""
    today = timezone.now().date()
    page.get_by_label("Customer’s website").press_sequentially(domain)
    page.get_by_label("Company", exact=True).fill(name)
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("Platform").check()
    page.get_by_label("Amount", exact=True).fill("84000")
    page.get_by_label("Expected close").fill((today + timedelta(days=60)).isoformat())
    page.get_by_label("First contact").fill((today - timedelta(days=2)).isoformat())


def deliver_all(*, at: datetime | None = None) -> None:
    """Do what the worker does: deliver until nothing is due."""
    while outbox.deliver_due(at=at or timezone.now()):
        pass


def age_sign_in(page: Page, seconds: int) -> None:
    """Let time pass since the last proof of who this is."""
    key = next(each["value"] for each in page.context.cookies() if each["name"] == "sessionid")
    session = SessionStore(key)
    session["account_authentication_methods"] = [
        {**each, "at": time.time() - seconds} for each in session["account_authentication_methods"]
    ]
    session.save()
