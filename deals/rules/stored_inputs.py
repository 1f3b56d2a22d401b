"""Inputs of a computation as they are kept with its result.

They are read back as strictly as program terms, and equal to what was stored, so that a line can be computed again in
years. The JSON names its formula; decimals and dates are text. Source: money rules M6, invariant I11.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from partners.rules.term_reader import Terms, TermsError


@dataclass(frozen=True)
class StoredInputs(Terms):
    """Base of everything that a formula is given."""

    FORMULA: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that `from_json` reads back to an equal object."""
        return {"formula": self.FORMULA, **self.to_dict()}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` wrote. Raises TermsError for anything else."""
        if not isinstance(data, dict) or data.get("formula") != cls.FORMULA:
            raise TermsError("formula", f"must be {cls.FORMULA}")
        return cls.from_dict({key: value for key, value in data.items() if key != "formula"})
