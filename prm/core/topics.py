"""Everything the product may tell a person about, and whether mail about it can be switched off."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Topic:
    """One kind of news. ``audience`` says who can receive it: vendor, partner or both."""

    code: str
    label: str | Promise
    audience: str = "both"
    can_opt_out: bool = True


TOPICS: dict[str, Topic] = {}


def register_topic(code: str, label: str | Promise, *, audience: str = "both", can_opt_out: bool = True) -> None:
    """Make a topic known; apps call this in ``AppConfig.ready``."""
    TOPICS[code] = Topic(code, label, audience, can_opt_out)


def topics_for(audience: str) -> list[Topic]:
    """The topics an audience can receive, by label."""
    return sorted((t for t in TOPICS.values() if t.audience in {audience, "both"}), key=lambda t: str(t.label))


register_topic("core.work_due_soon", _("Work that is due soon"))
register_topic("core.work_overdue", _("Work that is overdue"), can_opt_out=False)
register_topic("core.invitation", _("Invitations"), can_opt_out=False)
register_topic("core.account", _("Sign-in and security"), can_opt_out=False)
register_topic("core.invitation_accepted", _("Someone you invited joined"))
