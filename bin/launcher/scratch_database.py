"""Create or drop a database on the server of ``DATABASE_OWNER_URL``. Run by the environment's Python."""

import os
import sys

import psycopg
from psycopg import sql


def main(verb: str, name: str) -> None:
    """``create NAME`` or ``drop NAME``."""
    statement = {
        "create": sql.SQL("CREATE DATABASE {}"),
        "drop": sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)"),
    }[verb]
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute(statement.format(sql.Identifier(name)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
