#!/bin/bash
# Writes Cassandra's configuration from the environment, and becomes Cassandra.
# The variables are those of the google-samples image; what they leave open is Cassandra's default.
set -euo pipefail
data=/cassandra_data
conf=/etc/cassandra
ip=${POD_IP:-$(hostname -i | cut -d' ' -f1)}
seeds=${CASSANDRA_SEEDS:-$ip}
# Not in the original: when a write counts as written. The values are what its file has set, and what
# it has commented out.
case ${CASSANDRA_COMMITLOG_SYNC:=periodic} in
  periodic) sync_setting='commitlog_sync_period_in_ms: 10000' ;;
  batch) sync_setting='commitlog_sync_batch_window_in_ms: 2' ;;
  *)
    echo "CASSANDRA_COMMITLOG_SYNC must be periodic or batch, not $CASSANDRA_COMMITLOG_SYNC." >&2
    exit 1
    ;;
esac
heap=${MAX_HEAP_SIZE:-512M}
mkdir -p "$conf" "$data"/{data,commitlog,saved_caches,hints}

# A name that has only just been published may not be known yet. Without a seed that can be found
# Cassandra ends at once, so wait a little for one.
for _ in $(seq 60); do
  for seed in ${seeds//,/ }; do
    if getent ahosts "$seed" > /dev/null; then break 2; fi
  done
  echo "Waiting for one of the seeds $seeds to have an address." >&2
  sleep 0.5
done

cat > "$conf/cassandra.yaml" << YAML
cluster_name: '${CASSANDRA_CLUSTER_NAME:-Test Cluster}'
num_tokens: ${CASSANDRA_NUM_TOKENS:-32}
auto_bootstrap: ${CASSANDRA_AUTO_BOOTSTRAP:-true}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: GossipingPropertyFileSnitch
listen_address: $ip
rpc_address: 0.0.0.0
broadcast_rpc_address: $ip
start_native_transport: true
start_rpc: false
data_file_directories: [$data/data]
commitlog_directory: $data/commitlog
saved_caches_directory: $data/saved_caches
hints_directory: $data/hints
commitlog_sync: $CASSANDRA_COMMITLOG_SYNC
$sync_setting
disk_failure_policy: stop
commit_failure_policy: stop
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: '$seeds'
YAML
printf 'dc=%s\nrack=%s\n' "${CASSANDRA_DC:-DC1}" "${CASSANDRA_RACK:-Rack1}" \
  > "$conf/cassandra-rackdc.properties"

options=(
  "-Xmx$heap"
  # Half a CPU: one collecting thread, the quick compiler only, classes from the shared archive and
  # not verified again.
  -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -XX:-BytecodeVerificationRemote
  -XX:+ExitOnOutOfMemoryError
  -Djava.net.preferIPv4Stack=true
  -javaagent:/opt/cassandra/lib/jamm-0.3.0.jar
  "-Dcassandra.config=file://$conf/cassandra.yaml"
  "-Dcassandra-rackdc.properties=file://$conf/cassandra-rackdc.properties"
  "-Dcassandra.storagedir=$data"
  -Dlogback.configurationFile=/opt/cassandra/logback.xml
  -Dcassandra.jmx.local.port=7199
  -Dcassandra-foreground=yes
  # How long news of the ring may take to reach every node. The default of 30 s is for rings of a
  # thousand; in one of a handful gossip needs three rounds of a second.
  "-Dcassandra.ring_delay_ms=${CASSANDRA_RING_DELAY_MS:-4000}"
  -Dcassandra.skip_wait_for_gossip_to_settle=0
  -Dcassandra.shutdown_announce_in_ms=500
  # Without this Cassandra takes a second of a core to learn what a row weighs; the answer is the same.
  -Dcassandra.memtable_row_overhead_computation_step=1000
)
if [ -n "${HEAP_NEWSIZE:-}" ]; then options+=("-Xmn$HEAP_NEWSIZE"); fi

# With IPC_LOCK Cassandra would lock its whole heap into memory at the start and the container would
# stand near its limit from then on; without swap there is nothing to be gained from that.
exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock \
  java "${options[@]}" -cp "$CASSANDRA_CLASSPATH" ${JVM_EXTRA_OPTS:-} \
  org.apache.cassandra.service.CassandraDaemon
