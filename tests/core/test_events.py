"""News of several names in one statement: each handler hears its own, nobody hears what nobody asked for."""

from collections.abc import Iterator

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prm.core import outbox as registry
from prm.core.actions.outbox import Event, emit_events
from prm.core.models import OutboxDelivery, OutboxEvent
from prm.core.outbox import handles
from prm.core.refs import Ref
from tests.world import AT

pytestmark = pytest.mark.django_db
REF = Ref("a.b", "C-1")


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    known = dict(registry._HANDLERS)
    for event, name in (("test.one", "test.first"), ("test.one", "test.second"), ("test.two", "test.third")):
        handles(event, name=name)(lambda event, at: None)
    yield
    registry._HANDLERS.clear()
    registry._HANDLERS.update(known)


def test_each_handler_hears_its_own_news(django_assert_num_queries) -> None:
    with django_assert_num_queries(1):
        last = emit_events(
            events=[
                Event("test.one", REF, {"n": 1}),
                Event("test.two", REF, {"n": 2}),
                Event("test.one", Ref("a.b", "C-3"), {"n": 3}),
                Event("test.unheard", REF, {"n": 4}),
            ],
            at=AT,
        )
    heard = OutboxDelivery.objects.values_list("event__name", "event__ref_code", "event__data__n", "handler")
    assert sorted(heard) == [
        ("test.one", "C-1", 1, "test.first"),
        ("test.one", "C-1", 1, "test.second"),
        ("test.one", "C-3", 3, "test.first"),
        ("test.one", "C-3", 3, "test.second"),
        ("test.two", "C-1", 2, "test.third"),
    ]
    assert last is not None
    assert OutboxEvent.objects.get(pk=last.pk).data == last.data == {"n": 3}


def test_what_nobody_hears_is_not_written() -> None:
    with CaptureQueriesContext(connection) as asked:
        assert emit_events(events=[Event("test.unheard", REF, {})], at=AT) is None
        assert emit_events(events=[], at=AT) is None
    assert not asked.captured_queries
