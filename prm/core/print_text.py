"""Texts of people cut to the place they have on paper."""

import re

from prm.core.fonts import text_width

# Control characters, marks that turn the reading direction, and runs of white space.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\s]+")


def tidy(text: str) -> str:
    """One line without control characters and without marks that turn the reading direction."""
    return UNSEEN.sub(" ", text).strip()


def clip(text: str, width: float, *, size: float = 11, weight: int = 400) -> str:
    """The text as far as it fits `width`, in px, with an ellipsis where it does not."""
    text = tidy(text)
    if text_width(text, size=size, weight=weight) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle] + "…", size=size, weight=weight) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "…"
