"""Order QBR packs from the command line."""

from datetime import date

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from partners.models import Partner
from partners.queries.program import program_today
from prm.core.actors import Actor
from reporting.actions import packs


class Command(BaseCommand):
    """Order packs for all due partners, or for named ones; the worker makes them."""

    help = "Order QBR packs of the last complete quarter for all due partners, or for the partners named by code."

    def add_arguments(self, parser: CommandParser) -> None:
        """``--here`` makes the PDFs in this process instead of the worker."""
        parser.add_argument("partners", nargs="*", metavar="CODE")
        parser.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--here", action="store_true", help="make the PDFs in this process")

    def handle(self, *args: object, **options: object) -> None:
        """Print each pack and, with ``--here``, how it ended."""
        at, by = timezone.now(), Actor.system("command")
        on = options["as_of"] or program_today(at)
        chosen = options["partners"]
        partners = Partner.objects.filter(code__in=chosen).order_by("pk") if chosen else packs.due_partners(on)
        ordered = packs.order_packs_for(partners=partners, quarter=packs.reviewed_quarter(on), by=by, at=at)
        for pack in ordered:
            state = packs.render_pack_file(code=pack.code, at=at) if options["here"] else pack.state
            self.stdout.write(f"{pack.code} {pack.quarter_start} {pack.version}: {state}")
        self.stdout.write(f"{len(ordered)} packs ordered")
