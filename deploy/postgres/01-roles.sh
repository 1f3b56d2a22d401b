#!/bin/sh
# Runs once, when the cluster is made: the role that the application runs as. It owns nothing; the migrations
# grant it what it may do, which leaves out changing history.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$PRM_APP_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
CREATE ROLE prm_app LOGIN PASSWORD :'password';
SQL
