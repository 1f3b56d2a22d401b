"""Five ways in which a made-up partnership goes, each a set of chances for the companions of an export."""

from dataclasses import dataclass

from partners.choices import FitRating
from prm.integrations.dice import Dice


@dataclass(frozen=True)
class Persona:
    """How a partner is doing.

    ``year_before``: its sales a year earlier, in percent of those in the export (least, most); None: it has none.
    ``portal``: on how many of a hundred weekdays somebody came, and how many days before the end it stopped.
    ``answers``: NPS scores to draw from; none: nobody answered. ``certified``: people with a current certificate.
    """

    name: str
    share: int
    year_before: tuple[int, int] | None
    portal: tuple[int, int]
    answers: tuple[int, ...]
    fits: tuple[str, ...]
    values: tuple[int, ...]
    certified: tuple[int, int]
    people: tuple[int, int]


STRONG, MODERATE, WEAK = FitRating.STRONG, FitRating.MODERATE, FitRating.WEAK
PERSONAS = (
    Persona("rising", 4, (55, 75), (30, 0), (9, 9, 10, 10, 8), (STRONG,), (4, 5), (2, 3), (3, 5)),
    Persona("steady", 6, (90, 96), (14, 0), (9, 9, 8, 7, 6), (STRONG, MODERATE), (3, 4), (2, 3), (2, 4)),
    Persona("settled", 6, (100, 100), (12, 20), (8, 7, 9, 6), (MODERATE,), (2, 3), (1, 2), (2, 3)),
    Persona("drifting", 7, (115, 140), (12, 8), (9, 8, 7, 8, 6), (MODERATE, WEAK), (2, 3), (0, 1), (1, 3)),
    Persona("fading", 4, (140, 180), (6, 95), (3, 5, 6, 2), (WEAK,), (1, 2), (0, 1), (1, 2)),
    Persona("newcomer", 2, None, (24, 0), (), (STRONG, MODERATE), (3, 4), (0, 2), (1, 3)),
)


def persona_for(dice: Dice) -> Persona:
    """One of them, by their shares."""
    drawn = dice.below(sum(each.share for each in PERSONAS))
    for each in PERSONAS:
        if drawn < each.share:
            return each
        drawn -= each.share
    raise AssertionError("a draw lies below the sum of the shares")
