#!/usr/bin/env python
"""Django's command line. Commands that change the schema connect as the database's owner."""

import os
import sys

OWNER_COMMANDS = {"migrate", "flush", "sqlflush", "sqlmigrate", "dbshell"}


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prm.settings")
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS:
        os.environ.setdefault("PRM_AS_OWNER", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
