"""What the tables hold, as one short print each: two equal prints are two equal tables, row for row."""

from collections.abc import Collection

from django.apps import apps
from django.db import connection


def table_prints(*, leave_out: Collection[str] = ()) -> dict[str, str]:
    """Number and hash of the rows of every table of ours, by table, but for those left out."""
    prints = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            if model._meta.managed and table not in leave_out:
                cursor.execute(
                    f"SELECT count(*) || ':' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '')"
                    f" FROM {connection.ops.quote_name(table)} AS t"
                )
                prints[table] = cursor.fetchone()[0]
    return prints
