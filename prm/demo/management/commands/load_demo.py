"""Load the demonstration world."""

import time

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone

from prm.core.actions import outbox
from prm.core.models import Organization, User
from prm.demo import cast, story


class Command(BaseCommand):
    """Tells two years of a partner program through the real actions; does nothing where there is data already."""

    help = "Load the demonstration world into an empty installation (not available in production)."

    def handle(self, *args: object, **options: object) -> None:
        """Commits as it goes, so that the database learns its statistics; a broken story starts over with a reset."""
        if Organization.objects.exists():
            self.stdout.write("There is data already; nothing was loaded.")
            return
        began = time.monotonic()
        with connection.cursor() as cursor:  # losing the last second of made-up data in a crash would not matter
            cursor.execute("SET synchronous_commit TO off")
        with outbox.unattended():
            stage = story.tell(timezone.now().replace(microsecond=0))
        _give_passwords()
        self.stdout.write(f"Told two years of {len(stage.partners)} partners in {time.monotonic() - began:.0f} s.")


def _give_passwords() -> None:
    """The cast signs in with one password, hashed once; everybody else with a mailed code."""
    names = [person.name for person in cast.STAFF]
    names += [name for profile in cast.PARTNERS for name, _role in profile.people]
    User.objects.filter(name__in=names, email__endswith="@example.com").update(password=make_password(cast.PASSWORD))
