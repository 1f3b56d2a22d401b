"""What a touch counts as, by its kind.

| kind | lead source | contact | sales process | material by itself |
|---|---|---|---|---|
| introduction | yes | yes | yes | yes |
| marketing | yes | – | – | – |
| meeting | – | yes | yes | only if the vendor says so |
| demo, technical, proposal, negotiation, reference | – | yes | yes | yes |
| mention | – | – | – | – |
| delivery (after the sale) | – | – | – | – |

A *lead source* is how the customer came to us. A *contact* can be the first one with the customer, from which the days
to the registration count. Whoever did something in the *sales process* took part in the sale. *Material* means that it
mattered to the win. A mention is no activity, and delivery comes after the sale; neither ever earns credit. What our
own sales did is the same kinds on the direct side. Source: program rules §4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from deals.choices import TouchKind, TouchSide

LEAD_SOURCES = frozenset({TouchKind.INTRODUCTION, TouchKind.MARKETING})
MATERIAL = frozenset(
    {
        TouchKind.INTRODUCTION,
        TouchKind.DEMO,
        TouchKind.TECHNICAL,
        TouchKind.PROPOSAL,
        TouchKind.NEGOTIATION,
        TouchKind.REFERENCE,
    }
)
SALES_PROCESS = MATERIAL | {TouchKind.MEETING}
CONTACTS = SALES_PROCESS
MENTIONS = frozenset({TouchKind.MENTION})
AFTER_SALE = frozenset({TouchKind.DELIVERY})


@dataclass(frozen=True)
class TouchFact:
    """One touch. `id` orders touches of one day; no `partner_id` on the direct side; `ref` names it in explanations.

    `is_documented`: there is evidence (a text, a file), or the system recorded it. `is_material`: the vendor says that
    it mattered to the win.
    """

    id: int
    side: str
    partner_id: int | None
    kind: str
    on: date
    is_documented: bool = True
    is_material: bool = False
    ref: str = ""

    @property
    def is_activity(self) -> bool:
        """Whether it is work on the sale at all: no mere mention, and not after the sale by its nature."""
        return self.kind not in MENTIONS | AFTER_SALE

    @property
    def is_mention(self) -> bool:
        return self.kind in MENTIONS

    @property
    def order(self) -> tuple[date, int]:
        return self.on, self.id


def of_partner(touches: Iterable[TouchFact], partner_id: int) -> list[TouchFact]:
    """A partner's touches, earliest first."""
    return sorted((each for each in touches if each.partner_id == partner_id), key=lambda each: each.order)


def up_to(touches: Iterable[TouchFact], won_on: date | None) -> list[TouchFact]:
    """Work on the sale, up to and including the day of the win; all of it while the deal is open. Earliest first."""
    before = (each for each in touches if each.is_activity and (won_on is None or each.on <= won_on))
    return sorted(before, key=lambda each: each.order)


def direct(touches: Iterable[TouchFact]) -> list[TouchFact]:
    """Work of the vendor's own sales, earliest first."""
    return sorted(
        (each for each in touches if each.side == TouchSide.DIRECT and each.is_activity), key=lambda each: each.order
    )
