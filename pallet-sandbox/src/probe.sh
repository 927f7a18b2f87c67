# Tries what a node needs, in namespaces that vanish with this script: an overlay over LOWER with these options, and
# a network namespace that the controller tries its part in while this waits.
set -eu
lower=$1
options=$2
mount -t tmpfs tmpfs /tmp || { echo tmpfs; exit; }
mkdir /tmp/lower /tmp/upper /tmp/work /tmp/root
mount -t overlay pallet -o "lowerdir=$lower,upperdir=/tmp/upper,workdir=/tmp/work$options" /tmp/root ||
  { echo overlay; exit; }
echo ok
read -r _ || exit 0
