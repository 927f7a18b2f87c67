# What the host of a service is like, as lines KEY=VALUE. $1 is put before the paths of the system (nothing, or the folder
# of a prepared system), $2 is the folder of the machines, the other arguments are files that must be readable.
root=$1
folder=$2
shift 2
echo "system=$(uname -s)"
echo "user=$(id -un 2>/dev/null)"
for group in $(id -Gn 2>/dev/null); do echo "group=$group"; done
[ ! -e "$root/dev/vboxdrv" ] || echo driver=yes
[ ! -e "$root/dev/kvm" ] || echo kvm=yes
if [ -r "$root/proc/cpuinfo" ]; then
    echo cpuinfo=yes
    ! grep -qwE 'vmx|svm' "$root/proc/cpuinfo" || echo virtualisation=yes
fi
if [ -r "$root/etc/vbox/networks.conf" ]; then
    echo networks=yes
    sed -n 's/^[[:space:]]*\*[[:space:]]*/range=/p' "$root/etc/vbox/networks.conf"
fi
for file; do
    [ -r "$file" ] || echo "unreadable=$file"
done
while [ -n "$folder" ] && [ ! -d "$folder" ]; do
    case $folder in
    */*) folder=${folder%/*} ;;
    *) folder= ;;
    esac
done
echo "folder=${folder:-/}"
[ -w "${folder:-/}" ] || echo unwritable=yes
df -Pk "${folder:-/}" 2>/dev/null | awk 'NR == 2 { print "free=" $4 }'
