# Runs a node until its standard input ends. It is process 1 of namespaces of its own, so when it ends, or is
# killed, the kernel takes the node's processes, mounts and interfaces with it.
#
# Arguments: base root, number of the bench, number of the node, its name, size of its disk, cgroup folders.
# Descriptor 4 is the network namespace of the host. The working folder is the bench's.
set -eu
base=$1 bench=$2 index=$3 name=$4 disk=$5
shift 5
exec 3<&0 </dev/null

for cgroup; do
    mkdir -p "$cgroup"
    echo 0 >"$cgroup/cgroup.procs"
done

resolv=/etc/resolv.conf
if grep -q '^nameserver 127\.' "$resolv" && [ -e /run/systemd/resolve/resolv.conf ]; then
    # A resolver on the host's loopback is out of a node's reach; this file lists the servers behind it.
    resolv=/run/systemd/resolve/resolv.conf
fi
resolv=$(cat "$resolv")

# 1400 bytes pass through any tunnel on the way out.
nsenter --net=/proc/self/fd/4 ip link add "ptest-$bench-$index" mtu 1400 type veth peer name host0 mtu 1400 netns 1
nsenter --net=/proc/self/fd/4 ip link set "ptest-$bench-$index" master "ptest-$bench" up
exec 4<&-
ip link set lo up
ip address add "198.18.$bench.$((10 + index))/24" dev host0
ip link set host0 up
ip route add default via "198.18.$bench.1"

# All that is written goes to memory. It also covers what systemd-nspawn would leave behind in /run.
mount -t tmpfs -o "size=$disk,mode=0755" tmpfs /run
mkdir /run/upper /run/work /run/root
mount -t overlay -o "lowerdir=$base,upperdir=/run/upper,workdir=/run/work" overlay /run/root

printf '%s\n' "$resolv" >/run/root/etc/resolv.conf
echo "$name" >/run/root/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" >/run/root/etc/hosts
chroot /run/root ssh-keygen -q -t ed25519 -N '' -C "$name" -f /etc/ssh/ssh_host_ed25519_key

(
    # systemd-nspawn ends with 133 when the node reboots; the fixture writes `crash-…` before it kills the node.
    again=yes
    while [ "$again" ]; do
        again=
        status=0
        systemd-nspawn --quiet --keep-unit --register=no --boot --directory=/run/root --machine="$name" \
            --network-namespace-path=/proc/1/ns/net --resolv-conf=off --timezone=off --link-journal=no \
            --console=pipe 3<&- || status=$?
        if [ "$status" = 133 ] || [ -e "crash-$index" ]; then
            rm -f "crash-$index"
            again=yes
        fi
    done
) &
cat <&3 >/dev/null
