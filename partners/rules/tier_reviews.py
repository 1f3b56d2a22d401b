"""The annual review of a tier, its grace period, and the warnings before either.

The review falls on the anniversary of the last change of tier. A partner that no longer qualifies then gets a grace
period, counted in months from the review date; qualified on any night in it, the review is passed and the next is a
year from that night; at its end the tier falls by one rung, never more. Whoever does not qualify for the tier it holds
is warned 90/30/7 days before the review, and before the end of grace or of a provisional tier. Source: program
rules §2.
"""

from dataclasses import replace
from datetime import date, timedelta

from partners.choices import OverrideKind, TierNoticeKind, TierOutcome
from partners.rules.reminders import due_reminder
from partners.rules.standing import Standing, TierNotice, place
from partners.rules.terms import LadderTerms
from prm.core.business_time import add_months


def review(standing: Standing, ladder: LadderTerms, at_date: date, *, holds: bool) -> tuple[TierOutcome, Standing]:
    """The annual review of a tier that nothing else has changed tonight; `holds`: it still qualifies for it."""
    term = ladder.tier(standing.tier)
    if term is None or not term.review_months:
        return TierOutcome.UNCHANGED, replace(standing, review_on=None, grace_until=None)
    if standing.grace_until:
        if holds:
            review_on = add_months(at_date, term.review_months)
            return TierOutcome.REVIEW_PASSED, replace(standing, review_on=review_on, grace_until=None)
        if at_date >= standing.grace_until:
            return TierOutcome.DEMOTED, place(standing, term.falls_to, ladder, at_date)
        return TierOutcome.UNCHANGED, standing
    if standing.review_on is None:
        review_on = _anniversary_after(standing.since or at_date, at_date, term.review_months)
        return TierOutcome.UNCHANGED, replace(standing, review_on=review_on)
    if at_date < standing.review_on:
        return TierOutcome.UNCHANGED, standing
    if holds:
        review_on = _following_review(standing.since, standing.review_on, at_date, term.review_months)
        return TierOutcome.REVIEW_PASSED, replace(standing, review_on=review_on)
    if not term.grace_months:
        return TierOutcome.DEMOTED, place(standing, term.falls_to, ladder, at_date)
    grace_until = add_months(standing.review_on, term.grace_months)
    if grace_until <= at_date:  # the review was found long after its day: a grace nobody knew of is none
        grace_until = add_months(at_date, term.grace_months)
    return TierOutcome.GRACE_STARTED, replace(standing, grace_until=grace_until)


def _anniversary_after(anchor: date, day: date, months: int) -> date:
    step = months
    while add_months(anchor, step) <= day:
        step += months
    return add_months(anchor, step)


def _following_review(since: date | None, review_on: date, at_date: date, months: int) -> date:
    """A year on from the review that has just passed, kept on the anniversary of the last change where it is one."""
    on_anniversary = since and review_on == _anniversary_after(since, review_on - timedelta(days=1), months)
    return _anniversary_after(since if since and on_anniversary else review_on, at_date, months)


def warnings(standing: Standing, ladder: LadderTerms, at_date: date) -> tuple[tuple[TierNotice, ...], bool]:
    """Notices to send now, and whether the danger is near enough for a support plan."""
    floor = standing.running(OverrideKind.PROVISIONAL, at_date)
    if standing.grace_until:
        kind, due_on = TierNoticeKind.GRACE, standing.grace_until
    elif standing.review_on:
        kind, due_on = TierNoticeKind.REVIEW, standing.review_on
    elif floor:
        kind, due_on = TierNoticeKind.PROVISIONAL, floor.ends_on
    else:
        return (), False
    sent = [each.days for each in standing.notices_sent if (each.kind, each.due_on) == (kind, due_on)]
    step = due_reminder(due_on, at_date, ladder.notice_days, sent)
    is_near = bool(standing.grace_until) or (due_on - at_date).days <= max(ladder.notice_days, default=0)
    return ((TierNotice(kind, due_on, step),) if step else ()), is_near
