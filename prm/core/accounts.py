"""How allauth behaves here: nobody signs up by themselves."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Accounts come from invitations only."""

    def is_open_for_signup(self, request) -> bool:
        """Never: an invitation is the only way in."""
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Single sign-on finds accounts; it never makes them."""

    def is_open_for_signup(self, request, sociallogin) -> bool:
        """Never: an invitation is the only way in."""
        return False
