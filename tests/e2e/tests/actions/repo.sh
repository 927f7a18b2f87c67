# Makes a package repository of tiny packages below /srv/repo, and makes it the node's only source.
set -e
mkdir -p /srv/repo
cd /srv/repo

# deb NAME VERSION CONTROL-LINES: packs what lies in the folder `files`, if it is there.
deb() {
    rm -rf work
    mkdir -p work/DEBIAN
    [ ! -d files ] || cp -a files/. work
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: Test <test@example.org>\n%sDescription: for tests\n' \
        "$1" "$2" "$3" >work/DEBIAN/control
    if [ -d work/etc ]; then (cd work && find etc -type f | sed 's|^|/|') >work/DEBIAN/conffiles; fi
    [ ! -e postinst ] || install -m 0755 postinst work/DEBIAN/postinst
    dpkg-deb --root-owner-group -Znone --build work "$1_$2_all.deb" >/dev/null
    rm -rf work files postinst
}

deb e2e-c++ 1.0 ''
deb e2e-plain 1.0 ''
deb e2e-plain 2.0~rc1-1+b1 ''
deb e2e-one 1.0 ''
deb e2e-two 1.0 ''
deb e2e-needed 1.0 ''
deb e2e-needs 1.0 'Depends: e2e-needed
'
deb e2e-rival 1.0 'Conflicts: e2e-plain
'
mkdir -p files/etc/e2e
echo default >files/etc/e2e/app.conf
printf '#!/bin/sh\nset -e\ngetent passwd e2e-app >/dev/null || useradd --system e2e-app\n' >postinst
deb e2e-app 1.0 ''
printf '#!/bin/sh\necho cannot be configured >&2\nexit 1\n' >postinst
deb e2e-broken 1.0 ''

for file in *.deb; do
    dpkg-deb --field "$file"
    printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$file")" "$(sha256sum <"$file" | cut -c-64)"
done >Packages
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/repo ./' >/etc/apt/sources.list
: >/var/log/apt/history.log
