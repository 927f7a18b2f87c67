# Functions for archives that are made on the node.
# p_pack DIRECTORY PROGRAM WORD...: packs into the file p_new what `find` names with these words before `-print`.
# PROGRAM is tar, zip, or what compresses.
p_pack() {
  p_from=$1 p_tool=$2
  shift 2
  if [ -L "$p_from" ] || [ ! -d "$p_from" ]; then p_say "$p_from is not a directory"; return 1; fi
  case $p_tool in zip) p_line=zip ;; *) p_line="tar $p_tool" ;; esac
  for p_word in $p_line; do
    command -v "$p_word" >/dev/null 2>&1 || { p_say "there is no $p_word to pack with: install it before this line"; return 1; }
  done
  # The status of a command that writes to a pipe is lost but for its own word.
  p_code=$(
    {
      {
        cd -P -- "$p_from" && find . \( "$@" -print \) | LC_ALL=C sort | p_pack_all
        printf %s $? >&3
      } | p_compress >"$p_new" || printf ' compressed: %s' $? >&3
    } 3>&1
  )
  if [ "$p_code" = 0 ]; then return 0; fi
  p_say "cannot pack all of $p_from (is the disk full? did a file change while it was read?)"
  return 1
}
# p_pack_all: packs what its standard input names.
p_pack_all() {
  if [ "$p_tool" = zip ]; then
    zip -q -X -y -nw - -@
    return
  fi
  if tar -c -f /dev/null -T /dev/null 2>/dev/null; then
    p_verbatim=
    # The tar of GNU takes a backslash in a name for more than that.
    case $(tar --version 2>/dev/null) in *GNU*) p_verbatim=--no-unquote ;; esac
    tar -c -f - --no-recursion $p_verbatim -T -
  else
    # Many a busybox reads no list. A command line has room for some ten thousand names, and says so when it has not.
    p_names=$(cat)
    IFS='
'
    set -f
    tar -c -f - --no-recursion $p_names
  fi
}
p_compress() {
  case $p_tool in
    tar | zip) cat ;;
    gzip) gzip -n -c ;;
    *) "$p_tool" -c ;;
  esac
}
# p_packed_now ID PATH MODE OWNER GROUP DIGEST: puts the file p_new in place, and remembers what it was made of.
p_packed_now() {
  p_file "$1" "$2" "$3" "$4" "$5" "" "" overwrite || return
  (umask 077 && printf '\n%s %s %s\n' "$6" "$p_want" "$2" >>"$p_lib/origins") || return
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
