"""Who asks: people of the world, in a browser or as actors."""

import time

from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client

from bench.generator import World
from bench.measure import Broken
from prm.core.actors import Actor
from prm.core.middleware import actor_for
from prm.core.models import Membership


def staff(first_name: str) -> Membership:
    """Somebody at the vendor: ada (admin), dan (director), mia (partner manager)."""
    return Membership.objects.select_related("user", "organization").get(user__email=f"{first_name}@example.com")


def seller(world: World, number: int = 0) -> Membership:
    """The seller of the ``number``-th partner; the first partners have the most deals."""
    pk = world.first_member + number * world.size.members + 1
    return Membership.objects.select_related("user", "organization").get(pk=pk)


def actor_of(membership: Membership) -> Actor:
    """The member as an actor, as a request would build it."""
    return actor_for(membership.user, membership)


class Browser:
    """A signed-in person. Each answer's status is checked, so that an error never counts as a fast page."""

    def __init__(self, membership: Membership) -> None:
        Authenticator.objects.get_or_create(
            user=membership.user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "JBSWY3DPEHPK3PXP"}}
        )
        self.client = Client(headers={"user-agent": "bench"})
        self.client.force_login(membership.user)
        session = self.client.session
        session["membership"] = membership.pk
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "email": membership.user.email},
            {"method": "mfa", "type": "totp", "at": time.time()},
        ]
        session.save()

    def get(self, path: str, *, bytes_at_least: int = 500, **headers: str) -> HttpResponse:
        """A page that must answer 200 and hold something."""
        answer = self.client.get(path, headers=headers)
        if answer.status_code != 200 or len(answer.content) < bytes_at_least:
            raise Broken(f"{path} answered {answer.status_code} with {len(answer.content)} bytes")
        return answer

    def post(self, path: str, data: dict[str, object]) -> HttpResponse:
        """A form that must be accepted: answered with a redirection."""
        answer = self.client.post(path, data)
        if answer.status_code != 302:
            raise Broken(f"{path} answered {answer.status_code}: {answer.content[-3000:]!r}")
        return answer
