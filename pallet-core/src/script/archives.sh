# Functions for directories that are unpacked from archives.
# p_unpack ID PATH MODE OWNER GROUP HASH ORIGIN OPTIONS STRIP CLEAN MEMBER...: unpacks p_archive, unless it is what PATH was
# unpacked from last with the same options. HASH is what the archive must have, ORIGIN what is remembered in its place.
p_unpack() {
  p_hash "$p_archive" || return
  if [ -n "$6" ] && [ "$p_sum" != "$6" ]; then
    p_say "the archive for $2 is not what it should be (is the disk full? is the checksum right?)"
    return 1
  fi
  p_from="${7:-$p_sum} $8"
  if [ -d "$2" ] && p_last_origin "$2" && [ "$p_origin" = "$p_from" ]; then
    p_own "$1" "$2" "$3" "$4" "$5"
    return
  fi
  if [ ! -d "$2" ] && { [ -e "$2" ] || [ -L "$2" ]; }; then p_say "$2 exists and is not a directory"; return 1; fi
  p_tree=${2%/*}/.pallet-$p_nonce-$1
  printf '%s %s\n' $$ "$p_tree" >>"$p_lib/staged" && mkdir -m 0700 -- "$p_tree" || return
  if p_extract_members "$@" && p_strip "$p_tree" "$9" && p_settle_tree "$@"; then
    (umask 077 && printf '\n%s %s\n' "$p_from" "$2" >>"$p_lib/origins") && p_did="$p_did $1"
    return
  fi
  rm -rf -- "$p_tree"
  return 1
}
# p_last_origin PATH: sets p_origin to where PATH came from and with which options.
p_last_origin() {
  p_origin=
  [ -r "$p_lib/origins" ] || return 1
  while read -r p_line p_sums p_path; do
    [ "$p_path" != "$1" ] || p_origin="$p_line $p_sums"
  done <"$p_lib/origins"
}
# p_packed: sets p_kind to zip or to the program that p_archive is compressed with, cat when it is not.
p_packed() {
  p_kind=$(head -c 6 "$p_archive" | od -An -tx1 | tr -d ' \n') || return
  case $p_kind in
    504b*) p_kind=unzip ;;
    1f8b*) p_kind=gzip ;;
    fd377a585a00) p_kind=xz ;;
    28b52ffd*) p_kind=zstd ;;
    425a68*) p_kind=bzip2 ;;
    *) p_kind=cat ;;
  esac
  if ! command -v "$p_kind" >/dev/null 2>&1; then
    p_say "there is no $p_kind to unpack the archive with: install it before this line"
    return 1
  fi
}
# p_tar OPTIONS...: runs tar on the archive. Not every tar sees by itself how it is compressed.
p_tar() {
  case $p_kind in cat) tar -f "$p_archive" "$@" ;; *) "$p_kind" -dc <"$p_archive" | tar -f - "$@" ;; esac
}
# p_extract_members ID PATH MODE OWNER GROUP HASH ORIGIN OPTIONS STRIP CLEAN MEMBER...
p_extract_members() {
  shift 10
  p_extract "$p_tree" "$@"
}
# p_extract TREE MEMBER...: unpacks p_archive, if all its members stay in there; of these only some, where some are named.
p_extract() {
  p_packed || return
  if [ "$p_kind" = unzip ]; then
    p_names=$(unzip -l "$p_archive") &&
      p_names=$(printf '%s\n' "$p_names" | while read -r p_size p_date p_time p_path; do printf '%s\n' "$p_path"; done)
  else
    p_names=$(p_tar -t)
  fi || { p_say "cannot read the archive: is it whole?"; return 1; }
  p_line='
'
  case $p_line$p_names$p_line in
    *"$p_line/"* | *"$p_line../"* | *"/../"* | *"/..$p_line"* | *"$p_line..$p_line"*)
      p_say "the archive has a member with an absolute name or with .. in it, which could end up anywhere"
      return 1
      ;;
  esac
  p_into=$1
  shift
  if [ "$p_kind" = unzip ]; then
    p_unzip "$@"
  else
    p_tar -x -o -C "$p_into" "$@"
  fi || { p_say "cannot unpack the archive${1:+, or it does not have all of: $*}"; return 1; }
}
# p_unzip MEMBER...: a directory is named as all that begins with its name.
p_unzip() {
  if [ $# -eq 0 ]; then unzip -q -o "$p_archive" -d "$p_into" >/dev/null; return; fi
  for p_path in "$@"; do
    unzip -q -o "$p_archive" "$p_path" -d "$p_into" >/dev/null 2>&1 ||
      unzip -q -o "$p_archive" "${p_path%/}/*" -d "$p_into" >/dev/null || return
  done
}
# p_strip TREE COUNT: takes so many levels of directories away.
p_strip() {
  p_n=$2
  while [ "$p_n" -gt 0 ]; do
    mkdir -m 0700 -- "$1/.pallet-strip" || return
    for p_path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
      [ "$p_path" != "$1/.pallet-strip" ] || continue
      if [ -d "$p_path" ] && [ ! -L "$p_path" ]; then cp -a -- "$p_path/." "$1/.pallet-strip/" || return; fi
      rm -rf -- "$p_path" || return
    done
    for p_path in "$1"/.pallet-strip/* "$1"/.pallet-strip/.[!.]* "$1"/.pallet-strip/..?*; do
      if [ -e "$p_path" ] || [ -L "$p_path" ]; then mv -f -- "$p_path" "$1/" || return; fi
    done
    rmdir -- "$1/.pallet-strip" || return
    p_n=$((p_n - 1))
  done
}
# p_settle_tree ID PATH MODE OWNER GROUP HASH ORIGIN OPTIONS STRIP CLEAN: puts p_tree in the place of PATH, or over it.
p_settle_tree() {
  if [ -n "$4$5" ]; then chown -R -h -- "$4${5:+:$5}" "$p_tree" || return; fi
  p_mode=$3
  if [ -d "$2" ]; then
    p_line=$(stat -L -c '%a %u:%g' "$2") || return
    p_mode=${p_mode:-${p_line%% *}}
    [ -n "$4$5" ] || chown -- "${p_line#* }" "$p_tree" || return
  fi
  chmod -- "${p_mode:-0755}" "$p_tree" || return
  if [ -d "$2" ] && [ -z "${10}" ]; then
    # Forced: a link that is there stops the cp of busybox, a program that runs that of others.
    cp -a -f -- "$p_tree/." "$2/" && rm -rf -- "$p_tree"
    return
  fi
  if [ -L "$2" ]; then p_say "$2 is a symbolic link, and is to be emptied: name the directory that it leads to"; return 1; fi
  rm -rf -- "$2" && mv -- "$p_tree" "$2"
}
