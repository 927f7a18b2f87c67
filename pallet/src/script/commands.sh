# Functions for commands that run as somebody else.
# p_as USER NICE: runs the script on standard input as this user and with this niceness; empty means as it is. The
# script is in no argument list. Its own standard input is at its end.
p_as() {
  set -- "$1" "$2" 'eval "$(cat)"'
  if [ -n "$1" ]; then
    p_line=$(p_entry passwd "$1")
    if [ -z "$p_line" ]; then p_say "there is no user $1"; exit 1; fi
    p_line=${p_line#*:}; p_line=${p_line#*:}
    p_uid=${p_line%%:*}; p_line=${p_line#*:}
    p_gid=${p_line%%:*}; p_line=${p_line#*:}; p_line=${p_line#*:}
    HOME=${p_line%%:*} USER=$1 LOGNAME=$1
    export HOME USER LOGNAME
  fi
  if [ -n "$2" ] && ! command -v nice >/dev/null 2>&1; then p_say "there is no nice on this node"; exit 127; fi
  # Unlike su, setpriv opens no session, and the one of busybox cannot do it.
  if [ -z "$1" ]; then
    nice -n "$2" sh -c "$3"
  elif setpriv --reuid="$p_uid" --regid="$p_gid" --init-groups true >/dev/null 2>&1; then
    ${2:+nice -n "$2"} setpriv --reuid="$p_uid" --regid="$p_gid" --init-groups sh -c "$3"
  else
    ${2:+nice -n "$2"} su -s /bin/sh "$1" -c "$3"
  fi
}
