from itertools import product

import pytest

from deals.choices import (
    ExtensionStatus,
    OpportunityStage,
    OpportunityStatus,
    ReferralStatus,
    RegistrationStatus,
)
from deals.rules.states import (
    EXTENSION,
    OPPORTUNITY,
    OPPORTUNITY_STAGE,
    REFERRAL,
    REGISTRATION,
    appeal_rank,
    may_appeal,
)
from partners.rules.terms import RegistrationTerms
from prm.core.transitions import TransitionRefused

TERMS = RegistrationTerms()

# Written out a second time, from the program rules and not from the code.
PUBLISHED = {
    REGISTRATION: """
        draft submit submitted
        draft withdraw withdrawn
        submitted request_info info_requested
        submitted approve approved
        submitted reject rejected
        submitted withdraw withdrawn
        info_requested answer submitted
        info_requested withdraw withdrawn
        info_requested lapse withdrawn
        rejected appeal submitted
        approved withdraw withdrawn
        approved expire expired
        approved extend approved
        approved win won
        approved lose lost
        expired win won
    """,
    REFERRAL: """
        submitted accept accepted
        submitted decline declined
        accepted qualify qualified
        qualified win won
        qualified lose lost
    """,
    OPPORTUNITY: "open win won  open lose lost",
    EXTENSION: "requested grant granted  requested decline declined",
}


@pytest.mark.parametrize("table", PUBLISHED, ids=lambda table: table.noun)
def test_only_the_published_arrows_exist(table):
    words = PUBLISHED[table].split()
    published = {(words[n], words[n + 1]): words[n + 2] for n in range(0, len(words), 3)}
    for state, action in product(table.states, table.arrows):
        if (state, action) in published:
            assert table.target(state, action) == published[state, action]
        else:
            with pytest.raises(TransitionRefused):
                table.target(state, action)


@pytest.mark.parametrize(
    ("table", "choices", "ends"),
    [
        (REGISTRATION, RegistrationStatus, {"withdrawn", "won", "lost"}),
        (REFERRAL, ReferralStatus, {"declined", "won", "lost"}),
        (OPPORTUNITY, OpportunityStatus, {"won", "lost"}),
        (EXTENSION, ExtensionStatus, {"granted", "declined"}),
        (OPPORTUNITY_STAGE, OpportunityStage, {"closed"}),
    ],
)
def test_every_state_is_in_the_table_and_the_ends_are_ends(table, choices, ends):
    assert table.states == set(choices.values)
    assert {state for state in table.states if table.is_final(state)} == ends


def test_the_stage_moves_freely_until_it_is_closed():
    assert OPPORTUNITY_STAGE.target("negotiation", "prospecting") == "prospecting"
    assert OPPORTUNITY_STAGE.target("prospecting", "closed") == "closed"
    assert OPPORTUNITY_STAGE.actions_from("proposal") == ("prospecting", "qualified", "negotiation", "closed")
    with pytest.raises(TransitionRefused):
        OPPORTUNITY_STAGE.target("closed", "prospecting")


def test_the_buttons_of_a_page():
    assert REGISTRATION.actions_from("submitted") == ("request_info", "approve", "reject", "withdraw")
    assert REGISTRATION.actions_from("expired") == ("win",)


@pytest.mark.parametrize(
    ("status", "used", "allowed"),
    [("rejected", 0, True), ("rejected", 1, False), ("submitted", 0, False), ("withdrawn", 0, False)],
)
def test_a_rejection_may_be_appealed_once(status, used, allowed):
    assert may_appeal(status, used, TERMS) == allowed


@pytest.mark.parametrize(
    ("role", "next_rank"),
    [("partner_manager", "director"), ("director", "vp"), ("vp", "vp"), ("admin", "partner_manager")],
)
def test_an_appeal_goes_to_the_next_rank(role, next_rank):
    assert appeal_rank(role, TERMS) == next_rank
