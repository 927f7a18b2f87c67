# Functions for what is sent to the controller. `fetch ID` begins it, `bytes ID SIZE` each content.
# p_fetch ID PATH HASH: sends a file to the controller, which has one with this hash.
p_fetch() {
  if [ -L "$2" ] || [ ! -f "$2" ]; then p_say "$2 is not a file"; return 1; fi
  p_hash "$2" || return
  [ "$p_sum" != "$3" ] || return 0
  p_line=$(stat -c %s "$2") || return
  p_frame fetch "$1"
  p_send "$1" "$p_line" "$2" || return
  p_did="$p_did $1"
}
# p_send ID SIZE PATH: no more than was counted, should it grow just now.
p_send() {
  if [ -L "$3" ] || [ ! -f "$3" ]; then p_say "$3 is not a file any more; run the same command again"; return 1; fi
  p_frame bytes "$1" "$2"
  head -c "$2" <"$3"
  p_status=$?
  p_frame sent
  return "$p_status"
}
# p_fetch_in PATH: goes to the directory of which something is sent.
p_fetch_in() {
  if [ -L "$1" ] || ! cd -P -- "$1"; then
    p_say "$1 is not a directory any more; run the same command again"
    return 1
  fi
}
