"""Which handler hears which event. Apps register in ``AppConfig.ready``; names are stored, never functions."""

from collections.abc import Callable
from datetime import datetime

from prm.core.models import OutboxEvent

Handler = Callable[[OutboxEvent, datetime], None]
_HANDLERS: dict[str, tuple[str, Handler]] = {}


def handles(event_name: str, *, name: str) -> Callable[[Handler], Handler]:
    """Register an idempotent handler, called with the event and the moment of delivery."""

    def register(handler: Handler) -> Handler:
        known = _HANDLERS.get(name)
        if known is not None and known[1].__qualname__ != handler.__qualname__:
            raise ValueError(f"two handlers are called {name!r}")
        _HANDLERS[name] = (event_name, handler)
        return handler

    return register


def handlers_of(event_name: str) -> list[str]:
    """Names of the handlers that want an event."""
    return sorted(name for name, (wanted, _) in _HANDLERS.items() if wanted == event_name)


def handler_named(name: str) -> Handler | None:
    """The function behind a stored name; ``None`` after it was renamed or removed."""
    known = _HANDLERS.get(name)
    return known[1] if known else None


def registered_handlers() -> dict[str, str]:
    """Handler name → event name, for the documentation test."""
    return {name: event for name, (event, _) in sorted(_HANDLERS.items())}
