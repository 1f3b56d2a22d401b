"""``bin/bench``: the benchmark on a PostgreSQL cluster of its own, which is thrown away afterwards."""

import os
from collections.abc import Sequence
from pathlib import Path

from launcher import backing, postgres
from launcher.console import Stop, say, step
from launcher.demo import base_environment, prepare
from launcher.environment import Environment
from launcher.places import CHECKOUT, Place, scratch_place, state_root
from launcher.supervisor import Interrupted, Supervisor, listen


def environment_of(place: Place, cluster: postgres.Cluster) -> dict[str, str]:
    """The settings of a run: the product's, with a database that is in nobody's way. No broker is needed."""
    return base_environment(os.environ) | {
        "DATABASE_URL": cluster.url(postgres.APP),
        "DATABASE_OWNER_URL": cluster.url(postgres.OWNER),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "PRM_ENV": "dev",
        "PRM_STATE_DIR": str(place.folder / "files"),
        "LOG_LEVEL": "WARNING",
    }


def run(environment: Environment, root: Path, arguments: Sequence[str]) -> int:
    """Start a cluster, make the tables, measure; the measuring process's exit status."""
    with scratch_place(root, "bench") as place, Supervisor(place.folder, place.logs) as supervisor:
        with step("database"):
            packages = next(iter((environment.folder / "lib").glob("python3.*/site-packages")), environment.folder)
            binaries = backing.find_postgres(packages, root, None)
            cluster = postgres.start(supervisor, place, binaries, durable=False)
        say(f"  PostgreSQL {binaries.major} ({binaries.source})")
        env = environment_of(place, cluster)
        with step("tables"):
            migrate: list[str | Path] = [environment.python, "manage.py", "migrate", "--no-input"]
            supervisor.run("migrate", migrate, env=env, cwd=CHECKOUT)
        argv: list[str | Path] = [environment.python, "-m", "bench.run", *arguments]
        return supervisor.run("bench", argv, env=env, cwd=CHECKOUT, shown=True, needed=False)


def main(arguments: Sequence[str]) -> int:
    """Run ``bin/bench`` and return its exit status: 1 when an answer was wrong, whatever the times are."""
    try:
        listen()
        return run(prepare(), state_root(), arguments)
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    except Interrupted as interrupted:
        say("  ended; nothing is left running")
        return 128 + interrupted.number
