#!/bin/sh
# A second machine for a service: a network namespace with an sshd of its own. Runs until its standard input ends.
#
# usage: host.sh FOLDER NAME NUMBER      (FOLDER has `authorized` and `host_key`; NUMBER makes its addresses its own)
set -eu
folder=$1 name=$2 number=$3
ours=10.213.$number.1 theirs=10.213.$number.2

clean_up() {
    ip link del "$name" 2>/dev/null || true
    ip netns del "$name" 2>/dev/null || true
}
trap clean_up EXIT
trap 'exit 1' HUP INT TERM
ip netns add "$name"
ip link add "$name" type veth peer name eth0 netns "$name"
ip addr add "$ours/24" dev "$name"
ip link set "$name" up
ip -n "$name" addr add "$theirs/24" dev eth0
ip -n "$name" link set eth0 up
ip -n "$name" link set lo up
mkdir -p /run/sshd
cat >"$folder/sshd_config" <<END
ListenAddress $theirs
HostKey $folder/host_key
PidFile $folder/sshd.pid
AuthorizedKeysFile $folder/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
UseDNS no
SetEnv PALLET_HOME=$folder/there
END
ip netns exec "$name" /usr/sbin/sshd -D -e -f "$folder/sshd_config" 2>>"$folder/log" &
sshd=$!
cat >/dev/null
kill "$sshd" 2>/dev/null || true
for pid in $(ip netns pids "$name"); do kill -KILL "$pid" 2>/dev/null || true; done
