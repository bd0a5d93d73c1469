#!/bin/bash
# For tests: starts a containerd as a machine would have it, and runs a command beside it. Expects a
# mount and a PID namespace of its own.
# Usage: with-containerd.sh ROOTFS CONTAINERD_ROOT SCRATCH REGISTRY_URL SCRIPT < binds (source target)
set -euo pipefail
rootfs=$1 containerd_root=$2 scratch=$3 registry=$4 script=$5
root=$scratch/root
mkdir -p "$root" "$scratch/upper" "$scratch/work"
while read -r source target; do
  mount --bind -o ro "$source" "$target"
done
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mkdir -p "$root/var/lib/containerd" "$root/etc/containerd/certs.d/_default"
mount --rbind "$containerd_root" "$root/var/lib/containerd"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
cat > "$root/etc/containerd/config.toml" <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
TOML
printf '[host."%s"]\n  capabilities = ["pull", "resolve"]\n' "$registry" \
  > "$root/etc/containerd/certs.d/_default/hosts.toml"
cp "$script" "$root/script.sh"
mkdir "$root/.old"
cd "$root"
pivot_root . .old
cd /
umount -l /.old
containerd --log-level warn > /var/log/containerd.log 2>&1 < /dev/null &
for _ in $(seq 200); do
  if ctr version > /dev/null 2>&1; then break; fi
  sleep 0.05
done
exec bash /script.sh
