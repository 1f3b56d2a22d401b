from django.utils.translation import gettext_lazy as _

from prm.core.refused import Refused


class LateRefused(Refused):
    code = "late"
    text = _("You are %(minutes)s minutes late.")


def test_a_refusal_says_why_in_words_and_in_a_code():
    refused = LateRefused(values={"minutes": 5})
    assert (refused.code, refused.message, str(refused)) == (
        "late",
        "You are 5 minutes late.",
        "You are 5 minutes late.",
    )


def test_code_and_text_can_be_given_on_the_spot():
    refused = LateRefused("gone", _("100 % gone."))
    assert (refused.code, refused.message, refused.values) == ("gone", "100 % gone.", {})
    assert LateRefused(values={"minutes": 1}).code == "late"
