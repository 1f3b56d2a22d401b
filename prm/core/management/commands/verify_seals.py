"""Says whether history still fits its seals."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from prm.core.actions.seals import broken_seals
from prm.core.models import AuditSeal


class Command(BaseCommand):
    """Verify the chain of nightly seals; exit code 1 when a line was changed, added or removed."""

    help = "Verify that no audit line was changed since its day was sealed."

    def handle(self, *args: Any, **options: Any) -> None:
        """Name each day that no longer fits."""
        broken = broken_seals()
        if broken:
            raise CommandError("Changed since they were sealed: " + ", ".join(str(seal.day) for seal in broken))
        self.stdout.write(f"{AuditSeal.objects.count()} days verified.")
