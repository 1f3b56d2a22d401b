"""What the database itself promises: nothing about a published program version ever changes."""

from django.db import migrations

OF_VERSION = (
    "partners_trackterm", "partners_tierterm", "partners_benefitterm", "partners_partnertypeterm", "partners_termset",
)  # fmt: skip

FUNCTIONS = """
CREATE FUNCTION partners_refuse_published_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status = 'published' THEN
    RAISE EXCEPTION 'program version % is published and cannot change', OLD.code
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE FUNCTION partners_refuse_published_terms() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  versions bigint[];
BEGIN
  IF TG_TABLE_NAME = 'partners_tierpath' THEN
    SELECT array_agg(version_id) INTO versions FROM partners_tierterm
      WHERE id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.tier_term_id END,
                   CASE WHEN TG_OP <> 'DELETE' THEN NEW.tier_term_id END);
  ELSE
    versions := ARRAY[CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END,
                      CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END];
  END IF;
  IF EXISTS (SELECT FROM partners_programversion WHERE id = ANY (versions) AND status = 'published') THEN
    RAISE EXCEPTION 'terms of a published program version cannot change' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""


def _trigger(table: str, when: str, function: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_fixed BEFORE {when} ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();",
        f"DROP TRIGGER {table}_fixed ON {table};",
    )


class Migration(migrations.Migration):
    """Run after the tables of the program exist."""

    dependencies = [("partners", "0001_initial")]

    operations = [
        migrations.RunSQL(
            FUNCTIONS,
            "DROP FUNCTION partners_refuse_published_version(); DROP FUNCTION partners_refuse_published_terms();",
        ),
        _trigger("partners_programversion", "UPDATE OR DELETE", "partners_refuse_published_version"),
        *(
            _trigger(table, "INSERT OR UPDATE OR DELETE", "partners_refuse_published_terms")
            for table in (*OF_VERSION, "partners_tierpath")
        ),
    ]
