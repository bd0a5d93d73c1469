#!/bin/bash
# Ready is a node that the ring, as it sees it itself, has as Up and Normal under this pod's address.
set -o pipefail
nodetool status | grep --quiet "^UN  *${POD_IP//./\\.} "
