# Functions for mounts and swap space.
# p_mounted ESCAPED: sets p_is to the device of what is mounted on top there; empty if nothing is.
p_mounted() {
  p_is=
  while read -r p_device p_point p_line; do
    [ "$p_point" != "$1" ] || p_is=$p_device
  done </proc/self/mounts
}
# p_mount ID POINT ESCAPED DEVICE OPTIONS: by its line in /etc/fstab. An empty device is not compared.
p_mount() {
  p_mounted "$3"
  if [ -n "$p_is" ] && { [ -z "$4" ] || [ "$4" = "$p_is" ]; }; then
    # The line was changed just now.
    [ -n "$p_did" ] || return 0
    mount -o "remount,$5" "$2" || { umount "$2" && mount "$2"; } || return
    return 0
  fi
  if [ -n "$p_is" ]; then umount "$2" || return; fi
  if [ ! -d "$2" ]; then p_say "there is no directory $2"; return 1; fi
  mount "$2" || return
  p_did="$p_did $1"
}
# p_unmount ID POINT ESCAPED
p_unmount() {
  p_mounted "$3"
  while [ -n "$p_is" ]; do
    umount "$2" || return
    p_did="$p_did $1"
    p_mounted "$3"
  done
}
# p_swap ID PATH ESCAPED BYTES: no bytes: no file.
p_swap() {
  p_used=
  while read -r p_name p_line; do
    [ "$p_name" != "$3" ] || p_used=1
  done </proc/swaps
  if [ -L "$2" ] || { [ -e "$2" ] && [ ! -f "$2" ]; }; then p_say "$2 is not a file"; return 1; fi
  if [ -n "$p_used" ] && { [ -z "$4" ] || [ "$(stat -c %s "$2")" != "$4" ]; }; then
    swapoff "$2" || return
    p_used= p_did="$p_did $1"
  fi
  if [ -z "$4" ]; then
    [ ! -e "$2" ] || { rm -f -- "$2" && p_did="$p_did $1"; }
    return
  fi
  if [ ! -e "$2" ] || [ "$(stat -c %s "$2")" != "$4" ]; then
    rm -f -- "$2"
    # Written, not only reserved: a file with holes cannot be swap.
    (umask 077 && set -C && : >"$2") || return
    p_did="$p_did $1"
    head -c "$4" /dev/zero >"$2" && mkswap "$2" >/dev/null || { rm -f -- "$2"; return 1; }
  fi
  if [ "$(stat -c %a "$2")" != 600 ]; then
    chmod 600 "$2" || return
    p_did="$p_did $1"
  fi
  if [ -z "$p_used" ]; then
    swapon "$2" || return
    p_did="$p_did $1"
  fi
}
