# Functions for single lines of files that belong to many: each has a key, and HOW says where.
# p_has_key LINE HOW KEY
p_has_key() {
  p_how=$2 p_key=$3
  case $p_how in
    assign) case $1 in "$p_key="*) return 0 ;; *) return 1 ;; esac ;;
  esac
  set -f
  case $p_how in
    shown) set -- ${1##*[#]} ;;
    *) set -- $1 ;;
  esac
  set +f
  case $p_how in
    first) [ "${1:-}" = "$p_key" ] ;;
    second) case ${1:-} in '#'*) return 1 ;; *) [ "${2:-}" = "$p_key" ] ;; esac ;;
    pair | shown) [ "${1:-} ${2:-}" = "$p_key" ] ;;
  esac
}
# p_put ID PATH OURS: puts the edited file p_new in place. OURS: what stands there is nobody else's.
p_put() {
  p_old=
  if [ -f "$2" ] && [ ! -L "$2" ]; then
    p_hash "$2" || { rm -f "$p_new"; return 1; }
    p_old=$p_sum
  elif [ -e "$2" ] || [ -L "$2" ]; then
    p_say "$2 is not a file"; rm -f "$p_new"; return 1
  fi
  p_hash "$p_new" || { rm -f "$p_new"; return 1; }
  if [ "$p_old" = "$p_sum" ]; then rm -f "$p_new"; return 0; fi
  p_place "$1" "$2" "" "" "" "$p_sum" "$3"
}
# p_keyed ID PATH HOW KEY LINE OURS: of the lines with the key, the first becomes LINE and the others go; without any,
# LINE is added. An empty LINE: none is left.
p_keyed() {
  p_found= p_same=1
  p_stage "$2" "$1" || return
  {
    if [ -f "$2" ]; then
      while IFS= read -r p_line || [ -n "$p_line" ]; do
        if p_has_key "$p_line" "$3" "$4"; then
          if [ -z "$5" ] || [ -n "$p_found" ]; then p_same=; continue; fi
          p_found=1
          [ "$p_line" = "$5" ] || p_same=
          p_line=$5
        fi
        printf '%s\n' "$p_line" || break
      done <"$2"
    fi
    if [ -n "$5" ] && [ -z "$p_found" ]; then p_same=; printf '%s\n' "$5"; fi
  } >"$p_new" || { rm -f "$p_new"; return 1; }
  if [ -n "$p_same" ]; then rm -f "$p_new"; return 0; fi
  p_put "$1" "$2" "$6"
}
# p_block ID PATH NAME CONTENT OURS: what stands between the marks of this name is CONTENT; empty: neither they nor it.
p_block() {
  p_begin_mark="# BEGIN $3 (pallet)" p_end_mark="# END $3 (pallet)" p_inside= p_found=
  p_stage "$2" "$1" || return
  {
    if [ -f "$2" ]; then
      while IFS= read -r p_line || [ -n "$p_line" ]; do
        if [ "$p_line" = "$p_begin_mark" ]; then
          p_inside=1
          if [ -n "$4" ] && [ -z "$p_found" ]; then printf '%s\n%s%s\n' "$p_begin_mark" "$4" "$p_end_mark"; fi
          p_found=1
        elif [ "$p_line" = "$p_end_mark" ]; then
          p_inside=
        elif [ -z "$p_inside" ]; then
          printf '%s\n' "$p_line" || break
        fi
      done <"$2"
    fi
    if [ -n "$4" ] && [ -z "$p_found" ]; then printf '%s\n%s%s\n' "$p_begin_mark" "$4" "$p_end_mark"; fi
  } >"$p_new" || { rm -f "$p_new"; return 1; }
  p_put "$1" "$2" "$5"
}
