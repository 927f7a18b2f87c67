# What the scripts that make Debian systems have in common; to be sourced.

# Prints the mirror to take Debian from.
debian_mirror() {
    if [ -n "${PALLET_DEBIAN_MIRROR:-}" ]; then
        echo "$PALLET_DEBIAN_MIRROR"
        return
    fi
    # shellcheck disable=SC2016 # apt fills these in, not the shell
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' |
        sed -n 's/^Debian|Debian|//p' | head -n 1
}
