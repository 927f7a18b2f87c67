# Reads what pallet must know about a node. Prints key=value lines. Few processes: what a builtin can do, a
# builtin does.
for utility in cat chmod chown cp date id ln mkdir mv rm sha256sum stat uname; do
  command -v "$utility" >/dev/null 2>&1 || echo "lacks=$utility"
done
set -- $(uname -s -r -m)
echo "kernel=$2"
echo "machine=$3"
for release in /etc/os-release /usr/lib/os-release; do
  if [ -r "$release" ]; then
    while IFS= read -r line; do
      case $line in
        ID=* | ID_LIKE=* | VERSION_ID=* | VERSION_CODENAME=* | PRETTY_NAME=*) printf 'os.%s\n' "$line" ;;
      esac
    done <"$release"
    break
  fi
done
if [ -r /proc/sys/kernel/hostname ]; then
  IFS= read -r name </proc/sys/kernel/hostname
else
  name=$(uname -n)
fi
printf 'hostname=%s\n' "$name"
cpus=0
while read -r key rest; do
  case $key in processor) cpus=$((cpus + 1)) ;; esac
done </proc/cpuinfo 2>/dev/null
[ "$cpus" -eq 0 ] || echo "cpus=$cpus"
while read -r key value rest; do
  case $key in MemTotal:) echo "memory=$value"; break ;; esac
done </proc/meminfo 2>/dev/null
if command -v ip >/dev/null 2>&1; then
  ip -o addr show up scope global 2>/dev/null | while read -r index device family address rest; do
    case $family in inet | inet6) echo "address=${address%%/*}" ;; esac
  done
elif command -v hostname >/dev/null 2>&1; then
  for address in $(hostname -I 2>/dev/null); do echo "address=$address"; done
fi
if [ -d /run/systemd/system ]; then
  echo init=systemd
elif [ -d /etc/init.d ]; then
  echo init=sysv
fi
for pair in apt-get:apt dnf:dnf zypper:zypper pacman:pacman apk:apk; do
  if command -v "${pair%%:*}" >/dev/null 2>&1; then
    echo "packager=${pair#*:}"
    break
  fi
done
if [ -r /run/systemd/container ]; then
  IFS= read -r name </run/systemd/container
  printf 'container=%s\n' "$name"
elif [ -e /.dockerenv ]; then
  echo container=docker
elif [ -e /run/.containerenv ]; then
  echo container=podman
fi
if [ -r "${p_lib:-/var/lib/pallet}/version" ]; then
  IFS= read -r version <"${p_lib:-/var/lib/pallet}/version"
  echo "state=$version"
fi
echo "clock=$(date +%s)"
case $(stat --version 2>/dev/null) in
  *coreutils*) echo utilities=gnu ;;
  *) echo utilities=busybox ;;
esac
