"""Two years of a partner program, told through the real actions with their moments passed in.

The story first plans everything with a seeded chance, then plays it in order of time: what was known before this
software came in through the importers, the last months through registrations, decisions and confirmations, with
nights in between (weekly, then daily for the last 35 days). Played twice on one day it tells the same story.
"""

from datetime import datetime

from prm.demo import cast
from prm.demo.chapters.attribution import plan_parts
from prm.demo.chapters.contracts import plan_contracts
from prm.demo.chapters.direct import plan_direct
from prm.demo.chapters.nights import plan_nights
from prm.demo.chapters.own_rates import plan_own_rates
from prm.demo.chapters.partners import plan_partner
from prm.demo.chapters.payouts import plan_payouts
from prm.demo.chapters.program import set_up
from prm.demo.chapters.records import plan_records
from prm.demo.scenes import set_scenes
from prm.demo.stage import Stage


def tell(now: datetime) -> Stage:
    """Tell the whole story up to ``now``; the stage as the audience finds it."""
    stage = Stage(now)
    set_up(stage)
    for profile in cast.PARTNERS:
        plan_partner(stage, profile)
    plan_records(stage)
    plan_direct(stage)
    plan_parts(stage)
    plan_contracts(stage)
    plan_own_rates(stage)
    plan_payouts(stage)
    plan_nights(stage)
    stage.play()
    set_scenes(stage)
    return stage
