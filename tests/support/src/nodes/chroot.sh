# Runs a node without an init until its standard input ends: see `node.sh`.
#
# Arguments: the base root (for debian perhaps with layers before it, and colons between), what it is (debian, debian
# with openrc or runit, or busybox), its name.
set -eu
base=$1 userland=$2 name=$3
exec 3<&0 </dev/null

hostname "$name"
ip link set lo up
mount -t tmpfs -o mode=0755 tmpfs /run
mkdir /run/upper /run/work /run/root
root=/run/root
case $userland in
debian | openrc | runit)
    mount -t overlay -o "lowerdir=$base,upperdir=/run/upper,workdir=/run/work" overlay "$root"
    ;;
busybox)
    mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/etc" "$root/root" "$root/var/lib" \
        "$root/var/log" "$root/proc" "$root/dev" "$root/sys" "$root/run"
    mkdir -m 1777 "$root/tmp" "$root/var/tmp"
    cp "$base/bin/busybox" "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s
    printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
    printf 'ID=busybox\nNAME=busybox\n' >"$root/etc/os-release"
    ;;
esac

echo "$name" >"$root/etc/hostname"
printf '127.0.0.1 localhost %s\n' "$name" >"$root/etc/hosts"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir -m 1777 "$root/dev/shm"

case $userland in
runit)
    chroot "$root" apt-get install --yes --no-install-recommends --no-download runit >/run/log 2>&1 || { cat /run/log >&2; exit 1; }
    # SIGTERM, which the end of our input sends, ends runsvdir and with it the node; SIGHUP would end its services too.
    exec chroot "$root" /bin/sh -c '(cat <&3 >/dev/null; kill 1) & echo ready; exec 3<&- runsvdir -P /etc/service >/dev/null 2>&1'
    ;;
openrc)
    chroot "$root" apt-get install --yes --no-install-recommends --no-download openrc >/run/log 2>&1 || { cat /run/log >&2; exit 1; }
    # What OpenRC itself makes when it boots.
    mkdir -p "$root/run/openrc/daemons"
    : >"$root/run/openrc/softlevel"
    ;;
esac
# A shell that waits also buries the orphans that it inherits as process 1; `exec` makes it one of the node's own.
exec chroot "$root" /bin/sh -c 'cat <&3 >/dev/null & echo ready; exec 3<&- >/dev/null; wait $!'
