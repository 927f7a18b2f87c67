# Functions for commands that run as somebody else.
# p_as USER NICE [COMMAND...]: runs a command as this user and with this niceness; empty means as it is. Without a
# command it runs the script on standard input, which is in no argument list then, with its own input at its end.
p_as() {
  p_user=$1 p_nice=$2
  shift 2
  [ $# -gt 0 ] || set -- sh -c 'eval "$(cat)"'
  if [ -n "$p_user" ]; then
    p_line=$(p_entry passwd "$p_user")
    if [ -z "$p_line" ]; then p_say "there is no user $p_user"; exit 1; fi
    p_line=${p_line#*:}; p_line=${p_line#*:}
    p_uid=${p_line%%:*}; p_line=${p_line#*:}
    p_gid=${p_line%%:*}; p_line=${p_line#*:}; p_line=${p_line#*:}
    HOME=${p_line%%:*} USER=$p_user LOGNAME=$p_user
    export HOME USER LOGNAME
  fi
  if [ -n "$p_nice" ] && ! command -v nice >/dev/null 2>&1; then p_say "there is no nice on this node"; exit 127; fi
  # Unlike su, setpriv opens no session, and the one of busybox cannot do it.
  if [ -z "$p_user" ]; then
    nice -n "$p_nice" "$@"
  elif setpriv --reuid="$p_uid" --regid="$p_gid" --init-groups true >/dev/null 2>&1; then
    ${p_nice:+nice -n "$p_nice"} setpriv --reuid="$p_uid" --regid="$p_gid" --init-groups "$@"
  else
    ${p_nice:+nice -n "$p_nice"} su -s /bin/sh -c 'exec "$@"' -- "$p_user" sh "$@"
  fi
}
