"""Every text is new once, however many there are, and they take eight bytes each."""

import tracemalloc

from prm.core.seen import Seen


def test_a_text_is_new_once() -> None:
    seen = Seen()
    texts = [f"A{number}" for number in range(20_000)]
    assert all(seen.add(text) for text in texts)
    assert not any(seen.add(text) for text in texts)
    assert len(seen) == 20_000
    assert seen.add("a0")  # another text than A0
    assert seen.add("")
    assert not seen.add("")


def test_it_stays_small() -> None:
    tracemalloc.start()
    seen = Seen()
    for number in range(100_000):
        seen.add(str(number))
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000 * 40  # a set of texts takes more than a hundred bytes each
