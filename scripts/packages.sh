# How the scripts that run programs of Debian get them; to be sourced. A program and the package that has it are named
# together, as in qemu-img:qemu-utils.

# Prints the packages of those programs that this system lacks, one a line.
missing_packages() {
    local entry
    for entry in "$@"; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${entry%%:*}" >/dev/null || echo "${entry##*:}"
    done | sort -u
}

# Runs apt-get, which is heard only when it fails. Another apt or dpkg may be at work; each kind of lock is waited for,
# ten minutes at most.
apt_quietly() {
    local said
    for _ in $(seq 60); do
        if said=$(LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 "$@" 2>&1); then
            return
        fi
        case $said in *'Could not get lock'*) sleep 10 ;; *) break ;; esac
    done
    printf '%s\n' "$said" >&2
    return 1
}

# Installs the packages of those programs that this system lacks. A package of another release may have to give way to
# one that is installed here, and take its programs with it (qemu-utils of backports to qemu-system-x86), so it looks again.
install_missing() {
    local packages updated=
    for _ in 1 2 3; do
        packages=$(missing_packages "$@" | tr '\n' ' ')
        [ "$packages" ] || return 0
        echo "== Installing $packages"
        [ "$updated" ] || apt_quietly update || return
        updated=yes
        # shellcheck disable=SC2086 # each word is a package
        apt_quietly install --yes --no-install-recommends $packages || return
    done
    packages=$(missing_packages "$@" | tr '\n' ' ')
    [ -z "$packages" ] || {
        echo "still missing once installed: $packages(does another package conflict with it?)" >&2
        return 1
    }
}
