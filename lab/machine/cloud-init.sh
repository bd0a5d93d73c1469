# What cloud-init does for a script in user data, in its order: what is in scripts/per-boot at every
# boot, then user data that begins with #! at the instance's first. Its log is where cloud-init's is.
# https://docs.cloud-init.io/en/latest/explanation/boot.html
cloud=/var/lib/cloud
ln -sfn /var/log/zonefall/cloud-init-output.log /var/log/cloud-init-output.log

run_parts() {
  for script in "$cloud"/scripts/per-boot/*; do
    if [ -x "$script" ]; then "$script" || echo "$script ended with $?."; fi
  done
  local done=$cloud/instance/sem/config_scripts_user script=$cloud/instance/scripts/part-001
  if [ -e "$done" ]; then return; fi
  mkdir -p "$cloud"/instance/{sem,scripts}
  touch "$done"
  if [ "$(head -c 2 "$cloud/instance/user-data.txt")" != '#!' ]; then return; fi
  cp "$cloud/instance/user-data.txt" "$script"
  chmod 700 "$script"
  "$script" || echo "$script ended with $?."
}

mkdir -p "$cloud/scripts/per-boot"
run_parts >> /var/log/zonefall/cloud-init-output.log 2>&1 &
