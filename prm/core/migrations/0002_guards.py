"""What the database itself promises: the application's role, append-only history, the cache table."""

from django.db import migrations

ROLE = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'prm_app') THEN
    CREATE ROLE prm_app NOLOGIN;
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO prm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO prm_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO prm_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO prm_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO prm_app;
"""

APPEND_ONLY = """
CREATE FUNCTION prm_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER core_auditentry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON core_auditentry
  FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
CREATE TRIGGER core_auditseal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON core_auditseal
  FOR EACH STATEMENT EXECUTE FUNCTION prm_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON core_auditentry, core_auditseal FROM prm_app;
"""

APPEND_ONLY_BACK = """
DROP TRIGGER core_auditentry_append_only ON core_auditentry;
DROP TRIGGER core_auditseal_append_only ON core_auditseal;
DROP FUNCTION prm_refuse_change();
"""

CACHE = """
CREATE TABLE prm_cache (
  cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX prm_cache_expires ON prm_cache (expires);
"""


class Migration(migrations.Migration):
    """Run after core's tables exist; tables of other apps inherit the default privileges."""

    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(CACHE, "DROP TABLE prm_cache"),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
