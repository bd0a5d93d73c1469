#!/bin/bash
# Second half of a machine's PID 1: starts the services of its image, restarts one that ends, reaps
# orphans (bash does), and on SIGTERM shuts the machine down in order.
export PATH=/opt/zonefall/bin:/usr/sbin:/usr/bin:/sbin:/bin
stopping=

service() { # name, command …
  local name=$1 pause=0.2
  shift
  (
    while :; do
      "$@" >> "/var/log/zonefall/$name.log" 2>&1
      sleep "$pause"
      pause=1
    done
  ) &
}

shut_down() {
  stopping=1
  trap '' TERM
  # What systemd does at the end: TERM to everything, a bounded wait, then off. PID 1 is spared by kill -1.
  kill -TERM -1
  for _ in $(seq 1 100); do
    kill -0 -1 2> /dev/null || break # nobody but PID 1 is left
    read -r -t 0.1 <> <(:) || true   # a pause that needs no process of its own
  done
  kill -KILL -1
  sync
  exit 0
}
trap shut_down TERM

. /opt/zonefall/image.sh
# An image may have no service: with nothing to wait for, the loop below would never pause.
service idle sleep infinity

while [ -z "$stopping" ]; do
  wait
done
