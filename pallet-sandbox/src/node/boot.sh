# Turns a process in namespaces of its own into a node: builds the root file system, tells its pid, waits until
# the controller has connected the network, and becomes the node's init. Runs in the node's folder.
#
# The controller holds the other end of standard input. If it dies, the answer is an end of file, this script
# ends, and the kernel removes the namespaces with all that was mounted in them.
set -eu
hostname=$1
overlay_option=$2

# Read by the shell itself, from the host's /proc: our pid as the host knows it.
read -r pid _ </proc/self/stat
echo "pid $pid"

# Relative paths, because a comma or a colon in a path would end an option.
mount -t overlay pallet -o lowerdir=lower,upperdir=disk/upper,workdir=disk/work"$overlay_option" root

cd root
mkdir -p proc sys dev run tmp

mount -t proc -o nosuid,nodev,noexec proc proc
# The setting belongs to the host's root, the program asks the namespace's.
echo "$hostname" 2>/dev/null >proc/sys/kernel/hostname || hostname "$hostname"
# Settings of the host's kernel are read, not written.
for part in sys sysrq-trigger irq bus; do
  if [ -e "proc/$part" ]; then
    mount --bind "proc/$part" "proc/$part"
    mount -o remount,bind,ro,nosuid,nodev,noexec "proc/$part"
  fi
done
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys

mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,nosuid,noexec,mode=620,gid=5,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
[ ! -e proc/kcore ] || mount --bind /dev/null proc/kcore

mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
mkdir -m 1777 run/lock
mkdir -m 700 run/pallet
# Where programs look for what kind of container they are in.
mkdir run/systemd
echo pallet-sandbox >run/systemd/container
cp ../init.sh run/pallet/init
cp ../utmp run/utmp

read -r answer
[ "$answer" = go ]

# From here on the programs are those of the image.
mkdir run/pallet/host
pivot_root . run/pallet/host
umount -l /run/pallet/host
rmdir /run/pallet/host
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  sh /run/pallet/init
