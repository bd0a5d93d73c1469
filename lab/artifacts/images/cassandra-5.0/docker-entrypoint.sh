#!/bin/bash
# The entry point of Docker's official image, as its users know it: puts CASSANDRA_… of the
# environment into Cassandra's configuration, gives up root, and becomes the command.
set -euo pipefail

if [ $# = 0 ] || [ "${1#-}" != "$1" ]; then set -- cassandra -f "$@"; fi
if [ "$1" != cassandra ]; then exec "$@"; fi

if [ "$(id -u)" = 0 ]; then
  chown -R cassandra:cassandra /var/lib/cassandra /var/log/cassandra "$CASSANDRA_CONF"
  exec setpriv --reuid=cassandra --regid=cassandra --clear-groups "$0" "$@"
fi

yaml=$CASSANDRA_CONF/cassandra.yaml

# A mounted file can be written to, but not replaced.
rewrite() { # file, sed expression …
  local file=$1 content
  shift
  content=$(sed -E "$@" "$file")
  printf '%s\n' "$content" > "$file"
}

set_key() { # key, value
  if grep -qE "^(# )?$1:" "$yaml"; then
    rewrite "$yaml" "s|^(# )?$1:.*|$1: ${2//|/\\|}|"
  else
    printf '%s: %s\n' "$1" "$2" >> "$yaml"
  fi
}

# Not in the original: when a write counts as written.
case ${CASSANDRA_COMMITLOG_SYNC:-} in
  '') ;;
  periodic)
    set_key commitlog_sync periodic
    set_key commitlog_sync_period 10000ms
    ;;
  batch)
    set_key commitlog_sync batch
    rewrite "$yaml" '/^commitlog_sync_period:/d'
    ;;
  *)
    echo "CASSANDRA_COMMITLOG_SYNC must be periodic or batch, not $CASSANDRA_COMMITLOG_SYNC." >&2
    exit 1
    ;;
esac

own_address() { hostname -i | cut -d' ' -f1; }

listen=${CASSANDRA_LISTEN_ADDRESS-auto}
if [ "$listen" = auto ]; then listen=$(own_address); fi
broadcast=${CASSANDRA_BROADCAST_ADDRESS-$listen}
if [ "$broadcast" = auto ]; then broadcast=$(own_address); fi
CASSANDRA_LISTEN_ADDRESS=$listen
CASSANDRA_BROADCAST_ADDRESS=$broadcast
CASSANDRA_RPC_ADDRESS=${CASSANDRA_RPC_ADDRESS-0.0.0.0}
CASSANDRA_BROADCAST_RPC_ADDRESS=${CASSANDRA_BROADCAST_RPC_ADDRESS:-$broadcast}
seeds=${CASSANDRA_SEEDS:-${CASSANDRA_NAME:+cassandra}}
seeds=${seeds:-$broadcast}

rewrite "$yaml" "s|(- seeds:).*|\1 \"$seeds\"|"
for key in broadcast_address broadcast_rpc_address cluster_name endpoint_snitch listen_address \
  num_tokens rpc_address; do
  variable=CASSANDRA_${key^^}
  if [ -n "${!variable:-}" ]; then set_key "$key" "${!variable}"; fi
done
for key in dc rack; do
  variable=CASSANDRA_${key^^}
  if [ -n "${!variable:-}" ]; then
    rewrite "$CASSANDRA_CONF/cassandra-rackdc.properties" "s|^$key=.*|$key=${!variable}|"
  fi
done

# A name that has only just been published may not be known yet. Without a seed that can be found
# Cassandra ends at once, so wait a little for one.
for _ in $(seq 60); do
  for seed in ${seeds//,/ }; do
    if getent ahosts "${seed%:*}" > /dev/null; then break 2; fi
  done
  echo "Waiting for one of the seeds $seeds to have an address." >&2
  sleep 0.5
done

exec "$@"
