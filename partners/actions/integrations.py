"""Integrations of partners: recorded when they go live, corrected, and ended."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from partners.actions.partners import Conflict, StaleEdit
from partners.actions.records import RecordRefused, check_entry, tell_entry
from partners.choices import RecordSource
from partners.models import Integration, Partner
from prm.core.actors import Actor
from prm.core.codes import new_code

EDITABLE = ("name", "product", "url", "live_on", "ended_on", "evidence")
_MOST = {"name": 150, "product": 120, "url": 200, "evidence": 2000}


class IntegrationRefused(RecordRefused):
    """An integration can't be kept this way."""

    code = "partners.integration.refused"
    text = _("This integration can't be kept.")


class StaleIntegration(StaleEdit):
    """Somebody saved first. ``conflicts`` shows both values; nothing was written."""

    code = "partners.integration.stale"
    text = _(
        "Somebody else changed this integration while you were editing. Both values are shown; save again to keep "
        "yours."
    )


def record_integration(
    *,
    partner: Partner,
    name: str,
    live_on: date,
    evidence: str,
    by: Actor,
    at: datetime,
    product: str = "",
    url: str = "",
    source: str = RecordSource.MANUAL,
) -> Integration:
    """Keep an integration that customers can use since ``live_on``, with what we saw of it.

    Raises RecordRefused for a day in the future, a text or address that can't be used, or the same integration once
    more while it runs.
    """
    values = clean_integration(
        {"name": name, "product": product, "url": url, "live_on": live_on, "ended_on": None, "evidence": evidence}
    )
    with transaction.atomic():
        check_entry(partner, live_on, values["evidence"], by, at)
        integration = Integration(
            code=new_code("IN"), partner=partner, source=source, by_id=by.user_id, created_at=at, **values
        )
        _store(integration)
        tell_entry(
            "partners.integration.recorded", partner, integration.ref, _shown(values), values["evidence"], by, at
        )
    return integration


def change_integration(
    *, integration: Integration, version: int, changes: Mapping[str, Any], reason: str, by: Actor, at: datetime
) -> Integration:
    """Correct what is kept of an integration. ``version`` is the one that the form was opened with.

    An empty ``ended_on`` says that it runs. Raises StaleIntegration with both values when somebody saved in between.
    """
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise ValueError(f"not editable: {', '.join(sorted(unknown))}")
    with transaction.atomic():
        integration = _locked(integration)
        wanted = clean_integration({name: getattr(integration, name) for name in EDITABLE} | dict(changes))
        check_entry(integration.partner, wanted["live_on"], reason, by, at)
        changed = {
            name: [getattr(integration, name), value]
            for name, value in wanted.items()
            if getattr(integration, name) != value
        }
        if not changed:
            return integration
        if integration.version != version:
            conflicts = [Conflict(name, theirs, yours) for name, (theirs, yours) in changed.items()]
            raise StaleIntegration(version=integration.version, conflicts=conflicts)
        return _write(integration, "partners.integration.changed", changed, reason, by, at)


def end_integration(*, integration: Integration, ended_on: date, reason: str, by: Actor, at: datetime) -> Integration:
    """Say from which day on customers no longer have it; a day ahead is an end that is announced."""
    with transaction.atomic():
        integration = _locked(integration)
        check_entry(integration.partner, integration.live_on, reason, by, at)
        if integration.ended_on is not None:
            raise IntegrationRefused("partners.integration.ended", _("This integration has an end already."))
        check_range(integration.live_on, ended_on)
        return _write(integration, "partners.integration.ended", {"ended_on": [None, ended_on]}, reason, by, at)


def clean_integration(values: Mapping[str, Any]) -> dict[str, Any]:
    """Texts trimmed, lengths, address and days checked; IntegrationRefused names the first that can't be used."""
    cleaned = dict(values)
    for name, most in _MOST.items():
        cleaned[name] = cleaned[name].strip() if name == "evidence" else " ".join(cleaned[name].split())
        if len(cleaned[name]) > most:
            raise IntegrationRefused("partners.integration.long", _("A text is longer than %(most)s characters."), {
                "most": most,
            })  # fmt: skip
    if not cleaned["name"]:
        raise IntegrationRefused("partners.integration.name", _("An integration needs a name."))
    if not cleaned["evidence"]:
        raise IntegrationRefused("partners.integration.evidence", _("Please say what shows that it runs."))
    check_address(cleaned["url"])
    check_range(cleaned["live_on"], cleaned["ended_on"])
    return cleaned


def check_address(url: str) -> None:
    """Refuse anything but an https address; none is fine."""
    if url:
        try:
            URLValidator(schemes=["https"])(url)
        except ValidationError:
            raise IntegrationRefused("partners.integration.url", _("The address starts with https://.")) from None


def check_range(live_on: date, ended_on: date | None) -> None:
    """Refuse an end before the first day."""
    if ended_on is not None and ended_on < live_on:
        raise IntegrationRefused("partners.integration.range", _("It can't end before it went live."))


def _locked(integration: Integration) -> Integration:
    rows = Integration.objects.select_for_update(of=("self",)).select_related("partner__organization")
    return rows.get(pk=integration.pk)


def _write(
    integration: Integration, code: str, changed: dict[str, list[Any]], reason: str, by: Actor, at: datetime
) -> Integration:
    for name, (_before, value) in changed.items():
        setattr(integration, name, value)
    integration.version += 1
    _store(integration, [*changed, "version"])
    tell_entry(code, integration.partner, integration.ref, _shown(changed), reason, by, at)
    return integration


def _store(integration: Integration, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            integration.save(update_fields=fields)
    except IntegrityError:
        raise IntegrationRefused(
            "partners.integration.once", _("This partner has a running integration of this name already.")
        ) from None


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the audit keeps: everything but the note, which stands in the record itself."""
    return {name: value for name, value in values.items() if name != "evidence"}
