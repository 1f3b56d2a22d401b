"""The product's own settings, with the floors' pages beside the product's."""

from prm.settings import *  # noqa: F403
from prm.settings import BASE_DIR, TEMPLATES

ROOT_URLCONF = "bench.urls"
TEMPLATES[0]["DIRS"].append(BASE_DIR / "bench" / "templates")
