"""Seal everything again with the first key of PRM_FIELD_KEYS, so that the old ones can be taken away."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from prm.core.models import StoredFile
from prm.core.sealing import SealRefused, resealed, resealed_bytes, sealed_places

CHUNK = 200


class Command(BaseCommand):
    """Safe to run twice and to break off: whatever was not reached still opens with its old key."""

    help = "Seal bank details, tax details and sealed files again with the first key of PRM_FIELD_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        """Rows first, then files; what no key opens is counted and named, and ends the command with code 1."""
        rows, broken = self._rotate_rows()
        files, broken_files = self._rotate_files()
        broken += broken_files
        self.stdout.write(f"{rows} rows and {files} files are sealed with the first key.")
        if broken:
            raise CommandError(
                f"No key opens: {', '.join(broken[:20])}. Add the key that sealed them, and run it again."
            )

    def _rotate_rows(self) -> tuple[int, list[str]]:
        done, broken = 0, []
        for place in sealed_places():
            model, columns = place.model(), list(place.columns)
            for pk in list(model._default_manager.order_by("pk").values_list("pk", flat=True)):
                with transaction.atomic():
                    row = model._default_manager.select_for_update().get(pk=pk)
                    try:
                        for column in columns:
                            setattr(row, column, resealed(getattr(row, column)))
                    except SealRefused:
                        broken.append(f"{model._meta.label} {pk}")
                        continue
                    row.save(update_fields=columns)
                    done += 1
        return done, broken

    def _rotate_files(self) -> tuple[int, list[str]]:
        done, broken = 0, []
        for stored in StoredFile.objects.filter(is_sealed=True).order_by("pk").iterator(chunk_size=CHUNK):
            try:
                with stored.content.open("rb") as file:
                    content = resealed_bytes(file.read())
            except (SealRefused, OSError):
                broken.append(f"file {stored.code}")
                continue
            # Beside it and then in its place: a kill in between leaves the old one whole.
            beside = f"{stored.content.path}.rotating"
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            os.replace(beside, stored.content.path)
            done += 1
        return done, broken
