#!/bin/bash
# Runs as PID 1 of a machine, in its own mount, PID, UTS, IPC and network namespaces: builds the
# machine's file system, enters it and starts its services. Everything it needs is in the environment:
#   MACHINE  folder of the machine     ROOTFS   the image's root file system    CGROUP  its cgroup
#   CGROUP_VERSION  1 or 2: with 2 its cgroup is there, with a leaf `system`, and hands out nothing yet
#   HOSTNAME_FQDN  its name            DEVICES  "name:minor" of plugged disks   BINDS   "source:target:ro|rw"
set -eu
ROOT=$MACHINE/root
mkdir -p "$MACHINE/upper" "$MACHINE/work" "$ROOT"

if [ "${CGROUP_VERSION-1}" = 2 ]; then
  # The machine's cgroup becomes the root of a cgroup namespace: what the kubelet, containerd and the
  # pods see of cgroups is the machine's, as on a computer of its own.
  group=/sys/fs/cgroup/$CGROUP
  if [ -z "${IN_CGROUP_NAMESPACE-}" ]; then
    echo $$ > "$group/cgroup.procs"
    IN_CGROUP_NAMESPACE=1 exec unshare --cgroup /bin/bash "$0"
  fi
  # A cgroup that hands out controllers may hold no processes but in its children.
  echo $$ > "$group/system/cgroup.procs"
  for controller in $(cat "$group/cgroup.controllers"); do
    echo "+$controller" > "$group/cgroup.subtree_control"
  done
else
  for hierarchy in /sys/fs/cgroup/*/; do
    name=$(basename "$hierarchy")
    [ "$name" = unified ] && continue
    mkdir -p "$hierarchy$CGROUP"
    if [ "$name" = cpuset ]; then # an empty cpuset takes no process
      cat "$hierarchy"cpuset.cpus > "$hierarchy$CGROUP/cpuset.cpus"
      cat "$hierarchy"cpuset.mems > "$hierarchy$CGROUP/cpuset.mems"
    fi
    echo $$ > "$hierarchy$CGROUP/cgroup.procs"
  done
fi

mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$ROOTFS,upperdir=$MACHINE/upper,workdir=$MACHINE/work" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /sys "$ROOT/sys"
if [ "${CGROUP_VERSION-1}" = 2 ]; then
  umount "$ROOT/sys/fs/cgroup"
  mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup"
fi
mount -t tmpfs -o mode=755 dev "$ROOT/dev"
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 kmsg:1:11; do
  IFS=: read -r name major minor <<< "$device"
  mknod -m 666 "$ROOT/dev/$name" c "$major" "$minor"
done
mkdir "$ROOT/dev/pts" "$ROOT/dev/shm" "$ROOT/dev/mqueue"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$ROOT/dev/pts"
ln -s pts/ptmx "$ROOT/dev/ptmx"
mount -t tmpfs shm "$ROOT/dev/shm"
ln -s /proc/self/fd "$ROOT/dev/fd"
ln -s /proc/self/fd/0 "$ROOT/dev/stdin"
ln -s /proc/self/fd/1 "$ROOT/dev/stdout"
ln -s /proc/self/fd/2 "$ROOT/dev/stderr"
# Disks must be there before the kubelet is, or its mount back-off has doubled to a minute.
# One that was asked for as sdf is an NVMe disk with a link of that name, as on Amazon Linux.
nvme=0
for device in $DEVICES; do
  name=${device%%:*}
  if [[ $name = sd* ]]; then
    nvme=$((nvme + 1))
    ln -s "nvme${nvme}n1" "$ROOT/dev/$name"
    name=nvme${nvme}n1
  fi
  mknod "$ROOT/dev/$name" b 7 "${device##*:}"
done
mount -t tmpfs -o mode=755 run "$ROOT/run"
mount -t tmpfs -o mode=1777 tmp "$ROOT/tmp"

# containerd's snapshots can't lie on an overlay, and mounts made below these must be seen in pods.
for folder in var/lib/containerd var/lib/kubelet; do
  mkdir -p "$MACHINE/$folder" "$ROOT/$folder"
  mount --bind "$MACHINE/$folder" "$ROOT/$folder"
done
for bind in $BINDS; do
  IFS=: read -r source target mode <<< "$bind"
  if [ -d "$source" ]; then
    mkdir -p "$ROOT$target"
  else
    mkdir -p "$(dirname "$ROOT$target")"
    [ -e "$ROOT$target" ] || touch "$ROOT$target"
  fi
  mount --bind "$source" "$ROOT$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$ROOT$target"
done

# These switches are the whole host's: the kubelet gets files of its own, which already say what it wants.
mkdir -p "$MACHINE/sysctl"
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  path=${setting%%=*}
  file=$MACHINE/sysctl/${path//\//.}
  echo "${setting##*=}" > "$file"
  [ -e "$ROOT/proc/sys/$path" ] && mount --bind "$file" "$ROOT/proc/sys/$path"
done

# A boot id of its own: the kernel's is the whole host's and outlives the machine's reboots.
cat /proc/sys/kernel/random/uuid > "$MACHINE/sysctl/boot_id"
mount --bind "$MACHINE/sysctl/boot_id" "$ROOT/proc/sys/kernel/random/boot_id"

hostname "$HOSTNAME_FQDN"
mkdir -p "$ROOT/.old"
cd "$ROOT"
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
mount --make-rshared /
exec /bin/bash /opt/zonefall/services.sh
