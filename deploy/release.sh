#!/bin/sh
# What has to happen once before a version serves: refuse a careless configuration, migrate, collect static files.
# Safe to repeat. Needs DATABASE_OWNER_URL beside DATABASE_URL.
set -eu
cd "$(dirname "$0")/.."
python manage.py check --deploy --fail-level WARNING
python manage.py migrate --no-input
python manage.py collectstatic --no-input --verbosity 0
