"""Log lines with the request's id and without secrets: JSON in production, plain text elsewhere.

Two nets against secrets: fields are masked by their names, and texts by what a secret looks like wherever it stands,
because a token in an address or an error message has no field name.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog

MASK = "•••"
_SECRET_FIELDS = re.compile(
    r"password|passwd|token|secret|authorization|cookie|iban|tax_id|api_?key|otp|recovery|csrf|session_?key",
    re.IGNORECASE,
)
_SECRET_TEXTS = [
    # tokens in addresses: invitations, signed links, password resets, confirmations
    (re.compile(r"(?<=/)(?=[A-Za-z0-9_-]*[A-Za-z])[A-Za-z0-9_:-]{24,}(?=/|\s|$|\"|')"), MASK),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),
    (
        re.compile(r"(?i)\b(password|passwd|secret|token|api_?key|sessionid|csrftoken)(=|:\s*|%3D)[^\s&,;'\"]+"),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?\b"), MASK),  # IBAN
    (re.compile(r"(?i)\b(redis|postgres(?:ql)?|amqp|smtp|https?)://[^\s/@:]+:[^\s/@]+@"), rf"\1://{MASK}@"),
]


def masked(value: Any, field: str = "") -> Any:
    """A value without secrets, by the name of its field and by its look."""
    if field and _SECRET_FIELDS.search(field) and value not in (None, "", True, False):
        return MASK
    if isinstance(value, str):
        for pattern, instead in _SECRET_TEXTS:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, Mapping):
        return {key: masked(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(each) for each in value]
    return value


def mask_secrets(_logger: Any, _method: str, event: Any) -> dict[str, Any]:
    """The processor that masks a whole line."""
    return {key: masked(value, str(key)) for key, value in dict(event).items() if key != "request"}


def _shared() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def configure() -> None:
    """Send structlog's lines through Python's logging, so that one formatter and one level rule them all."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _formatter(renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared(),
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask_secrets,
            renderer,
        ],
    )


def json_formatter() -> logging.Formatter:
    """One JSON object a line, for production."""
    return _formatter(structlog.processors.JSONRenderer(ensure_ascii=False))


def plain_formatter() -> logging.Formatter:
    """One readable line, for people at a terminal."""
    return _formatter(structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False))
