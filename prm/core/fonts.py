"""The one typeface of printed documents and of the charts in them: Inter, four static weights.

The fonts are kept compressed (WOFF2) under `static/pdf/fonts`. The PDF engine and the chart renderer
both need them unpacked, so a process unpacks them once into a private folder that ends with it.
"""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

STATIC = Path(__file__).resolve().parents[2] / "static"
FONT_FOLDER = STATIC / "pdf" / "fonts"
FAMILY = "Inter"
FACES = {400: "Inter-Regular", 500: "Inter-Medium", 600: "Inter-SemiBold", 700: "Inter-Bold"}


@cache
def unpacked_fonts() -> Path:
    """The folder with the four weights as TrueType files, made on first use."""
    folder = Path(tempfile.mkdtemp(prefix="prm-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for face in FACES.values():
        # Keep the file's own dates: two processes must unpack identical bytes.
        font = TTFont(FONT_FOLDER / f"{face}.woff2", recalcTimestamp=False)
        font.flavor = None
        font.save(folder / f"{face}.ttf")
    return folder


@cache
def _advances(weight: int) -> tuple[dict[int, str], dict[str, int], int]:
    font = TTFont(unpacked_fonts() / f"{FACES[weight]}.ttf", lazy=True)
    widths = {name: metric[0] for name, metric in font["hmtx"].metrics.items()}
    return font.getBestCmap(), widths, font["head"].unitsPerEm


def text_width(text: str, *, size: float, weight: int = 400, tracking: float = 0.0) -> float:
    """Width of one line in the unit of `size`; `tracking` is letter spacing in em. Kerning is ignored.

    A character that Inter does not have counts as wide as an "m".
    """
    glyphs, widths, units = _advances(weight)
    wide = widths[glyphs[ord("m")]]
    total = sum(widths[glyphs[ord(char)]] if ord(char) in glyphs else wide for char in text)
    return size * (total / units + tracking * len(text))


def balanced_lines(text: str, *, width: float, size: float, weight: int = 600, tracking: float = 0.0) -> list[str]:
    """Break a headline into the fewest lines that fit `width`, of about equal length.

    A break between two clauses is preferred, after a comma a little. One word longer than a line stays whole;
    the style sheet breaks it.
    """
    words = text.split()

    def measure(part: list[str]) -> float:
        return text_width(" ".join(part), size=size, weight=weight, tracking=tracking)

    if len(words) < 2 or measure(words) <= width:
        return [" ".join(words)]
    best: tuple[float, int] | None = None
    for cut in range(1, len(words)):
        longest = max(measure(words[:cut]), measure(words[cut:]))
        if longest <= width:
            bonus = width * {";": 0.3, ":": 0.3, ",": 0.1}.get(words[cut - 1][-1], 0)
            best = min(best or (longest - bonus, cut), (longest - bonus, cut))
    if best is not None:
        return [" ".join(words[: best[1]]), " ".join(words[best[1] :])]
    lines: list[list[str]] = [[]]
    for word in words:
        if lines[-1] and measure([*lines[-1], word]) > width:
            lines.append([])
        lines[-1].append(word)
    return [" ".join(line) for line in lines]
