"""A process that renders packs one after the other, as a worker's child does, and says how much memory it took."""

import json
import os
import sys
import time
from datetime import UTC, datetime


def main(codes: list[str]) -> None:
    """Render the ordered packs with these codes."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    import django

    django.setup()
    from bench.stopwatch import peak_memory
    from prm.core.actions.outbox import unattended
    from reporting.actions.packs import render_pack_file

    after_50, started = 0.0, 0.0
    with unattended():
        for number, code in enumerate(codes):
            if number == 1:  # the first one warms the process up
                started = time.perf_counter()
            render_pack_file(code=code, at=datetime.now(UTC))
            if number == min(49, len(codes) // 2):
                after_50 = peak_memory()
    seconds = (time.perf_counter() - started) * len(codes) / max(len(codes) - 1, 1)
    print(json.dumps({"seconds": seconds, "peak": peak_memory(), "after_50": after_50}))


if __name__ == "__main__":
    main(sys.argv[1:])
