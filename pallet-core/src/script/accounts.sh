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
# p_usermod WORD...: busybox makes and removes users, and cannot modify them.
p_usermod() {
  if ! command -v usermod >/dev/null 2>&1; then
    p_say "there is no usermod on this node, so a user that exists cannot be modified; install the package shadow"
    return 1
  fi
  usermod "$@"
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
      useradd ${8:+-r} ${3:+-u "$3"} ${4:+-g "$4"} ${5:+-d "$5"} ${p_base_dir:+-b "$p_base_dir"} ${6:+-s "$6"} ${7:+-c "${7#=}"} ${9:+"$9"} -- "$2" || return
    else
      [ "$9" = -m ] && p_no_home= || p_no_home=-H
      if [ -z "$5" ] && [ -n "$p_base_dir" ]; then set -- "$1" "$2" "$3" "$4" "$p_base_dir/$2" "$6" "$7" "$8" "$9"; fi
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
  [ -z "$p_home" ] || [ "$p_home" = "$p_is_home" ] || set -- "$@" -d "$p_home" ${p_move_home:+-m}
  [ -z "$p_shell" ] || [ "$p_shell" = "$p_is_shell" ] || set -- "$@" -s "$p_shell"
  [ -z "$p_gecos" ] || [ "$p_gecos" = "=$p_is_gecos" ] || set -- "$@" -c "${p_gecos#=}"
  [ $# -gt 0 ] || return 0
  p_usermod "$@" -- "$p_name" || return
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
# p_only_groups ID USER GROUP...: takes the user out of all other groups.
p_only_groups() {
  p_id=$1 p_name=$2
  shift 2
  while IFS=: read -r p_group p_line p_line p_members; do
    case ,$p_members, in *,"$p_name",*) ;; *) continue ;; esac
    case " $* " in *" $p_group "*) continue ;; esac
    p_leave "$p_id" "$p_name" "$p_group" || return
  done </etc/group
}
# p_only_members ID GROUP USER...: takes all other users out of the group.
p_only_members() {
  p_id=$1 p_group=$2
  shift 2
  p_line=$(p_entry group "$p_group")
  p_members=${p_line##*:},
  while [ -n "${p_members%,}" ]; do
    p_name=${p_members%%,*}
    p_members=${p_members#*,}
    case " $* " in *" $p_name "*) continue ;; esac
    p_leave "$p_id" "$p_name" "$p_group" || return
  done
}
# p_leave ID USER GROUP
p_leave() {
  if command -v gpasswd >/dev/null 2>&1; then gpasswd -d "$2" "$3" >/dev/null || return; else delgroup "$2" "$3" || return; fi
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
# p_secrets NAME: sets p_hash and p_expires to what shadow has.
p_secrets() {
  p_hash= p_expires=
  while IFS=: read -r p_line p_is p_rest; do
    [ "$p_line" = "$1" ] || continue
    p_hash=$p_is
    p_expires=${p_rest#*:*:*:*:*:}
    p_expires=${p_expires%%:*}
    break
  done </etc/shadow
}
# p_password ID NAME HASH LOCK: an empty hash leaves the password as it is, an empty lock the lock. The hash is in
# no argument of a process: printf is a builtin.
p_password() {
  p_secrets "$2"
  p_new=$p_hash
  while :; do case $p_new in '!'*) p_new=${p_new#!} ;; *) break ;; esac; done
  [ "$p_new" != '*' ] || p_new=
  p_lock=$4
  if [ -z "$p_lock" ] && [ -n "$p_new" ]; then case $p_hash in '!'*) p_lock=locked ;; esac; fi
  p_new=${3:-$p_new}
  if [ -z "$p_new" ] && [ "$p_lock" = unlocked ] && [ -n "$p_hash" ]; then
    p_say "$2 has no password that could be unlocked"; return 1
  fi
  if [ "$p_lock" = locked ]; then
    # Whatever is no hash lets nobody in as it is.
    if [ -z "$p_new" ] && [ -n "$p_hash" ]; then return 0; fi
    p_new=!$p_new
  fi
  [ "$p_new" != "$p_hash" ] || return 0
  printf '%s:%s\n' "$2" "$p_new" | chpasswd -e || return
  p_secrets "$2"
  if [ "$p_new" != "$p_hash" ]; then p_say "chpasswd did not set the password of $2"; return 1; fi
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
# p_expire ID NAME DAY: counted from 1970; empty for never.
p_expire() {
  p_secrets "$2"
  [ "$p_expires" != "$3" ] || return 0
  p_usermod -e "$3" -- "$2" || return
  case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac
}
# p_user_absent ID NAME REMOVE_HOME FORCE
p_user_absent() {
  [ -n "$(p_entry passwd "$2")" ] || return 0
  if command -v userdel >/dev/null 2>&1; then
    userdel ${3:+-r} ${4:+-f} -- "$2" || return
  else
    deluser ${3:+--remove-home} "$2" || return
  fi
  p_did="$p_did $1"
}
