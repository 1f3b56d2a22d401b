"""Remembering which keys a long stream has named already, in little memory."""

from array import array
from hashlib import blake2b


class Seen:
    """A set of texts that is only ever added to: eight bytes a text, in a table that is at most half full.

    Texts are known by a 64-bit hash. Among a million of them, the chance that two different ones are taken for the
    same is one in thirty million.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> bool:
        """Remember a text; False if it was there already."""
        mark = int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) or 1  # 0 is an empty slot
        if not self._put(mark):
            return False
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def _put(self, mark: int) -> bool:
        slots, last = self._slots, len(self._slots) - 1
        place = mark & last
        while found := slots[place]:
            if found == mark:
                return False
            place = (place + 1) & last
        slots[place] = mark
        return True

    def _grow(self) -> None:
        marks = self._slots
        self._slots = array("Q", bytes(16 * len(marks)))
        for mark in marks:
            if mark:
                self._put(mark)
