#!/bin/bash
# PID 1 of a lab: gives its namespaces what the host's must not be touched for, then runs the daemon
# (its arguments) and reaps what the daemon's children leave behind. When the daemon ends, so does all.
set -eu
mount --make-rprivate /
mount -t proc proc /proc
mkdir -p /run/netns
mount -t tmpfs netns /run/netns
# Without this a background command gets /dev/null as its input, and the daemon a lab that ends at once.
"$@" <&0 &
wait $!
