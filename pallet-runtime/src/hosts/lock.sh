# Holds the lock of the service $1 on this host, for whom $2 describes, as long as its standard input speaks.
# Says `held`, or `busy` and who holds it, or `none` where the host has no locks.
if [ "$PALLET_HOME" ]; then state=$PALLET_HOME/state; else state=${XDG_STATE_HOME:-$HOME/.local/state}/pallet; fi
umask 077
command -v flock >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1 || {
    echo none
    exec cat >/dev/null
}
file=$state/locks/$1.lock
tries=0
while :; do
    mkdir -p "$state/locks" && exec 9>>"$file" || exit 1
    flock -n 9 || {
        echo busy
        exec cat "$file"
    }
    # Its holder may have removed it after we had opened it.
    [ ! "$file" -ef /proc/$$/fd/9 ] || break
    tries=$((tries + 1))
    [ $tries -lt 100 ] || exit 1
done
printf '%s\n' "$2" >"$file"
echo held
# Whoever holds it is gone when nothing has been heard of him for so long.
while [ "$(timeout 90 head -c 1)" ]; do :; done
rm -f "$file"
rmdir "$state/locks" "$state" 2>/dev/null
exit 0
