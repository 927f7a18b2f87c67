# Builds what test nodes with other package managers have beside the base root: dnf, zypper, pacman, aptitude, what makes
# repositories for them, and programs that some actions run. It is the upper layer of an overlay over the base root.
#
# Arguments: the folder to build in, the base root.
set -eu
folder=$1 base=$2
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

root=$folder/merged
mkdir "$folder/root" "$folder/work" "$root"
mount -t overlay -o "lowerdir=$base,upperdir=$folder/root,workdir=$folder/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"

# The downloaded packages are not kept. The index of the base root may be too old for the mirror.
install() {
    chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin apt-get -q -o Dir::Cache::archives=/tmp \
        install --yes --no-install-recommends dnf rpm createrepo-c zypper pacman-package-manager aptitude zip xz-utils
}
# The plugin that holds packages back. Debian does not let it be installed beside zypper.
plugin() {
    chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c \
        'cd /tmp && apt-get -q download dnf-plugins-core && dpkg-deb -x dnf-plugins-core_*.deb /tmp/plugins'
    python=$root/usr/lib/python3/dist-packages
    mkdir -p "$python/dnf-plugins"
    cp -r "$root/tmp/plugins/usr/lib/python3/dist-packages/dnfpluginscore" "$python"
    cp "$root/tmp/plugins/usr/lib/python3/dist-packages/dnf-plugins/versionlock.py" "$python/dnf-plugins"
    mkdir -p "$root/etc/dnf/plugins"
    cp "$root/tmp/plugins/etc/dnf/plugins/versionlock"* "$root/etc/dnf/plugins"
}
# The functions that pacman-key is written with. What else is in that package needs a lot that no test needs.
pacman_functions() {
    chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c \
        'cd /tmp && apt-get -q download makepkg && dpkg-deb --fsys-tarfile makepkg_*.deb | tar -x -C / ./usr/share/makepkg'
}
mkdir -p "$root/tmp/partial"
install || { chroot "$root" /usr/bin/apt-get -q update && install; }
plugin
pacman_functions

umount -l "$root/dev"
umount "$root/proc"
rm -rf "$root"/tmp/*
# Elsewhere than on Debian, rpm keeps its database here by itself.
mkdir -p "$root/etc/rpm"
echo '%_dbpath /var/lib/rpm' >"$root/etc/rpm/macros"
umount "$root"
rm -rf "$folder/work" "$root"
