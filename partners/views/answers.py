"""How views answer when an action says no."""

from collections.abc import Callable

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import HttpRequest

from partners.actions.partners import NotYours, StaleEdit
from prm.core.refused import Refused


def attempt(request: HttpRequest, change: Callable[[], object], done: str, form: Form | None = None) -> bool:
    """Try a change. Says ``done``, or puts the refusal into the form (or the messages); whether it was done.

    Somebody else's partner is a matter of rights: 403. A stale edit is raised on, for a page that shows both values.
    """
    try:
        change()
    except StaleEdit:
        raise
    except NotYours as refusal:
        raise PermissionDenied(refusal.message) from None
    except Refused as refusal:
        if form is not None:
            form.add_error(None, refusal.message)
        else:
            messages.error(request, refusal.message)
        return False
    messages.success(request, done)
    return True


def first_error(form: Form) -> str:
    """The first problem of a small form that has no page of its own."""
    return str(next(iter(form.errors.values()))[0]) if form.errors else ""
