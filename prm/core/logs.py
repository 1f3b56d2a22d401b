"""Log lines as JSON, with the request's id and without secrets."""

import logging

import structlog

_SECRET_WORDS = ("password", "token", "secret", "authorization", "cookie", "iban", "tax_id")


def mask_secrets(_logger: object, _method: str, event: dict) -> dict:
    """Replace the values of fields whose names speak of secrets."""
    return {
        key: "•••" if any(word in key.lower() for word in _SECRET_WORDS) else value for key, value in event.items()
    }


def json_formatter() -> logging.Formatter:
    """The formatter that ``settings.LOGGING`` names in production."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            mask_secrets,
            structlog.processors.JSONRenderer(),
        ],
    )
