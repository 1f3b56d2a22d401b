"""What people and their machines are called: roles and browsers. ``{% load people %}``."""

from typing import Any

from django import template

from prm.core.browsers import browser_words
from prm.core.roles import ROLES

register = template.Library()


@register.filter
def browser(user_agent: Any) -> str:
    """What a browser calls itself, in words: Chrome on Linux."""
    return browser_words(str(user_agent or ""))


@register.filter
def role_label(code: Any) -> str:
    """The name of a role: partner_manager → Partner manager."""
    role = ROLES.get(str(code))
    return str(role.label) if role else ""
