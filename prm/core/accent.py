"""A brand's colour made safe to read: the same hue, darkened or lightened until text on it and in it is legible.

Contrast follows WCAG 2.2: at least 4.5 to 1 for text. The style sheets use three values that a brand replaces:
the accent as text and line, the accent as a fill, and what stands on that fill, each for light and for dark mode.
"""

import re
from dataclasses import dataclass

LIGHT_PAPER = "#f6f7f9"
DARK_PAPER = "#1c2432"
READABLE = 4.5
ON_TINTS = 5.6  # text in the accent also stands on a tint of itself, which costs about a fifth of its contrast
_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Accent:
    """The colours of one mode, as #rrggbb."""

    text: str
    fill: str
    on_fill: str


def _channels(colour: str) -> tuple[int, int, int]:
    if not _HEX.fullmatch(colour):
        raise ValueError(f"not a colour of the form #rrggbb: {colour!r}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    shares = (part / 255 for part in _channels(colour))
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _mixed(colour: str, towards: str, share: float) -> str:
    parts = zip(_channels(colour), _channels(towards), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in parts)


def _until_readable(colour: str, paper: str, towards: str, enough: float = READABLE) -> str:
    for step in range(0, 101, 4):
        tried = _mixed(colour, towards, step / 100)
        if contrast(tried, paper) >= enough:
            return tried
    return towards


def _on(fill: str) -> str:
    return "#ffffff" if contrast(fill, "#ffffff") >= contrast(fill, "#10151f") else "#10151f"


def _fill(colour: str) -> str:
    """The colour itself, moved away from the ink on it where neither white nor black is legible enough."""
    ink = _on(colour)
    return _until_readable(colour, ink, "#000000" if ink == "#ffffff" else "#ffffff")


def accent_for(colour: str) -> tuple[Accent, Accent]:
    """The light and the dark set for a brand colour. Raises ValueError for anything but #rrggbb."""
    fill = _fill(colour)
    dark_fill = fill if contrast(fill, DARK_PAPER) >= 2 else _fill(_mixed(fill, "#ffffff", 0.22))
    return (
        Accent(_until_readable(colour, LIGHT_PAPER, "#000000", ON_TINTS), fill, _on(fill)),
        Accent(_until_readable(colour, DARK_PAPER, "#ffffff", ON_TINTS), dark_fill, _on(dark_fill)),
    )


def brand_css(colour: str) -> str:
    """The style sheet of a brand: it replaces the accent and nothing else."""
    light, dark = accent_for(colour)
    pairs = {
        "--prm-accent": (light.text, dark.text),
        "--prm-accent-fill": (light.fill, dark.fill),
        "--prm-on-accent": (light.on_fill, dark.on_fill),
    }
    rules = "".join(f"{name}:light-dark({one},{two});" for name, (one, two) in pairs.items())
    return f":root{{{rules}}}\n"
