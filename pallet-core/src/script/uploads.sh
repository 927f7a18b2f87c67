# Functions for contents that do not travel in a script.
# p_landing UID NAME: makes a folder in which this user alone can put files, and says where.
p_landing() {
  p_begin || return
  if [ ! -d "$p_lib/incoming" ]; then mkdir -m 0711 "$p_lib/incoming" || return; fi
  p_incoming=$p_lib/incoming/$$-$2
  mkdir -m 0700 "$p_incoming" && chown -- "$1" "$p_incoming" && printf '%s\n' "$p_incoming"
}
# p_receive HASH: fills p_new with what was uploaded.
p_receive() { cat <"$p_incoming/$1" >"$p_new" || { rm -f "$p_new"; return 1; }; }
