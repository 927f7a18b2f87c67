# Functions of every apply script. POSIX sh. Each leaves what is as declared alone, adds the number of the
# action to p_did when it changed something, and returns non-zero after saying why on its output.
p_lib=${p_lib:-/var/lib/pallet}
p_say() { printf '%s\n' "$*"; }
p_state_dir() {
  [ -d "$p_lib" ] || mkdir -p -m 0755 "$p_lib" || return
  if [ ! -e "$p_lib/version" ]; then printf '1\n' >"$p_lib/version" || return; fi
}
# p_begin: removes what an interrupted run staged.
p_begin() {
  p_state_dir || return
  [ -s "$p_lib/staged" ] || return 0
  p_staged=
  while read -r p_pid p_path; do
    # Another run may be at work on this node.
    if [ "$p_pid" != $$ ] && kill -0 "$p_pid" 2>/dev/null; then
      p_staged="$p_staged$p_pid $p_path
"
    else
      case $p_path in */.pallet-*) rm -f -- "$p_path" ;; esac
    fi
  done <"$p_lib/staged"
  printf %s "$p_staged" >"$p_lib/staged"
}
# p_owe KEY: a restart or reload is owed from now on, unless the step that begins changes nothing.
p_owe() {
  [ ! -e "$p_lib/owed/$1" ] || return 0
  [ -d "$p_lib/owed" ] || mkdir -p -m 0700 "$p_lib/owed" || return
  printf "" >"$p_lib/owed/$1" || return
  p_owes="$p_owes $1"
}
# p_settle: takes back what the step owes, if it ended well and changed nothing.
p_settle() {
  [ "$p_status" -eq 0 ] && [ -z "$p_did" ] || return 0
  for p_path in $p_owes; do rm -f "$p_lib/owed/$p_path"; done
}
# p_owe_reload PATH: systemd is to read its files again before it is asked for a service, if this is one of them.
p_owe_reload() {
  case $1 in
    /etc/systemd/system/* | /run/systemd/system/* | /usr/local/lib/systemd/system/* | /usr/lib/systemd/system/* | /lib/systemd/system/*)
      p_owe daemon-reload
      ;;
  esac
}
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
# p_stage PATH: makes an empty file beside it that nobody else can name or open, and sets p_new.
p_stage() {
  p_new=${1%/*}/.pallet-$p_nonce-$2
  printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return
  p_umask=$(umask)
  umask 077
  (set -C && : >"$p_new") || { umask "$p_umask"; return 1; }
  umask "$p_umask"
}
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
    p_hash "$p_new" || return
    if [ "$p_sum" != "$p_want" ]; then
      rm -f "$p_new"
      p_say "the content for $2 did not arrive whole (is the disk full?)"
      return 1
    fi
    p_mode=$3 p_owner=$4 p_group=$5
    if [ -n "$p_old" ]; then
      set -- "$1" "$2" $(stat -c '%a %u %g' "$2")
      p_mode=${p_mode:-$3} p_owner=${p_owner:-$4} p_group=${p_group:-$5}
    fi
    p_owe_reload "$2" || return
    # Into a directory that a link leads to is where `mv` would move it.
    if [ -L "$2" ] && [ -d "$2" ]; then rm -f -- "$2"; fi
    # Remembered before it happens: what is remembered and did not happen does no harm.
    if chown -- "${p_owner:-$(id -u)}:${p_group:-$(id -g)}" "$p_new" && chmod -- "${p_mode:-0644}" "$p_new" &&
      p_wrote "$2" "$p_want" && mv -f -- "$p_new" "$2"; then
      p_did="$p_did $1"
    else
      rm -f "$p_new"
      return 1
    fi
  fi
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
# p_link ID PATH TARGET
p_link() {
  if [ -L "$2" ]; then
    [ "$(readlink "$2")" != "$3" ] || return 0
  elif [ -d "$2" ]; then
    p_say "$2 is a directory"; return 1
  fi
  p_new=${2%/*}/.pallet-$p_nonce-$1
  printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return
  p_owe_reload "$2" || return
  ln -s -- "$3" "$p_new" || return
  mv -f -T -- "$p_new" "$2" 2>/dev/null || { rm -f "$2" && mv -f -- "$p_new" "$2"; } || { rm -f "$p_new"; return 1; }
  p_did="$p_did $1"
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
p_apt() {
  # Never asks: configuration files that were edited stay as they are (dpkg's default answer).
  DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none \
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}
# p_apt_ready: finishes what an interrupted dpkg left.
p_apt_ready() {
  for p_path in /var/lib/dpkg/updates/[0-9]*; do
    [ -e "$p_path" ] || continue
    DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a || return
    break
  done
}
p_apt_update() {
  p_apt -o APT::Update::Error-Mode=any update || return
  p_state_dir && printf "" >"$p_lib/apt-updated"
}
# p_dpkg NAME: sets p_status and p_version.
p_dpkg() {
  p_status= p_version=
  p_line=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' -- "$1" 2>/dev/null) || return 0
  p_line="
$p_line"
  # A name without architecture can be installed for several, one a line.
  case $p_line in
    *"
installed "*)
      p_status=installed p_version=${p_line##*"
installed "} ;;
    *"
not-installed "*) ;;
    *) p_status=${p_line#?} p_status=${p_status%% *} ;;
  esac
}
# p_apt_install ID=NAME[=VERSION]...: in one transaction.
p_apt_install() {
  p_todo= p_missing= p_again=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_dpkg "${p_name%%=*}"
    # apt takes what was left half unpacked for installed, and does nothing.
    [ "$p_status" != half-installed ] || p_again=--reinstall
    case $p_name in
      *=*) [ "$p_status" = installed ] && [ "${p_name#*=}" = "$p_version" ] && continue ;;
      *) [ "$p_status" = installed ] && continue ;;
    esac
    p_todo="$p_todo ${p_word%%=*}"
    p_missing="$p_missing $p_name"
  done
  [ -n "$p_missing" ] || return 0
  p_apt_ready || return
  p_apt --no-remove --allow-downgrades $p_again install -- $p_missing || return
  for p_name in $p_missing; do
    p_dpkg "${p_name%%=*}"
    if [ "$p_status" != installed ]; then
      p_say "apt-get ended well, and package ${p_name%%=*} is not installed; is it a virtual package?"
      return 1
    fi
  done
  p_did="$p_did$p_todo"
}
# p_apt_remove VERB ID=NAME...
p_apt_remove() {
  p_verb=$1
  shift
  p_todo=
  p_present=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_dpkg "$p_name"
    case $p_verb:$p_status in
      *: | remove:config-files) continue ;;
    esac
    p_todo="$p_todo ${p_word%%=*}"
    p_present="$p_present $p_name"
  done
  [ -n "$p_present" ] || return 0
  p_apt_ready || return
  p_apt "$p_verb" -- $p_present || return
  p_did="$p_did$p_todo"
}
p_systemd_show() { systemctl show -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -- "$1.service"; }
# p_service_state NAME: sets p_enabled and p_running to yes or no, and p_exists.
p_service_state() {
  p_enabled=no p_running=no p_exists=
  if [ -d /run/systemd/system ]; then
    p_line=$(p_systemd_show "$1") || return
    # A command or a person may have changed its file.
    case $p_line in
      *LoadState=not-found* | *NeedDaemonReload=yes*)
        systemctl daemon-reload || return
        p_line=$(p_systemd_show "$1") || return
        ;;
    esac
    case $p_line in *LoadState=not-found*) return 0 ;; esac
    p_exists=yes
    case $p_line in *UnitFileState=enabled* | *UnitFileState=alias*) p_enabled=yes ;; esac
    case $p_line in
      *UnitFileState=static*) p_enabled=static ;;
      *UnitFileState=generated*)
        for p_path in /etc/rc[2345].d/S[0-9][0-9]"$1"; do [ ! -e "$p_path" ] || p_enabled=yes; done
        ;;
    esac
    case $p_line in *ActiveState=active* | *ActiveState=reloading*) p_running=yes ;; esac
  else
    [ -x "/etc/init.d/$1" ] || return 0
    p_exists=yes
    for p_path in /etc/rc[2345].d/S[0-9][0-9]"$1"; do [ ! -e "$p_path" ] || p_enabled=yes; done
    ! "/etc/init.d/$1" status >/dev/null 2>&1 || p_running=yes
  fi
}
# p_service_do VERB NAME
p_service_do() {
  if [ -d /run/systemd/system ]; then
    systemctl "$1" -- "$2.service" && return
    systemctl status --no-pager -l -n 20 -- "$2.service"
    return 1
  fi
  case $1 in
    enable)
      if command -v update-rc.d >/dev/null 2>&1; then update-rc.d "$2" defaults && update-rc.d "$2" enable; else p_sysv_links "$2" S; fi
      ;;
    disable)
      if command -v update-rc.d >/dev/null 2>&1; then update-rc.d "$2" disable; else p_sysv_links "$2" K; fi
      ;;
    *) "/etc/init.d/$2" "$1" ;;
  esac
}
p_sysv_links() {
  for p_path in /etc/rc[2345].d; do
    rm -f "$p_path"/[SK][0-9][0-9]"$1"
    ln -s "../init.d/$1" "$p_path/${2}20$1" || return
  done
}
# p_service ID NAME ENABLED RUNNING ANSWER: ANSWER is what an owed notification asks for: reload or restart.
p_service() {
  if [ -e "$p_lib/owed/daemon-reload" ]; then
    [ ! -d /run/systemd/system ] || systemctl daemon-reload || return
    rm -f "$p_lib/owed/daemon-reload"
  fi
  p_service_state "$2" || return
  if [ -z "$p_exists" ]; then
    case $3$4 in
      *yes*) p_say "there is no service $2: install the package that brings it before this line"; return 1 ;;
    esac
    return 0
  fi
  p_now=
  if [ -n "$3" ] && [ "$p_enabled" != static ] && [ "$3" != "$p_enabled" ]; then
    if [ "$3" = yes ]; then p_service_do enable "$2" || return; else p_service_do disable "$2" || return; fi
    p_now=1
  fi
  if [ "$4" = yes ] && [ "$p_running" = no ]; then
    # A unit that failed too often does not start again before it is told so.
    [ ! -d /run/systemd/system ] || systemctl reset-failed -- "$2.service" 2>/dev/null
    p_service_do start "$2" || return
    p_service_state "$2" || return
    if [ "$p_running" = no ]; then p_say "service $2 was started and is not running"; return 1; fi
    # It has read its configuration just now.
    rm -f "$p_lib/owed/reload-$2" "$p_lib/owed/restart-$2"
    p_now=1
  elif [ "$4" = no ] && [ "$p_running" = yes ]; then
    p_service_do stop "$2" || return
    rm -f "$p_lib/owed/reload-$2" "$p_lib/owed/restart-$2"
    p_now=1
  fi
  if [ -n "$5" ] && { [ -e "$p_lib/owed/reload-$2" ] || [ -e "$p_lib/owed/restart-$2" ]; }; then
    if [ "$p_running" = yes ]; then
      p_service_do "$5" "$2" || return
      p_now=1
    fi
    rm -f "$p_lib/owed/reload-$2" "$p_lib/owed/restart-$2"
  fi
  [ -z "$p_now" ] || p_did="$p_did $1"
}
