#!/bin/bash
# Runs once while the image is built: starts Cassandra, talks to it, and has Java write down the
# classes that the server and nodetool load, so that containers needn't parse them again.
set -euo pipefail
echo "127.0.0.1 localhost $(hostname)" > /etc/hosts
cp -r "$CASSANDRA_CONF" /tmp/conf
export CASSANDRA_CONF=/tmp/conf CASSANDRA_LISTEN_ADDRESS=127.0.0.1
export CASSANDRA_ENDPOINT_SNITCH=GossipingPropertyFileSnitch MAX_HEAP_SIZE=512M
JVM_EXTRA_OPTS=-XX:ArchiveClassesAtExit=/archives/cassandra.jsa docker-entrypoint.sh &
server=$!
for _ in $(seq 240); do
  if cqlsh -e 'SELECT host_id FROM system.local' 127.0.0.1 2> /dev/null; then break; fi
  kill -0 "$server"
  sleep 0.5
done
cqlsh -e "
  CREATE KEYSPACE t WITH replication = {'class': 'NetworkTopologyStrategy', 'replication_factor': 1};
  CREATE TABLE t.t (k text PRIMARY KEY, v text);
  INSERT INTO t.t (k, v) VALUES ('k', 'v');
  SELECT * FROM t.t" 127.0.0.1
nodetool flush t
NODETOOL_ARCHIVE=-XX:ArchiveClassesAtExit=/archives/nodetool.jsa nodetool status
kill -TERM "$server"
wait "$server" || true
[ -s /archives/cassandra.jsa ] && [ -s /archives/nodetool.jsa ]
