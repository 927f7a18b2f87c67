# Functions for files of SSH keys in the homes of users.
# p_authorized_keys ID USER EXCLUSIVE [KEY LINE]...: an empty line: the key goes.
p_authorized_keys() {
  p_id=$1 p_user=$2 p_exclusive=$3
  shift 3
  p_home "$p_user"
  if [ -z "$p_home" ]; then p_say "there is no user $p_user"; return 1; fi
  p_path=$p_home/.ssh/.pallet-$p_nonce-$p_id
  printf '%s %s\n' $$ "$p_path" >>"$p_lib/staged" || return
  p_as_user "$p_user" "$p_authorized_keys_code" "$p_home" "${p_path##*/}" "$p_exclusive" "$@"
  case $? in
    0) p_did="$p_did $p_id" ;;
    100) ;;
    *) return 1 ;;
  esac
}
# With the rights of the user. Ends with 100 when nothing had to be done.
p_authorized_keys_code='
umask 077
cd "$1" || exit 1
new=$2 exclusive=$3
shift 3
find_key() {
  line=$1
  shift
  while [ $# -gt 0 ]; do
    case " $line " in
      " #"*) ;;
      *[" 	"]"$1"[" 	"]*) found=$1 text=$2; return 0 ;;
    esac
    shift 2
  done
  return 1
}
status=100
if [ ! -d .ssh ]; then
  [ -n "${2:-}" ] || exit 100
  mkdir .ssh || exit 1
  status=0
fi
if [ "$(stat -L -c %a .ssh)" != 700 ]; then chmod 700 .ssh || exit 1; status=0; fi
cd .ssh || exit 1
[ -e authorized_keys ] || [ -n "${2:-}" ] || exit $status
seen=" "
{
  if [ -f authorized_keys ]; then
    while IFS= read -r line || [ -n "$line" ]; do
      if find_key "$line" "$@"; then
        case $seen in *" $found "*) continue ;; esac
        [ -z "$text" ] || { seen="$seen$found "; printf "%s\n" "$text"; }
      else
        case $exclusive:$line in
          yes: | "yes:#"* | :*) printf "%s\n" "$line" ;;
        esac
      fi
    done <authorized_keys
  fi
  while [ $# -gt 0 ]; do
    case $seen in *" $1 "*) ;; *) [ -z "$2" ] || printf "%s\n" "$2" ;; esac
    shift 2
  done
} >"$new" || { rm -f "$new"; exit 1; }
if [ "$(cat authorized_keys 2>/dev/null; echo x)" = "$(cat "$new"; echo x)" ] && [ ! -L authorized_keys ]; then
  rm -f "$new"
else
  mv -f "$new" authorized_keys || { rm -f "$new"; exit 1; }
  status=0
fi
if [ "$(stat -c %a authorized_keys)" != 600 ]; then chmod 600 authorized_keys || exit 1; status=0; fi
exit $status
'
