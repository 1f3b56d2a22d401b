"""What people, places and machines are called: roles, countries, browsers. ``{% load people %}``."""

from typing import Any

from django import template

from prm.core.browsers import browser_words
from prm.core.countries import country_name
from prm.core.roles import ROLES

register = template.Library()


@register.filter
def browser(user_agent: Any) -> str:
    """What a browser calls itself, in words: Chrome on Linux."""
    return browser_words(str(user_agent or ""))


@register.filter
def country(code: Any) -> str:
    """The name of a country: DE → Germany."""
    return country_name(str(code)) if code else ""


@register.filter
def role_label(code: Any) -> str:
    """The name of a role: partner_manager → Partner manager."""
    role = ROLES.get(str(code))
    return str(role.label) if role else ""
