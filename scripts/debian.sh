# What the scripts that make Debian systems have in common; to be sourced.

# Prints the mirror to take Debian from.
debian_mirror() {
    if [ -n "${PALLET_DEBIAN_MIRROR:-}" ]; then
        echo "$PALLET_DEBIAN_MIRROR"
        return
    fi
    # apt tells its sources only once it has read them.
    [ -n "$(debian_sources)" ] || apt-get -qq -o DPkg::Lock::Timeout=300 update >&2 || true
    debian_sources | head -n 1
}

# Prints the mirrors that apt has read an index of.
debian_sources() {
    # shellcheck disable=SC2016 # apt fills these in, not the shell
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' | sed -n 's/^Debian|Debian|//p'
}

# Gives the apt of a system in a folder the way to the mirror that apt has here, proxies included.
copy_proxies() {
    apt-config dump --format '%F "%v";%n' Acquire::http::Proxy Acquire::https::Proxy \
        >"$1/etc/apt/apt.conf.d/90proxy" 2>/dev/null || true
}
