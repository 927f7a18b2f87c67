# A stand-in for apk, as far as its documentation and version 2.14 go: Debian has no package of it. It keeps what is
# installed in /lib/apk/db/installed and /etc/apk/world, takes what there is from /srv/repo/index (a line of name,
# version and, perhaps, a virtual name for each package), and fails on everything that it does not know.
mkdir -p /srv/repo /lib/apk/db /etc/apk
: >/lib/apk/db/installed
: >/lib/apk/db/lock
: >/etc/apk/world
: >/etc/apk/repositories
printf '%s\n' 'e2e-one 1.0-r0' 'e2e-two 1.0-r0' 'e2e-c++ 1.0-r0' 'e2e-plain 1.0-r0' 'e2e-needs 1.0-r0' \
    'e2e-provider 1.0-r0 e2e-virtual' >/srv/repo/all
mkdir -p /srv/build && cd /srv/build
printf 'pkgname = e2e-file\npkgver = 1.0-r0\n' >.PKGINFO
tar -czf /srv/e2e-file-1.0-r0.apk .PKGINFO
cat >/usr/bin/apk <<'APK'
#!/bin/sh
db=/lib/apk/db/installed
list=/srv/repo/index
fail() { echo "ERROR: $*" >&2; exit 1; }
# The newest version that the index has, by the order of its lines.
newest() { sed -n "s|^$1 \([^ ]*\).*|\1|p" "$list" | tail -n 1; }
is() { sed -n "s|^$1 ||p" "$db"; }
put() {
    sed -i "\|^$1 |d" "$db"
    [ -z "$2" ] || echo "$1 $2" >>"$db"
}
upgrade= simulate=
while :; do
    case $1 in
        --wait) shift 2 ;;
        --no-progress | --allow-untrusted) shift ;;
        -s) simulate=1; shift ;;
        *) break ;;
    esac
done
command=$1
shift
case $command in
    update) cp /srv/repo/all "$list" ;;
    add)
        for word; do
            case $word in
                --upgrade) upgrade=1; continue ;;
                /*)
                    put "$(tar -xzOf "$word" .PKGINFO | sed -n 's/^pkgname = //p')" "$(tar -xzOf "$word" .PKGINFO | sed -n 's/^pkgver = //p')"
                    continue
                    ;;
                *=*) version=${word#*=} ;;
                *) version= ;;
            esac
            name=${word%%=*}
            real=$(sed -n "s|^\([^ ]*\) [^ ]* $name\$|\1|p" "$list")
            name=${real:-$name}
            [ -n "$(newest "$name")" ] || fail "unable to select packages: $name (no such package)"
            [ -z "$version" ] || grep -q "^$name $version" "$list" || fail "unable to select packages: $word"
            [ -n "$upgrade$version" ] || [ -z "$(is "$name")" ] || continue
            put "$name" "${version:-$(newest "$name")}"
        done
        ;;
    del)
        for word; do
            [ "$word" != --purge ] || continue
            put "$word"
        done
        ;;
    info)
        [ "$1" = -ve ] || fail "unknown: info $*"
        shift
        status=0
        for word; do
            if [ -n "$(is "$word")" ]; then echo "$word-$(is "$word")"; else status=1; fi
        done
        exit "$status"
        ;;
    version)
        echo 'Installed:                                Available:'
        [ "$1" != --allow-untrusted ] || shift
        shift 2
        for word; do
            [ -z "$(is "$word")" ] || [ "$(is "$word")" = "$(newest "$word")" ] || echo "$word-$(is "$word")   < $(newest "$word")"
        done
        ;;
    upgrade)
        [ -n "$simulate" ] || fail "unknown: upgrade"
        ;;
    *) fail "unknown: $command $*" ;;
esac
APK
chmod 0755 /usr/bin/apk
