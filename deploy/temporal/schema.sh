#!/bin/sh
# Brings Temporal's two databases up to the schema of its server, which must have the same version as this image.
set -eu
for database in temporal:temporal temporal_visibility:visibility; do
  tool() {
    temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "${database%%:*}" "$@"
  }
  tool setup-schema -v 0.0
  tool update-schema -d "/etc/temporal/schema/postgresql/v12/${database##*:}/versioned"
done
