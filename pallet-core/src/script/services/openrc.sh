# Functions for services of OpenRC.
p_unit_ready() { rm -f "$p_lib/owed/daemon-reload"; }
p_unit_state() {
  p_enabled=no p_running=no p_exists= p_masked=no
  [ -x "/etc/init.d/$1" ] || return 0
  p_exists=yes
  for p_path in /etc/runlevels/*/"$1"; do [ ! -e "$p_path" ] || p_enabled=yes; done
  # It notices a daemon that died as well, which the list of started services does not.
  ! rc-service "$1" status >/dev/null 2>&1 || p_running=yes
}
p_unit_do() {
  case $1 in
    enable) rc-update --quiet add "$2" default ;;
    disable)
      for p_path in /etc/runlevels/*/"$2"; do
        if [ -e "$p_path" ]; then p_level=${p_path%/*} && rc-update --quiet del "$2" "${p_level##*/}" || return; fi
      done
      ;;
    start)
      # What died is still on the list of what was started.
      rc-service "$2" zap >/dev/null 2>&1
      rc-service "$2" start
      ;;
    *) rc-service "$2" "$1" ;;
  esac
}
p_unit_said() { :; }
