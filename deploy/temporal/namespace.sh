#!/bin/sh
# Makes the namespace when it isn't there. Closed workflows are kept for a week: the record is in Perdure's database.
set -eu
# The server listens some seconds before it answers.
for _ in $(seq 60); do
  if temporal operator cluster health >/dev/null 2>&1; then break; fi
  sleep 1
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 168h
