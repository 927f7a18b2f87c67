# Removes what a bench leaves on the host, once its standard input ends: when the bench is dropped, or when the
# process that made it is gone, however it ended. May be run twice, and for a bench of which little is left.
#
# Arguments: the folder of all benches, the number of the bench, folders of cgroup hierarchies.
set -u
top=$1 bench=$2
shift 2
cat >/dev/null
cd / || exit 1

# Waits until a command succeeds: twenty seconds at most.
try() {
    tries=200
    until "$@"; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || return 1
        sleep 0.1
    done
}

# Kills what still runs in a cgroup, and removes it with all below it. Where the kernel cannot kill a cgroup as
# a whole, its processes are killed one by one until there are none.
remove_cgroup() {
    [ -d "$1" ] || return 0
    [ ! -e "$1/cgroup.freeze" ] || echo 0 >"$1/cgroup.freeze"
    # A process that this one may not see is listed as 0, which to kill means the killer.
    find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -vx 0 | xargs -r kill -KILL 2>/dev/null
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
    [ ! -d "$1" ]
}

for hierarchy; do
    for cgroup in "$hierarchy/pallet-test-$bench-"*; do
        try remove_cgroup "$cgroup" || echo "processes of bench $bench still run in $cgroup" >&2
    done
done

nft delete table ip "pallet_test_$bench" 2>/dev/null
for interface in "/sys/class/net/ptest-$bench" "/sys/class/net/ptest-$bench-"*; do
    [ ! -e "$interface" ] || ip link delete "${interface##*/}" 2>/dev/null
done

# The settings of the kernel go back with the last bench.
exec 9<"$top" || exit 0
flock 9
rm -rf "${top:?}/$bench"
for other in "$top"/[0-9]*; do
    [ ! -d "$other" ] || exit 0
done
if [ -d "$top/sysctl" ]; then
    cd "$top/sysctl" || exit 1
    # The bridge that a setting was for is gone, and its setting with it.
    find . -type f | while read -r setting; do
        [ ! -e "/proc/sys/$setting" ] || cat "$setting" >"/proc/sys/$setting"
    done
    cd /
fi
rm -rf "$top/sysctl"
rmdir "$top" 2>/dev/null
exit 0
