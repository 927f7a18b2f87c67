# Functions for directories that are the same as those of the controller. What arrives is staged beside the directory and
# moved from there, thing by thing. Nothing is done by a path of several names: a link among them could lead anywhere.
# p_tree_begin ID PATH MODE OWNER GROUP: makes the directory, and p_tree with a folder for files and one for programs.
p_tree_begin() {
  if [ -L "$2" ]; then p_say "$2 is a symbolic link: name the directory that it leads to"; return 1; fi
  p_dir "$@" || return
  p_owner=$4 p_group=$5
  p_root=$(cd -P -- "$2" && pwd -P) || return
  p_tree=${2%/*}/.pallet-$p_nonce-$1
  printf '%s %s\n' $$ "$p_tree" >>"$p_lib/staged" && mkdir -m 0700 -- "$p_tree" && mkdir -- "$p_tree/f" "$p_tree/x"
}
# p_tree_unpack HASH: unpacks what was uploaded.
p_tree_unpack() {
  if ! command -v tar >/dev/null 2>&1; then
    p_say "there is no tar to unpack so many files with: install it before this line"
    return 1
  fi
  tar -x -o -f "$p_incoming/$1" -C "$p_tree" || { p_say "cannot unpack the files (is the disk full?)"; return 1; }
}
# p_tree_check HASH NAME...: whether the staged files are what they should be; gives them their modes and owners.
p_tree_check() {
  for p_path in "$p_tree"/[fx]/*; do
    if [ -L "$p_path" ]; then p_say "what was uploaded has a link in it"; return 1; fi
  done
  if ! printf '%s  %s\n' "$@" | (cd "$p_tree" && sha256sum -c) >/dev/null 2>&1; then
    p_say "the files that arrived are not what they should be (is the disk full? did one change on the controller meanwhile?)"
    return 1
  fi
  chmod -R u=rwX,go=rX "$p_tree/f" && chmod -R 0755 "$p_tree/x" || return
  [ -z "$p_owner$p_group" ] || chown -R -h -- "$p_owner${p_group:+:$p_group}" "$p_tree/f" "$p_tree/x"
}
# p_tree_in NAME: goes to a directory of the tree, if no link is on the way. Follow only relative names of one word.
p_tree_in() {
  p_now=$p_root${1:+/$1}
  if ! cd -P -- "$p_now" || [ "$PWD" != "$p_now" ]; then
    p_say "$p_now is not a directory any more; run the same command again"
    return 1
  fi
}
# p_tree_gone NAME
p_tree_gone() {
  p_owe_reload "$p_now/$1" || return
  if [ -d "./$1" ] && [ ! -L "./$1" ]; then rmdir -- "./$1"; else rm -f -- "./$1"; fi
}
# p_tree_dir NAME
p_tree_dir() {
  rm -f -- "./$1" && (umask 022 && mkdir -- "./$1") && p_tree_own "$1"
}
# p_tree_put NAME STAGED: moves what is staged into place, whatever file or link is there.
p_tree_put() {
  if [ -d "./$1" ] && [ ! -L "./$1" ]; then p_say "$p_now/$1 is a directory; run the same command again"; return 1; fi
  p_owe_reload "$p_now/$1" || return
  # Into a directory that a link leads to is where `mv` would move it, and one in a circle stops that of busybox.
  if [ -L "./$1" ]; then
    mv -f -T -- "$p_tree/$2" "./$1" 2>/dev/null || { rm -f -- "./$1" && mv -f -- "$p_tree/$2" "./$1"; }
  else
    mv -f -- "$p_tree/$2" "./$1"
  fi
}
# p_tree_link NAME TARGET
p_tree_link() {
  ln -s -- "$2" "$p_tree/link" || return
  [ -z "$p_owner$p_group" ] || chown -h -- "$p_owner${p_group:+:$p_group}" "$p_tree/link" || return
  p_tree_put "$1" link
}
# p_tree_own NAME
p_tree_own() { [ -z "$p_owner$p_group" ] || chown -h -- "$p_owner${p_group:+:$p_group}" "./$1"; }
# p_tree_mode NAME MODE
p_tree_mode() {
  if [ -L "./$1" ]; then p_say "$p_now/$1 is a link now; run the same command again"; return 1; fi
  chmod -- "$2" "./$1"
}
# p_tree_end STATUS ID: removes what is left of the staging.
p_tree_end() {
  rm -rf -- "$p_tree"
  [ "$1" -eq 0 ] || return "$1"
  case "$p_did " in *" $2 "*) ;; *) p_did="$p_did $2" ;; esac
}
