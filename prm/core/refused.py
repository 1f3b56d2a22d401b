"""Expected refusals: what an action raises when the answer is no.

Every refusal has a `code` that code and tests compare, `values` for the page, and a `message` that is safe for the
person who gets it. Subclasses stand beside the action they belong to and usually set `code` and `text`; `text` may be
a lazy translation, with %(name)s places filled from the values.

    class RegistrationRefused(Refused):
        code = "deals.registration.refused"
        text = _("This registration is %(state)s.")

    raise RegistrationRefused(values={"state": "won"})
    raise RegistrationRefused("deals.registration.reason_missing", _("Please give a reason."))
"""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """The answer is no, and the person may know why."""

    code: str = "refused"
    text: Any = "This is not possible."

    def __init__(self, code: str = "", text: Any = "", values: Mapping[str, Any] | None = None):
        self.code = code or type(self).code
        self.text = text or type(self).text
        self.values = dict(values or {})
        super().__init__(self.code)

    @property
    def message(self) -> str:
        """The text in the reader's language with its values filled in."""
        text = str(self.text)
        return text % self.values if self.values else text

    def __str__(self) -> str:
        return self.message
