# The network of a service that has no root: everything is in a network namespace of its own, where its user is
# root. Here `ip` and `nft` do what the kernel is told directly where the controller is root.
set -eu
task=$1
shift
case $task in
  up) # BRIDGE GATEWAY SUBNET MTU
    # The way out makes its interface in its own time, and then gives it an address.
    tries=0
    until ip -4 -o address show dev tap0 2>/dev/null | grep -q inet; do
      tries=$((tries + 1))
      [ "$tries" -le 100 ] || { echo "slirp4netns made no interface" >&2; exit 1; }
      sleep 0.1
    done
    ip link show "$1" >/dev/null 2>&1 || ip link add "$1" type bridge
    ip address replace "$2/24" dev "$1"
    ip link set "$1" mtu "$4" up
    ip link set lo up
    echo 1 >/proc/sys/net/ipv4/ip_forward
    nft "table ip $1; delete table ip $1; table ip $1 {
      chain postrouting {
        type nat hook postrouting priority 100;
        ip saddr $3 oifname != $1 masquerade
      }
    }"
    ;;
  attach) # BRIDGE PORT PID ADDRESS GATEWAY MTU
    ip link delete "$2" 2>/dev/null || :
    ip link add "$2" mtu "$6" type veth peer name eth0 mtu "$6" netns "$3"
    ip link set "$2" master "$1" up
    nsenter --net="/proc/$3/ns/net" ip -batch - <<END
link set lo up
address add $4/24 broadcast + dev eth0
link set eth0 up
route add default via $5
END
    ;;
  detach) # PORT
    ip link delete "$1" 2>/dev/null || :
    ;;
esac
