# Builds the file system that all test nodes start from: Debian 12 with systemd, OpenSSH and sudo.
#
# Arguments: the folder to build in (it is renamed by the caller when this ends well), the key that every
# account accepts, and a resolv.conf. The mirror is the one that this machine's own apt uses, or
# PALLET_DEBIAN_MIRROR.
set -eu
root=$1/root key=$2 resolv=$3
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# Prints "address release component" of every source of Debian 12 that this machine has.
debian_12_sources() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk '$2 ~ /^bookworm(-updates|-security)?$/ && $3 == "main" && !seen[$0]++'
}

# Prints the address of the first source of any Debian.
debian_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n 's/^Debian|Debian|//p' | head -n 1
}

# apt tells its sources only once it has read them.
if [ -z "$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages')" ]; then
    apt-get update
fi
sources=$(debian_12_sources)
mirror=$(printf '%s\n' "$sources" | awk '$2 == "bookworm" { print $1; exit }')
if [ -z "$mirror" ] || [ -n "${PALLET_DEBIAN_MIRROR:-}" ]; then
    mirror=${PALLET_DEBIAN_MIRROR:-$(debian_mirror)}
    sources="$mirror bookworm main"
fi
if [ -z "$mirror" ]; then
    echo "apt on this machine has no source of Debian; set PALLET_DEBIAN_MIRROR to the address of a mirror" >&2
    exit 1
fi

packages=systemd,systemd-sysv,dbus,openssh-server,openssh-client,sudo,opendoas,iproute2,procps,busybox-static
packages=$packages,ca-certificates,curl,netbase
debootstrap --variant=minbase --include="$packages" bookworm "$root" "$mirror"

# apt as on this machine: the same mirrors, the same proxies.
printf '%s\n' "$sources" | sed 's/^/deb /' >"$root/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(https?::|Check-)' >"$root/etc/apt/apt.conf.d/01host" || true
echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/02languages"
rm -f "$root/etc/resolv.conf"
cat "$resolv" >"$root/etc/resolv.conf"

mkdir -p "$root/etc/ssh/sshd_config.d" "$root/etc/sudoers.d"
cat >"$root/etc/ssh/sshd_config.d/bench.conf" <<'SSHD'
# One key pair is made for each node when it first starts. Tests open many connections at once.
HostKey /etc/ssh/ssh_host_ed25519_key
UseDNS no
MaxStartups 200
SSHD
rm -f "$root"/etc/ssh/ssh_host_*
echo 'deploy ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/deploy"
echo 'withpass ALL=(ALL:ALL) ALL' >"$root/etc/sudoers.d/withpass"
chmod 0440 "$root/etc/sudoers.d/deploy" "$root/etc/sudoers.d/withpass"
printf 'permit nopass deploy\npermit withpass\n' >"$root/etc/doas.conf"
chmod 0400 "$root/etc/doas.conf"

chroot "$root" /bin/sh -eu <<'INSIDE'
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
useradd --create-home --shell /bin/bash deploy
useradd --create-home --shell /bin/bash withpass
echo 'withpass:correct horse' | chpasswd

# While /run/nologin exists, pam_nologin turns every account but root away although the SSH port answers. It is
# made early, and removed by systemd-user-sessions, which under load is late: so it is not made.
ln -s /dev/null /etc/tmpfiles.d/systemd-nologin.conf
# Jobs and consoles that a test node has no use for.
systemctl mask systemd-user-sessions.service systemd-logind.service getty.target console-getty.service \
    systemd-networkd.service systemd-resolved.service systemd-timesyncd.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
systemctl set-default multi-user.target
: >/etc/machine-id
rm -f /etc/hostname

apt-get update
apt-get install --yes --no-install-recommends --download-only nginx cron tree hello git openrc runit \
    nftables ufw locales
# Leaves apt's parsed index behind, which would cost every node a second.
apt-cache gencaches
INSIDE

for home in "$root/root" "$root/home/deploy" "$root/home/withpass"; do
    mkdir -m 0700 -p "$home/.ssh"
    cp "$key.pub" "$home/.ssh/authorized_keys"
    chown -R --reference="$home" "$home/.ssh"
done
