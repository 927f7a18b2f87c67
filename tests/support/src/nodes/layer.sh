# Builds what test nodes have beside the base root: packages of Debian. It is the upper layer of an overlay over the
# base root.
#
# Arguments: the folder to build in, the base root, the packages.
set -eu
folder=$1 base=$2
shift 2
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

root=$folder/merged
mkdir "$folder/root" "$folder/work" "$root"
mount -t overlay -o "lowerdir=$base,upperdir=$folder/root,workdir=$folder/work" overlay "$root"
mount -t proc proc "$root/proc"

# The downloaded packages are not kept. The index of the base root may be too old for the mirror.
install() {
    chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin apt-get -q -o Dir::Cache::archives=/tmp \
        install --yes --no-install-recommends "$@"
}
mkdir -p "$root/tmp/partial"
install "$@" || { chroot "$root" /usr/bin/apt-get -q update && install "$@"; }

umount "$root/proc"
rm -rf "$root"/tmp/*
umount "$root"
rm -rf "$folder/work" "$root"
