# Makes a package repository of tiny packages below /srv/repo, and makes it the node's only source.
set -e
mkdir -p /srv/repo
cd /srv/repo

# deb NAME VERSION CONTROL-LINES [ARCHITECTURE]: packs what lies in the folder `files`, if it is there.
deb() {
    rm -rf work
    mkdir -p work/DEBIAN
    [ ! -d files ] || cp -a files/. work
    printf 'Package: %s\nVersion: %s\nArchitecture: '"${4:-all}"'\nMaintainer: Test <test@example.org>\n%sDescription: for tests\n' \
        "$1" "$2" "$3" >work/DEBIAN/control
    if [ -d work/etc ]; then (cd work && find etc -type f | sed 's|^|/|') >work/DEBIAN/conffiles; fi
    [ ! -e postinst ] || install -m 0755 postinst work/DEBIAN/postinst
    [ ! -e config ] || install -m 0755 config work/DEBIAN/config
    [ ! -e templates ] || cp templates work/DEBIAN/templates
    dpkg-deb --root-owner-group -Znone --build work "$1_$2_${4:-all}.deb" >/dev/null
    rm -rf work files postinst config templates
}

# index FOLDER SUITE: writes what apt reads in a folder of packages.
index() {
    (
        cd "$1"
        for file in *.deb; do
            dpkg-deb --field "$file"
            printf 'Filename: ./%s\nSize: %s\nSHA256: %s\n\n' "$file" "$(stat -c %s "$file")" "$(sha256sum <"$file" | cut -c-64)"
        done >Packages
        printf 'Suite: %s\nCodename: %s\nArchitectures: all amd64 i386\nSHA256:\n %s %s Packages\n' "$2" "$2" \
            "$(sha256sum <Packages | cut -c-64)" "$(stat -c %s Packages)" >Release
    )
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

deb e2e-epoch 1:9.0 ''
deb e2e-epoch 2:1.0~rc1-1 ''
deb e2e-epoch 2:1.0-1 ''
deb e2e-provider 1.0 'Provides: e2e-virtual
'
deb e2e-foreign 1.0 'Multi-Arch: same
' i386
deb e2e-foreign 1.0 'Multi-Arch: same
' amd64
deb e2e-recommends 1.0 'Recommends: e2e-recommended
'
deb e2e-recommended 1.0 ''
mkdir -p files/etc/e2e
echo 'default of 2' >files/etc/e2e/app.conf
printf '#!/bin/sh\nset -e\ngetent passwd e2e-app >/dev/null || useradd --system e2e-app\n' >postinst
deb e2e-app 2.0 ''
# It asks, and keeps the answers where a test can see them.
cat >templates <<'T'
Template: e2e-asks/name
Type: string
Default: nobody
Description: What is your name?

Template: e2e-asks/password
Type: password
Description: And your password?
T
printf '#!/bin/sh\nset -e\n. /usr/share/debconf/confmodule\ndb_input critical e2e-asks/name || true\ndb_input critical e2e-asks/password || true\ndb_go\n' >config
printf '#!/bin/sh\nset -e\n. /usr/share/debconf/confmodule\ndb_get e2e-asks/name\necho "$RET" >/srv/answers\ndb_get e2e-asks/password\necho "$RET" >>/srv/answers\n' >postinst
deb e2e-asks 1.0 'Depends: debconf
'
# It has a service, which leaves a trace when it is started.
mkdir -p files/etc/init.d
printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: e2e-service\n# Required-Start:\n# Required-Stop:\n# Default-Start: 2 3 4 5\n# Default-Stop:\n### END INIT INFO\n: >/srv/started\n' >files/etc/init.d/e2e-service
chmod 0755 files/etc/init.d/e2e-service
printf '#!/bin/sh\nset -e\nupdate-rc.d e2e-service defaults\ninvoke-rc.d e2e-service start\n' >postinst
deb e2e-service 1.0 ''
# It takes as long to be configured as a test wants.
printf '#!/bin/sh\n: >/srv/busy\nuntil [ -e /srv/go ]; do sleep 0.1; done\n' >postinst
deb e2e-slow 1.0 ''
# Where the node has none, one that has nothing in it will do.
for name in ca-certificates curl sudo; do deb "$name" 0.0 ''; done
mkdir -p /srv/backports /srv/extra
deb e2e-extra 1.0 ''
mv e2e-extra_1.0_all.deb /srv/extra
deb e2e-plain 3.0~bpo1 ''
mv e2e-plain_3* /srv/backports
deb e2e-file 1:1.0 'Depends: e2e-needed
'
mv e2e-file_* /srv/e2e-file.deb

index /srv/repo e2e
index /srv/extra e2e-extra
index /srv/backports e2e-backports
printf 'NotAutomatic: yes\nButAutomaticUpgrades: yes\n' >>/srv/backports/Release
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
printf 'deb [trusted=yes] file:/srv/repo ./\ndeb [trusted=yes] file:/srv/backports ./\n' >/etc/apt/sources.list
: >/var/log/apt/history.log
