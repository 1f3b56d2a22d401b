"""No secret reaches a log line, by its name or by its look (trust T32)."""

import io
import json
import logging

import pytest
import structlog

from prm.core import logs

SECRETS = {
    "password": "correct horse",
    "api_key": "abcdefgh12345678",
    "token_hash": "ffff",
    "Authorization": "Bearer abcdefgh12345678",
    "iban": "DE89370400440532013000",
}
TEXTS = [
    "GET /join/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4/ 500",
    "GET /accounts/password/reset/key/1-d2fgh6-0a1b2c3d4e5f60718293a4b5c6d7e8f9/ 404",
    "header Authorization: Bearer abcdefgh12345678",
    "url ?password=correct-horse&x=1",
    "paid to DE89 3704 0044 0532 0130 00 today",
    "redis://user:hunter2secret@host:6379/0 is away",
]
LEAKS = ["Zm9v", "0a1b2c3d", "abcdefgh12345678", "correct-horse", "3704", "hunter2secret"]


@pytest.fixture
def lines():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logs.json_formatter())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logger.removeHandler(handler)
    logger.propagate = True


def test_fields_are_masked_by_their_names(lines) -> None:
    structlog.get_logger("tests.logs").info("signed in", **SECRETS, nested={"secret": "hidden-value"}, user=7)
    (line,) = lines()
    assert {line[field] for field in SECRETS} == {logs.MASK}
    assert line["nested"] == {"secret": logs.MASK}
    assert line["user"] == 7
    assert line["event"] == "signed in"


@pytest.mark.parametrize(("text", "leak"), zip(TEXTS, LEAKS, strict=True), ids=LEAKS)
def test_texts_are_masked_by_their_look(lines, text: str, leak: str) -> None:
    logging.getLogger("tests.logs").warning("%s", text)
    structlog.get_logger("tests.logs").info("event", detail=text)
    for line in lines():
        assert leak not in json.dumps(line, ensure_ascii=False)
        assert logs.MASK in json.dumps(line, ensure_ascii=False)


def test_an_error_is_masked_with_its_trace(lines) -> None:
    try:
        raise ValueError("token=abcdefgh12345678")
    except ValueError:
        logging.getLogger("tests.logs").exception("failed")
    (line,) = lines()
    assert "ValueError" in line["exception"]
    assert "abcdefgh12345678" not in json.dumps(line)


@pytest.mark.parametrize("text", ["GET /portal/deals/DR-7K3M9QX/ 200", "deals.registration.approved", "12.50 EUR"])
def test_ordinary_lines_stay_readable(text: str) -> None:
    assert logs.masked(text) == text


def test_lines_carry_the_request(client, db, lines) -> None:
    client.get("/health/", headers={"X-Request-Id": "abc12345"})
    structlog.get_logger("tests.logs").info("after")
    assert lines()[0]["request_id"] == "abc12345"
