# Functions for files, directories and links.
p_hash() {
  p_sum=$(sha256sum <"$1") || return
  p_sum=${p_sum%% *}
}
# p_attributes PATH MODE OWNER GROUP: sets p_differs when one of them is not so. Empty means any. A link is
# followed: its own mode means nothing.
p_attributes() {
  p_differs=
  [ -n "$2$3$4" ] || return 0
  # Names may have blanks in them, numbers do not.
  p_line=$(stat -L -c '%a/%u/%g/%U/%G' "$1") || return
  p_is_mode=${p_line%%/*} p_line=${p_line#*/}
  p_is_uid=${p_line%%/*} p_line=${p_line#*/}
  p_is_gid=${p_line%%/*} p_line=${p_line#*/}
  if [ -n "$2" ] && [ "$((0$2))" -ne "$((0$p_is_mode))" ]; then p_differs=1; fi
  if [ -n "$3" ] && [ "$3" != "${p_line%%/*}" ] && [ "$3" != "$p_is_uid" ]; then p_differs=1; fi
  if [ -n "$4" ] && [ "$4" != "${p_line#*/}" ] && [ "$4" != "$p_is_gid" ]; then p_differs=1; fi
}
# p_own ID PATH MODE OWNER GROUP
p_own() {
  p_attributes "$2" "$3" "$4" "$5" || return
  [ -n "$p_differs" ] || return 0
  # Changing the owner clears the set-id bits, so the mode comes last.
  if [ -n "$4" ]; then chown -- "$4" "$2" || return; fi
  if [ -n "$5" ]; then chown -- ":$5" "$2" || return; fi
  if [ -n "$3" ]; then chmod -- "$3" "$2" || return; fi
  p_did="$p_did $1"
}
# p_stage PATH ID: makes an empty file beside it that nobody else can name or open, and sets p_new.
p_stage() {
  p_new=${1%/*}/.pallet-$p_nonce-$2 p_backups= p_verified=
  printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return
  p_umask=$(umask)
  umask 077
  (set -C && : >"$p_new") || { umask "$p_umask"; return 1; }
  umask "$p_umask"
}
# p_folder PATH: makes a directory with those above it.
p_folder() { [ -d "$1" ] || (umask 022 && mkdir -p -- "$1"); }
# p_file ID PATH MODE OWNER GROUP HASH LAST OVERWRITE: puts the file p_new in place, unless PATH has its content.
p_file() {
  p_old= p_last=$7
  if [ -f "$2" ] && [ ! -L "$2" ]; then
    p_hash "$2" || return
    p_old=$p_sum
  elif [ -d "$2" ] && [ ! -L "$2" ]; then
    p_say "$2 is a directory"; rm -f "$p_new"; return 1
  fi
  p_want=$6
  if [ -z "$p_want" ]; then p_hash "$p_new" || return; p_want=$p_sum; fi
  if [ "$p_old" = "$p_want" ]; then
    rm -f "$p_new"
    p_own "$1" "$2" "$3" "$4" "$5" || return
    [ "$p_want" = "$p_last" ] || p_wrote "$2" "$p_want"
  else
    if [ -n "$p_old" ] && [ -n "$7" ] && [ "$p_old" != "$7" ] && [ -z "$8" ]; then
      rm -f "$p_new"
      p_say "$2 was edited by somebody else since pallet wrote it; use --overwrite-edits to replace it"
      return 1
    fi
    p_place "$1" "$2" "$3" "$4" "$5" "$p_want" ours
  fi
}
# p_place ID PATH MODE OWNER GROUP HASH REMEMBER: moves the file p_new to PATH, where p_old says what stands there.
p_place() {
  if ! p_prepare "$@"; then
    rm -f "$p_new"
    return 1
  fi
  p_did="$p_did $1"
}
p_prepare() {
  p_hash "$p_new" || return
  if [ "$p_sum" != "$6" ]; then
    p_say "the content for $2 is not what it should be (is the disk full? is the checksum right?)"
    return 1
  fi
  p_mode=$3 p_owner=$4 p_group=$5
  if [ -n "$p_old" ]; then
    p_line=$(stat -c '%a %u %g' "$2") || return
    p_mode=${p_mode:-${p_line%% *}} p_line=${p_line#* }
    p_owner=${p_owner:-${p_line% *}} p_group=${p_group:-${p_line#* }}
  fi
  p_owe_reload "$2" || return
  # Into a directory that a link leads to is where `mv` would move it, and one in a circle stops that of busybox.
  if [ -L "$2" ] && { [ -d "$2" ] || [ ! -e "$2" ]; }; then rm -f -- "$2"; fi
  chown -- "${p_owner:-$(id -u)}:${p_group:-$(id -g)}" "$p_new" && chmod -- "${p_mode:-0644}" "$p_new" || return
  if [ -n "$p_verified" ] && ! p_verify; then
    p_say "the new content for $2 did not pass its verification"
    return 1
  fi
  if [ -n "$p_backups" ] && [ -n "$p_old" ]; then p_backup "$2" || return; fi
  # Remembered before it happens: what is remembered and did not happen does no harm.
  if [ -n "$7" ]; then p_wrote "$2" "$6" || return; fi
  mv -f -- "$p_new" "$2"
}
# p_backup PATH: keeps the file as the last of p_backups numbered ones.
p_backup() {
  p_kept=$p_lib/backups$1
  (umask 077 && mkdir -p -- "$p_kept") || return
  p_n=0
  for p_path in "$p_kept"/.bak-[0-9]*; do
    [ -f "$p_path" ] || continue
    p_line=${p_path##*-}
    [ "$p_line" -le "$p_n" ] || p_n=$p_line
  done
  p_n=$((p_n + 1))
  cp -p -- "$1" "$p_kept/.bak-$p_n" || return
  for p_path in "$p_kept"/.bak-[0-9]*; do
    p_line=${p_path##*-}
    [ "$p_line" -gt $((p_n - p_backups)) ] || rm -f -- "$p_path" || return
  done
}
# p_text_is PATH HASH OTHER: whether the file still has one of these contents; without HASH, whether there is none. Sets p_old.
p_text_is() {
  p_old=
  if [ -f "$1" ] && [ ! -L "$1" ]; then
    p_hash "$1" || return
    p_old=$p_sum
  elif [ -e "$1" ] || [ -L "$1" ]; then
    p_old=other
  fi
  [ "$p_old" = "$2" ] || [ "$p_old" = "$3" ] || p_unread "$1"
}
p_unread() { p_say "$1 was changed while it was being edited; run the same command again"; return 1; }
# p_edited ID PATH MODE OWNER GROUP HASH BEFORE OURS: puts the file p_new, made of the text BEFORE, in place. OURS: what
# stands there is nobody else's.
p_edited() {
  p_text_is "$2" "$7" "$6" || { rm -f "$p_new"; return 1; }
  if [ "$p_old" = "$6" ]; then
    rm -f "$p_new"
    p_own "$1" "$2" "$3" "$4" "$5"
    return
  fi
  p_place "$1" "$2" "$3" "$4" "$5" "$6" "$8"
}
# p_same ID PATH MODE OWNER GROUP HASH BEFORE: for a file whose text is as it should be.
p_same() {
  p_text_is "$2" "$7" "$6" || return
  p_own "$1" "$2" "$3" "$4" "$5"
}
# p_keep ID PATH MODE OWNER GROUP HASH LAST: for a file that has its content already.
p_keep() {
  p_own "$1" "$2" "$3" "$4" "$5" || return
  [ "$6" = "$7" ] || p_wrote "$2" "$6"
}
# p_wrote PATH HASH: remembers our last write, so that edits by others are noticed.
p_wrote() { (umask 077 && printf '\n%s %s\n' "$2" "$1" >>"$p_lib/written"); }
# p_touch ID PATH MODE OWNER GROUP
p_touch() {
  if [ ! -e "$2" ] && [ ! -L "$2" ]; then
    p_owe_reload "$2" || return
    (umask 022 && set -C && : >"$2") || return
    p_did="$p_did $1"
  elif [ ! -f "$2" ]; then
    p_say "$2 exists and is not a file"; return 1
  fi
  p_own "$@"
}
# p_dir ID PATH MODE OWNER GROUP
p_dir() {
  if [ ! -d "$2" ]; then
    if [ -e "$2" ] || [ -L "$2" ]; then p_say "$2 exists and is not a directory"; return 1; fi
    (umask 022 && mkdir -p -- "$2") || return
    p_did="$p_did $1"
  fi
  p_own "$@"
}
# p_link ID PATH TARGET OWNER GROUP FORCE: FORCE replaces what is there and no link.
p_link() {
  if [ ! -L "$2" ] || [ "$(readlink "$2")" != "$3" ]; then
    if [ -d "$2" ] && [ ! -L "$2" ]; then
      p_say "$2 is a directory"; return 1
    elif [ -z "$6" ] && [ -e "$2" ] && [ ! -L "$2" ]; then
      p_say "$2 is there and is not a link"; return 1
    fi
    p_new=${2%/*}/.pallet-$p_nonce-$1
    printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return
    p_owe_reload "$2" || return
    ln -s -- "$3" "$p_new" || return
    if [ -n "$4$5" ] && ! chown -h -- "$4${5:+:$5}" "$p_new"; then rm -f "$p_new"; return 1; fi
    mv -f -T -- "$p_new" "$2" 2>/dev/null || { rm -f "$2" && mv -f -- "$p_new" "$2"; } || { rm -f "$p_new"; return 1; }
    p_did="$p_did $1"
    return
  fi
  [ -n "$4$5" ] || return 0
  p_line=$(stat -c '%u/%g/%U/%G' "$2") || return
  p_is_uid=${p_line%%/*} p_line=${p_line#*/}
  p_is_gid=${p_line%%/*} p_line=${p_line#*/}
  case $4 in '' | "$p_is_uid" | "${p_line%%/*}") case $5 in '' | "$p_is_gid" | "${p_line#*/}") return 0 ;; esac ;; esac
  chown -h -- "$4${5:+:$5}" "$2" || return
  p_did="$p_did $1"
}
# p_fifo ID PATH MODE OWNER GROUP
p_fifo() {
  if [ ! -e "$2" ] && [ ! -L "$2" ]; then
    (umask 022 && mkfifo -- "$2") || return
    p_did="$p_did $1"
  elif [ ! -p "$2" ]; then
    p_say "$2 exists and is not a named pipe"; return 1
  fi
  p_own "$@"
}
p_no_fifo() {
  if [ ! -p "$2" ] && { [ -e "$2" ] || [ -L "$2" ]; }; then p_say "$2 exists and is not a named pipe"; return 1; fi
  p_absent "$1" "$2" ""
}
# p_absent ID PATH RECURSIVE
p_absent() {
  if [ ! -e "$2" ] && [ ! -L "$2" ]; then return 0; fi
  p_owe_reload "$2" || return
  if [ -d "$2" ] && [ ! -L "$2" ]; then
    if [ -n "$3" ]; then rm -rf -- "$2" || return; else rmdir -- "$2" || return; fi
  else
    rm -f -- "$2" || return
  fi
  p_did="$p_did $1"
}
