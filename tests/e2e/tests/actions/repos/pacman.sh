# Makes a repository of tiny packages below /srv/repo, with no other program than tar: repo-add is a part of pacman
# that Debian has, but not what it needs.
set -e
mkdir -p /srv/repo /srv/build/db
cd /srv/build

# package NAME VERSION LINES-OF-PKGINFO LINES-OF-DESC
package() {
    printf 'pkgname = %s\npkgver = %s\npkgdesc = for tests\nbuilddate = 1\npackager = test\nsize = 0\narch = any\n%s' \
        "$1" "$2" "$3" >.PKGINFO
    tar -cf "/srv/repo/$1-$2-any.pkg.tar" .PKGINFO
    rm -rf "db/$1-"[0-9]*
    mkdir "db/$1-$2"
    printf '%%FILENAME%%\n%s\n\n%%NAME%%\n%s\n\n%%VERSION%%\n%s\n\n%%CSIZE%%\n%s\n\n%%ARCH%%\nany\n\n%s' \
        "$1-$2-any.pkg.tar" "$1" "$2" "$(stat -c %s "/srv/repo/$1-$2-any.pkg.tar")" "$4" >"db/$1-$2/desc"
}

# Newer packages come by another call.
if [ ! -e /srv/repo/e2e.db ]; then
    package e2e-one 1.0-1
    package e2e-two 1.0-1
    package e2e-c++ 1.0-1
    package e2e-plain 1.0-1
    package e2e-epoch 2:1.0-1
    package e2e-needs 1.0-1 'depend = e2e-two
' '%DEPENDS%
e2e-two

'
    package e2e-provider 1.0-1 'provides = e2e-virtual
' '%PROVIDES%
e2e-virtual

'
    package e2e-file 1.0-1
    mv /srv/repo/e2e-file-* /srv/
    rm -r db/e2e-file-*
else
    package e2e-plain 2.0rc1-1
fi
# pacman knows no names that begin with a dot.
(cd db && tar -czf /srv/repo/e2e.db ./* --transform 's|^\./||')
