"""Whether this container does its work: ``healthcheck.py web | beat | worker | pdf``. Exit status 0 means yes."""

import http.client
import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

BEAT_SCHEDULE = Path(os.environ.get("BEAT_SCHEDULE", "/tmp/beat-schedule"))  # noqa: S108 - a tmpfs of its own
# Beat writes its schedule down every three minutes.
BEAT_MAX_SECONDS = 600


def web(port: int = 8000) -> bool:
    """Whether the site answers, asked for as the proxy asks: by the site's name and over TLS."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    host = urlsplit(os.environ.get("SITE_URL", "")).netloc or "localhost"
    connection.request("GET", "/health/", headers={"Host": host, "X-Forwarded-Proto": "https"})
    return connection.getresponse().status == http.client.OK


def beat(schedule: Path = BEAT_SCHEDULE) -> bool:
    """Whether the schedule was written lately. The file's ending depends on the system's database library."""
    written = [path.stat().st_mtime for path in schedule.parent.glob(f"{schedule.name}*")]
    return bool(written) and time.time() - max(written) < BEAT_MAX_SECONDS


def worker(name: str) -> bool:
    """Whether the worker of this container answers a ping through the broker."""
    from prm.celery import app

    node = f"{name}@{socket.gethostname()}"
    return bool(app.control.ping(destination=[node], timeout=5, limit=1))


def main(what: str) -> int:
    """0 if healthy, else 1."""
    checks = {"web": web, "beat": beat, "worker": lambda: worker("worker"), "pdf": lambda: worker("pdf")}
    try:
        return 0 if checks[what]() else 1
    except OSError as error:
        print(f"{what}: {error}")
        return 1


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main(sys.argv[1]))
