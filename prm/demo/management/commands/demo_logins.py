"""Print how to sign in to the demonstration."""

from django.core.management.base import BaseCommand

from prm.core.models import Membership
from prm.core.roles import ROLES
from prm.demo import cast

SHOWN = (
    "Mia Berg",
    "Dan Okafor",
    "Vera Holm",
    "Finn Walsh",
    "Ada Lind",
    "Rory Blake",
    "Paul Keller",
    "Sara Nowak",
    "Rita Moss",
)


class Command(BaseCommand):
    """One line for each of the cast."""

    help = "Print the demonstration's logins."

    def handle(self, *args: object, **options: object) -> None:
        """Address, what the person is, and the one password of all."""
        members = {
            member.user.name: member
            for member in Membership.objects.active()
            .filter(user__name__in=SHOWN)
            .select_related("user", "organization")
        }
        for name in SHOWN:
            if member := members.get(name):
                label = f"{ROLES[member.role].label}, {member.organization.name}"
                self.stdout.write(f"  {member.user.email:<20} {name:<12} {label}")
        self.stdout.write(f"  password of all: {cast.PASSWORD}")
