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
        grep -q 'Could not get lock' <<<"$said" || break
        sleep 10
    done
    printf '%s\n' "$said" >&2
    return 1
}

# Installs the packages of those programs that this system lacks. A package of another release may have to give way to
# one that is installed here, and take its programs with it (qemu-utils of backports to qemu-system-x86), so it looks again.
install_missing() {
    local packages updated=
    for _ in 1 2 3; do
        mapfile -t packages < <(missing_packages "$@")
        [ "${#packages[@]}" -gt 0 ] || return 0
        echo "== Installing ${packages[*]}"
        [ "$updated" ] || apt_quietly update || return
        updated=yes
        apt_quietly install --yes --no-install-recommends "${packages[@]}" || return
    done
    mapfile -t packages < <(missing_packages "$@")
    [ "${#packages[@]}" -eq 0 ] || {
        echo "still missing once installed: ${packages[*]}; another package may conflict with them" >&2
        return 1
    }
}
