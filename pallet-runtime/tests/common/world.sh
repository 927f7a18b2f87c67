#!/bin/sh
# A machine to log in to: real sshd, sudo and doas with users and rules of their own, on an overlay of this machine.
# Nothing outside the overlay changes. Runs until its standard input ends; then all of it is gone.
#
# usage: world.sh FOLDER PORT INNER_PORT BOOT_PORT     (FOLDER has `authorized` and the host keys)
set -eu
folder=$1 port=$2 inner=$3 boot=$4

if [ "${5-}" != inside ]; then
    unshare --mount --pid --fork --kill-child --propagation private sh "$0" "$@" inside </dev/null &
    inside=$!
    cat >/dev/null
    kill -KILL "$inside"
    wait "$inside" || true
    rm -rf --one-file-system "$folder"
    exit 0
fi

mount -t tmpfs -o mode=755 tmpfs "$folder/mnt"
mkdir "$folder/mnt/upper" "$folder/mnt/scratch" "$folder/mnt/root"
root=$folder/mnt/root
mount -t overlay -o "lowerdir=/,upperdir=$folder/mnt/upper,workdir=$folder/mnt/scratch" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p "$root/run/sshd" "$root/etc/world"
cp "$folder"/authorized "$folder"/host_* "$root/etc/world/"
chmod 600 "$root"/etc/world/host_*
chmod 644 "$root"/etc/world/authorized "$root"/etc/world/*.pub
rm -f "$root/etc/nologin"

cat >"$root/etc/world/setup" <<'END'
set -eu
printf '127.0.0.1 inner.pallet.test\n' >>/etc/hosts
add() {
    useradd --create-home --shell /bin/bash "$1"
    printf '%s:%s\n' "$1" "secret of $1" | chpasswd
}
for user in nopass withpass cached needstty needsttypass outsider noisy dashed asked both doasuser doaspass; do
    add "$user"
done
usermod --shell /bin/dash dashed
cat >/etc/sudoers <<'RULES'
Defaults env_reset
Defaults use_pty
Defaults lecture=always
Defaults:cached timestamp_type=global
Defaults:needstty requiretty
Defaults:needsttypass requiretty
root ALL=(ALL:ALL) ALL
nopass ALL=(ALL:ALL) NOPASSWD: ALL
noisy ALL=(ALL:ALL) NOPASSWD: ALL
dashed ALL=(ALL:ALL) NOPASSWD: ALL
needstty ALL=(ALL:ALL) NOPASSWD: ALL
withpass ALL=(ALL:ALL) ALL
cached ALL=(ALL:ALL) ALL
needsttypass ALL=(ALL:ALL) ALL
RULES
chmod 440 /etc/sudoers
if command -v doas >/dev/null; then
    printf 'permit nopass doasuser\npermit doaspass\n' >/etc/doas.conf
    chmod 600 /etc/doas.conf
fi
cat >/home/noisy/.bashrc <<'RC'
echo 'Welcome to this machine'
echo 'mind the gap' >&2
set -x
RC
printf 'auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n' >/etc/world/pam
for service in sshd sudo doas; do
    cp /etc/world/pam "/etc/pam.d/$service"
done
# A second name, and so PAM rules of its own: the machine that still boots.
cp /usr/sbin/sshd /usr/sbin/sshd-boot
{ echo 'account requisite pam_nologin.so file=/run/boot-nologin'; cat /etc/world/pam; } >/etc/pam.d/sshd-boot
echo 'System is booting up. Unprivileged users are not permitted to log in yet.' >/run/boot-nologin
END

config() {
    cat <<END
Port $1
ListenAddress 127.0.0.1
$2
PidFile none
AuthorizedKeysFile /etc/world/authorized
StrictModes no
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication yes
PermitRootLogin yes
PrintMotd no
PrintLastLog no
MaxStartups 100
MaxSessions 100
UseDNS no
AllowTcpForwarding yes
Match User asked
    AuthenticationMethods keyboard-interactive
Match User both
    AuthenticationMethods publickey,password
END
}
key='HostKey /etc/world/host'
config "$port" "${key}_ed25519
${key}_ecdsa" >"$root/etc/world/sshd_config"
config "$inner" "${key}_ecdsa" >"$root/etc/world/inner_config"
config "$boot" "${key}_ed25519" >"$root/etc/world/boot_config"

chroot "$root" sh /etc/world/setup
chroot "$root" /usr/sbin/sshd -D -e -f /etc/world/inner_config &
chroot "$root" /usr/sbin/sshd-boot -D -e -f /etc/world/boot_config &
exec chroot "$root" /usr/sbin/sshd -D -e -f /etc/world/sshd_config
