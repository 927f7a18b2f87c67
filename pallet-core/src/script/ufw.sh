# Functions for ufw.
# p_ufw_has FILE LINE: tells whether a file has this line, or it and more words.
p_ufw_has() {
  [ -r "$1" ] || return 1
  while IFS= read -r p_line; do
    case $p_line in "$2" | "$2 "*) return 0 ;; esac
  done <"$1"
  return 1
}
# p_ufw_rule ID FILE TUPLE DELETE WORD...
p_ufw_rule() {
  p_id=$1 p_path=$2 p_tuple=$3 p_delete=$4
  shift 4
  if [ -n "$p_delete" ]; then
    p_ufw_has "$p_path" "$p_tuple" || return 0
    ufw --force delete "$@" >/dev/null || return
  else
    ! p_ufw_has "$p_path" "$p_tuple" || return 0
    ufw "$@" >/dev/null || return
    if ! p_ufw_has "$p_path" "$p_tuple"; then p_say "ufw did not take the rule: $*"; return 1; fi
  fi
  p_did="$p_did $p_id"
}
# p_ufw ID FILE LINE VERB DIRECTION
p_ufw() {
  ! p_ufw_has "$2" "$3" || return 0
  if [ -n "$5" ]; then ufw default "$4" "$5" >/dev/null || return; else ufw --force "$4" >/dev/null || return; fi
  p_did="$p_did $1"
}
