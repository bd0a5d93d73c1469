#!/bin/bash
# Fills a containerd root with images, unpacked. Runs in a mount and a PID namespace of its own.
# Usage: import.sh ROOTFS CONTAINERD_ROOT SCRATCH LAYOUT...
set -euo pipefail
rootfs=$1 target=$2 scratch=$3
shift 3
root=$scratch/root
mkdir -p "$root" "$scratch/upper" "$scratch/work"
mount -t overlay overlay -o "lowerdir=$rootfs,upperdir=$scratch/upper,workdir=$scratch/work" "$root"
mkdir -p "$root/var/lib/containerd" "$root/layouts" "$root/etc/containerd"
# On a file system of its own kind: the overlay snapshotter can't have an overlay below it.
mount --bind "$target" "$root/var/lib/containerd"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/tmp"
# Level 2 of the configuration with the CRI plugin's defaults; the plugin marks each image as one
# that the kubelet may use, and gives it the name that is its configuration's digest.
cat > "$root/etc/containerd/config.toml" <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
TOML
chroot "$root" /usr/bin/containerd --log-level warn &
containerd=$!
for _ in $(seq 200); do
  if chroot "$root" /usr/bin/ctr version > /dev/null 2>&1; then break; fi
  kill -0 "$containerd"
  sleep 0.05
done
names=0
for layout in "$@"; do
  mkdir -p "$root/layouts/$names"
  mount --bind -o ro "$layout" "$root/layouts/$names"
  # Booting machines make hard links to these same blobs, which tar takes for a change (exit code 1).
  { tar --create --directory="$root/layouts/$names" . || [ $? = 1 ]; } |
    chroot "$root" /usr/bin/ctr --namespace k8s.io images import --snapshotter overlayfs -
  names=$((names + 1))
done
# The CRI plugin hears of new images by events: wait until each has its digest for a second name.
for _ in $(seq 400); do
  managed=$(chroot "$root" /usr/bin/ctr --namespace k8s.io images ls --quiet | grep -vc '^sha256:' || true)
  known=$(chroot "$root" /usr/bin/ctr --namespace k8s.io images ls 'labels."io.cri-containerd.image"==managed' --quiet | grep -vc '^sha256:' || true)
  if [ "$managed" = "$known" ]; then break; fi
  sleep 0.05
done
chroot "$root" /usr/bin/ctr --namespace k8s.io images ls
[ "$managed" = "$known" ]
kill -TERM "$containerd"
wait "$containerd" || true
