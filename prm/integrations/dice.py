"""Chance that anybody can repeat: the same seed and words give the same draws, on every machine and Python."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of draws, known by its seed and by what it is for. Meant for made-up data, never for secrets."""

    def __init__(self, seed: int, *words: str) -> None:
        self._key = "|".join([str(seed), *words])
        self._draws = 0

    def below(self, most: int) -> int:
        """A whole number from 0 up to, not including, ``most``."""
        self._draws += 1
        digest = blake2b(f"{self._key}|{self._draws}".encode(), digest_size=16).digest()
        return int.from_bytes(digest) * most >> 128

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + self.below(most - least + 1)

    def one_of(self, choices: Sequence[T]) -> T:
        """One of several, each as likely."""
        return choices[self.below(len(choices))]

    def percent(self, chance: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(100) < chance
