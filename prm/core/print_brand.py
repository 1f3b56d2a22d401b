"""A company on paper: its colour where text on it can be read, its logo or its initial and name."""

import base64
import re
from typing import Any

from prm.core import charts
from prm.core.fonts import text_width
from prm.core.print_text import clip, tidy

PICTURES = ("png", "jpeg", "webp")


def brand_colour(colour: str) -> str:
    """The vendor's colour where white text on it can be read (4.5 : 1), else the theme's."""
    default = charts.theme_tokens("print")["main"]
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        return default
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return colour if 1.05 / (luminance + 0.05) >= 4.5 else default


def brand_mark(
    *, name: str, short_name: str = "", colour: str = "", logo: bytes = b"", logo_type: str = "", filled: bool = False
) -> dict[str, Any]:
    """The values of a template's brand: ``logo`` as an embedded picture, or ``initial`` and ``short`` without one."""
    plain = tidy(name)
    kind = logo_type.removeprefix("image/")
    picture = ""
    if logo and kind in PICTURES:
        picture = f"data:image/{kind};base64,{base64.b64encode(logo).decode()}"
    fits = text_width(plain, size=18, weight=600) <= 230
    return {
        "logo": picture,
        "name": plain,
        "short": clip(plain if fits else short_name or name, 230, size=18, weight=600),
        "initial": plain[:1].upper(),
        "filled": filled,
        "colour": colour if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else "",
    }
