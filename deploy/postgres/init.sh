#!/bin/sh
# Run once by the postgres image, on an empty data folder: a role and databases for Perdure, and others for Temporal.
# Neither role is a superuser. C.UTF-8, because in the C locale trigrams drop non-Latin letters.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres <<'SQL'
\getenv perdure_password PERDURE_DB_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD
create role perdure login password :'perdure_password';
create role temporal login password :'temporal_password';
create database perdure owner perdure template template0 encoding 'UTF8' locale 'C.UTF-8';
create database temporal owner temporal template template0 encoding 'UTF8' locale 'C.UTF-8';
create database temporal_visibility owner temporal template template0 encoding 'UTF8' locale 'C.UTF-8';
revoke connect on database perdure from public;
revoke connect on database temporal from public;
revoke connect on database temporal_visibility from public;
SQL
