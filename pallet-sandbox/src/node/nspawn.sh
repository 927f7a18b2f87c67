# Turns a process in namespaces of its own into a node with systemd: builds the root file system, tells its pid, waits
# until the controller has connected the network, and becomes the systemd-nspawn that systemd runs under. Runs in the
# node's folder, and as in boot.sh the end of its standard input is its own end.
set -eu
hostname=$1
cgroup=$2

# Read by the shell itself, from the host's /proc: our pid as the host knows it.
read -r pid _ </proc/self/stat
echo "pid $pid"

# Mounted aside and moved, because the image or this very folder may be below /run. It covers the host's /run, where
# systemd-nspawn would leave its locks. `-n` for the same reason: mount(8) keeps a record there.
mkdir -p run
mount -n -t tmpfs -o mode=755,nosuid,nodev pallet run
mkdir run/root
# Relative paths, because a comma or a colon in a path would end an option.
mount -n -t overlay pallet -o lowerdir=lower,upperdir=disk/upper,workdir=disk/work run/root
mount -n --move run /run

read -r answer
[ "$answer" = go ]

# systemd needs a branch of the cgroup tree, in every hierarchy that it uses; see also cgroup.rs.
shift 2
for top; do
  mkdir -p "$top/$cgroup"
  echo 0 >"$top/$cgroup/cgroup.procs"
done

# systemd-nspawn has to see itself as process 1, which it is.
mount -n -t proc -o nosuid,nodev,noexec proc /proc
# All rights that are left: some were taken from this process for good.
exec systemd-nspawn --quiet --settings=no --keep-unit --register=no --boot --directory=/run/root \
  --machine="$hostname" --network-namespace-path=/proc/1/ns/net --capability=all \
  --resolv-conf=off --timezone=off --link-journal=no --console=pipe </dev/null >&2
