"""Public codes of things people talk about: a prefix and seven random characters, like DR-7K3M9QX.

Crockford's alphabet leaves out I, L, O and U, so a code survives being read aloud. Codes are never in sequence, so
they tell nobody how many there are, and they are no secret: whoever has one still needs the permission. With 32^7
possibilities a collision is rare but not impossible; the unique column refuses it and the caller draws again.
"""

import re
import secrets

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 7
_LOOKALIKES = str.maketrans("OIL", "011")
_PREFIX = re.compile(r"[A-Z]{1,8}")
_CODE = re.compile(rf"[A-Z]{{1,8}}-[{ALPHABET}]{{{LENGTH}}}")


def new_code(prefix: str) -> str:
    """A fresh code. The prefix is one to eight capital letters."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"{prefix!r} is not a code prefix")
    return f"{prefix}-{''.join(secrets.choice(ALPHABET) for _ in range(LENGTH))}"


def read_code(text: str) -> str:
    """A code as typed or dictated, put right: case, spaces, and O, I, L for 0, 1, 1. Blank if it is none."""
    prefix, dash, rest = text.strip().upper().partition("-")
    code = f"{prefix}{dash}{rest.replace(' ', '').translate(_LOOKALIKES)}"
    return code if _CODE.fullmatch(code) else ""
