"""``manage.py generate_companions FOLDER --out DIR``: made-up people, answers and a year before for an export."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from prm.core.refused import Refused
from prm.integrations.companions import write_companions
from prm.integrations.documents.mapping_file import read_mapping, shipped_mapping


class Command(BaseCommand):
    """Writes CSV files only; they come in through the importers like anybody's."""

    help = "Draw made-up companions of a CRM's export from a seed: the same seed gives the same files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The export, where to write, the seed, and the mapping that says how to read the export."""
        parser.add_argument("folder", type=Path)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--seed", type=int, default=2017)
        parser.add_argument("--mapping", default="sales_opportunities", help="path, or name of a shipped mapping")

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, write, count."""
        name, path = options["mapping"], Path(options["mapping"])
        try:
            mapping = read_mapping(path.read_bytes()) if path.is_file() else shipped_mapping(name)
            counts = write_companions(
                folder=options["folder"], mapping=mapping, mapping_name=name, seed=options["seed"], out=options["out"]
            )
        except Refused as refusal:
            raise CommandError(refusal.message) from None
        except FileNotFoundError:
            raise CommandError(f"{name} is neither a file nor a shipped mapping") from None
        for file, count in counts.items():
            self.stdout.write(f"{file}: {count} rows")
