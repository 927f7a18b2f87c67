# Functions for users and groups.
# p_entry DATABASE NAME: prints the entry of a user or group.
p_entry() {
  if command -v getent >/dev/null 2>&1; then
    getent "$1" "$2"
  else
    while IFS= read -r p_line; do
      case $p_line in "$2":*) printf '%s\n' "$p_line"; break ;; esac
    done <"/etc/$1"
  fi
}
# p_group ID NAME GID SYSTEM
p_group() {
  p_line=$(p_entry group "$2")
  if [ -z "$p_line" ]; then
    if command -v groupadd >/dev/null 2>&1; then
      groupadd ${4:+-r} ${3:+-g "$3"} -- "$2" || return
    else
      addgroup ${4:+-S} ${3:+-g "$3"} "$2" || return
    fi
    p_did="$p_did $1"
  elif [ -n "$3" ]; then
    p_line=${p_line#*:}; p_line=${p_line#*:}
    [ "${p_line%%:*}" = "$3" ] && return 0
    groupmod -g "$3" -- "$2" || return
    p_did="$p_did $1"
  fi
}
# p_group_absent ID NAME
p_group_absent() {
  [ -n "$(p_entry group "$2")" ] || return 0
  if command -v groupdel >/dev/null 2>&1; then groupdel -- "$2" || return; else delgroup "$2" || return; fi
  p_did="$p_did $1"
}
# p_user ID NAME UID GROUP HOME SHELL =GECOS SYSTEM CREATE_HOME: an empty full name can be meant.
p_user() {
  p_line=$(p_entry passwd "$2")
  if [ -z "$p_line" ]; then
    # A group of its name that is there already is its own.
    if [ -z "$4" ] && [ -n "$(p_entry group "$2")" ]; then set -- "$1" "$2" "$3" "$2" "$5" "$6" "$7" "$8" "$9"; fi
    if command -v useradd >/dev/null 2>&1; then
      # A group of the same name is the user's own.
      if [ -z "$4" ] && [ -n "$(p_entry group "$2")" ]; then set -- "$1" "$2" "$3" "$2" "$5" "$6" "$7" "$8" "$9"; fi
      useradd ${8:+-r} ${3:+-u "$3"} ${4:+-g "$4"} ${5:+-d "$5"} ${6:+-s "$6"} ${7:+-c "${7#=}"} ${9:+"$9"} -- "$2" || return
    else
      [ "$9" = -m ] && p_no_home= || p_no_home=-H
      adduser -D ${8:+-S} ${3:+-u "$3"} ${4:+-G "$4"} ${5:+-h "$5"} ${6:+-s "$6"} ${7:+-g "${7#=}"} $p_no_home "$2" || return
    fi
    p_did="$p_did $1"
    return 0
  fi
  p_id=$1 p_name=$2 p_uid=$3 p_primary=$4 p_home=$5 p_shell=$6 p_gecos=$7
  p_ifs=$IFS; IFS=:; set -f
  # A trailing mark keeps an empty last field.
  set -- $p_line:
  IFS=$p_ifs; set +f
  p_is_uid=$3 p_is_gid=$4 p_is_gecos=$5 p_is_home=$6 p_is_shell=${7:-}
  set --
  [ -z "$p_uid" ] || [ "$p_uid" = "$p_is_uid" ] || set -- "$@" -u "$p_uid"
  if [ -n "$p_primary" ]; then
    p_line=$(p_entry group "$p_primary")
    p_line=${p_line#*:}; p_line=${p_line#*:}; p_line=${p_line%%:*}
    [ "${p_line:-$p_primary}" = "$p_is_gid" ] || set -- "$@" -g "$p_primary"
  fi
  [ -z "$p_home" ] || [ "$p_home" = "$p_is_home" ] || set -- "$@" -d "$p_home"
  [ -z "$p_shell" ] || [ "$p_shell" = "$p_is_shell" ] || set -- "$@" -s "$p_shell"
  [ -z "$p_gecos" ] || [ "$p_gecos" = "=$p_is_gecos" ] || set -- "$@" -c "${p_gecos#=}"
  [ $# -gt 0 ] || return 0
  usermod "$@" -- "$p_name" || return
  p_did="$p_did $p_id"
}
# p_member ID USER GROUP: adds the user to a further group.
p_member() {
  p_line=$(p_entry group "$3")
  if [ -z "$p_line" ]; then p_say "there is no group $3"; return 1; fi
  case ,${p_line##*:}, in *,"$2",*) return 0 ;; esac
  if command -v usermod >/dev/null 2>&1; then usermod -a -G "$3" -- "$2" || return; else addgroup "$2" "$3" || return; fi
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
# p_user_absent ID NAME REMOVE_HOME
p_user_absent() {
  [ -n "$(p_entry passwd "$2")" ] || return 0
  if command -v userdel >/dev/null 2>&1; then
    userdel ${3:+-r} -- "$2" || return
  else
    deluser ${3:+--remove-home} "$2" || return
  fi
  p_did="$p_did $1"
}
