# Reads what pallet must know about a node. Prints key=value lines, and what `ip` prints. Few processes: what a
# builtin can do, a builtin does.
for utility in cat chmod chown cp date id ln mkdir mv rm sha256sum stat uname; do
  command -v "$utility" >/dev/null 2>&1 || echo "lacks=$utility"
done
# first FILE: sets line to the first line of a file, and tells whether there is one.
first() {
  line=
  [ -r "$1" ] && { IFS= read -r line <"$1" || [ -n "$line" ]; } 2>/dev/null
}
# told KEY FILE: prints the first line of a file.
told() { ! first "$2" || printf '%s=%s\n' "$1" "$line"; }
first /proc/sys/kernel/osrelease || line=$(uname -r)
printf 'kernel=%s\n' "$line"
# The kernel's own machine (Linux 6.1 and later) is that of processes whose personality is nothing special: not of those in
# a 32-bit container on a 64-bit kernel.
if first /proc/self/personality && [ "$line" = 00000000 ] && first /proc/sys/kernel/arch; then
  printf 'machine=%s\n' "$line"
else
  echo "machine=$(uname -m)"
fi
for release in /etc/os-release /usr/lib/os-release; do
  if [ -r "$release" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
        ID=* | ID_LIKE=* | VERSION_ID=* | VERSION_CODENAME=* | PRETTY_NAME=*) printf 'os.%s\n' "$line" ;;
      esac
    done <"$release"
    break
  fi
done
first /proc/sys/kernel/hostname || line=$(uname -n)
printf 'hostname=%s\n' "$line"
if first /sys/devices/system/cpu/online; then
  printf 'online=%s\n' "$line"
else
  cpus=0
  while read -r key rest; do
    case $key in processor) cpus=$((cpus + 1)) ;; esac
  done </proc/cpuinfo 2>/dev/null
  [ "$cpus" -eq 0 ] || echo "cpus=$cpus"
fi
while read -r key value rest; do
  case $key in
    MemTotal:) echo "memory=$value" ;;
    SwapTotal:) echo "swap=$value"; break ;;
  esac
done </proc/meminfo 2>/dev/null
told uptime /proc/uptime
told boot /proc/sys/kernel/random/boot_id
firmware=
for name in sys_vendor product_name board_vendor bios_vendor; do
  if first "/sys/class/dmi/id/$name"; then printf 'firmware=%s\n' "$line"; firmware=yes; fi
done
told hypervisor /sys/hypervisor/type
if [ -z "$firmware" ]; then
  while read -r key rest; do
    case $key in flags) case " $rest " in *" hypervisor "*) echo hypervisor=unknown ;; esac; break ;; esac
  done </proc/cpuinfo 2>/dev/null
fi
if first /run/systemd/container; then
  printf 'container=%s\n' "$line"
elif [ -e /.dockerenv ]; then
  echo container=docker
elif [ -e /run/.containerenv ]; then
  echo container=podman
elif first /proc/1/environ; then
  # Its variables are separated by NUL, which a shell leaves out.
  for name in lxc systemd-nspawn docker podman oci; do
    case $line in *container="$name"*) echo "container=$name"; break ;; esac
  done
fi
for disk in /sys/block/*; do
  case $disk in */sr[0-9]* | */fd[0-9]*) continue ;; esac
  if [ -e "$disk/device" ] && first "$disk/size"; then printf 'disk=%s %s\n' "${disk##*/}" "$line"; fi
done
while read -r device path kind options rest; do
  case $kind in
    proc | sysfs | cgroup* | devpts | devtmpfs | securityfs | pstore | bpf | tracefs | debugfs | mqueue | hugetlbfs) ;;
    configfs | fusectl | autofs | binfmt_misc | nsfs | rpc_pipefs | efivarfs | selinuxfs | ramfs) ;;
    *) printf 'mount=%s %s %s %s\n' "$device" "$path" "$kind" "$options" ;;
  esac
done </proc/self/mounts 2>/dev/null
while IFS=: read -r name rest number group comment home shell; do
  case $number in '' | *[!0-9]* | ??????????*) continue ;; esac
  case $shell in */nologin | */false) continue ;; esac
  if [ "$number" -eq 0 ] || { [ "$number" -ge 1000 ] && [ "$number" -lt 65534 ]; }; then
    printf 'user=%s:%s:%s:%s:%s\n' "$name" "$number" "$group" "$home" "$shell"
  fi
done </etc/passwd 2>/dev/null
told timezone /etc/timezone
for name in /etc/locale.conf /etc/default/locale; do
  if [ -r "$name" ]; then
    while IFS= read -r line || [ -n "$line" ]; do case $line in LANG=*) printf 'locale=%s\n' "${line#LANG=}" ;; esac; done <"$name"
    break
  fi
done
if command -v ip >/dev/null 2>&1; then
  ip -o addr show up scope global 2>/dev/null
elif command -v hostname >/dev/null 2>&1; then
  for address in $(hostname -I 2>/dev/null); do echo "address=$address"; done
fi
if [ -d /run/systemd/system ]; then
  echo init=systemd
elif first /proc/1/comm && { [ "$line" = runit ] || [ "$line" = runsvdir ]; }; then
  echo init=runit
elif [ -e /run/openrc/softlevel ]; then
  echo init=openrc
elif [ -d /etc/init.d ]; then
  echo init=sysv
fi
for pair in apt-get:apt dnf:dnf zypper:zypper pacman:pacman apk:apk; do
  if command -v "${pair%%:*}" >/dev/null 2>&1; then
    echo "packager=${pair#*:}"
    break
  fi
done
told state "${p_lib:-/var/lib/pallet}/version"
# `%:z` is GNU's own. Others print it as it is, or nothing at all.
set -- $(date '+%s %:z' 2>/dev/null)
echo "clock=${1:-$(date +%s)}"
case ${2-} in
  [+-][0-9][0-9]:[0-9][0-9]) echo utilities=gnu ;;
  *) echo utilities=busybox ;;
esac
