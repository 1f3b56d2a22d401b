"""The product's addresses, and the floors'."""

from prm.urls import *  # noqa: F403
