import re

import pytest

from prm.core.codes import ALPHABET, new_code, read_code


def test_codes_look_right_and_differ():
    codes = {new_code("DR") for _ in range(2000)}
    assert len(codes) == 2000
    assert all(re.fullmatch(r"DR-[0-9A-HJKMNP-TV-Z]{7}", code) for code in codes)
    assert set("".join(code[3:] for code in codes)) == set(ALPHABET)


@pytest.mark.parametrize("prefix", ["", "dr", "DR-", "D1", "TOOLONGPREFIX"])
def test_a_prefix_is_a_few_capital_letters(prefix):
    with pytest.raises(ValueError):
        new_code(prefix)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("DR-7K3M9QX", "DR-7K3M9QX"),
        (" dr-7k3m9qx ", "DR-7K3M9QX"),
        ("DR-OI3M9QL", "DR-013M9Q1"),
        ("DR-7K3 M9QX", "DR-7K3M9QX"),
        ("DR7K3M9QX", ""),
        ("DR-7K3M9Q", ""),
        ("DR-7K3M9QU", ""),
        ("", ""),
    ],
)
def test_a_dictated_code_is_put_right(typed, code):
    assert read_code(typed) == code
