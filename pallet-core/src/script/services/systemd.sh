# Functions for units of systemd.
# p_unit_name NAME: sets p_unit.
p_unit_name() {
  case $1 in
    *.service | *.socket | *.timer | *.path | *.target | *.mount | *.automount | *.swap | *.slice | *.scope | *.device) p_unit=$1 ;;
    *) p_unit=$1.service ;;
  esac
}
p_unit_show() { p_line=$(systemctl show -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -- "$p_unit"); }
p_unit_ready() {
  [ -e "$p_lib/owed/daemon-reload" ] || return 0
  systemctl daemon-reload || return
  rm -f "$p_lib/owed/daemon-reload"
}
p_unit_state() {
  p_enabled=no p_running=no p_exists= p_masked=no
  p_unit_name "$1"
  p_unit_show || return
  # A command or a person may have changed its file.
  case $p_line in
    *LoadState=not-found* | *NeedDaemonReload=yes*) systemctl daemon-reload && p_unit_show || return ;;
  esac
  case $p_line in *LoadState=not-found*) return 0 ;; esac
  p_exists=yes
  case $p_line in
    *LoadState=masked*) p_masked=yes ;;
    *UnitFileState=enabled* | *UnitFileState=alias* | *UnitFileState=indirect*) p_enabled=yes ;;
    *UnitFileState=static*) p_enabled=static ;;
    *UnitFileState=generated*)
      for p_path in /etc/rc[2345].d/S[0-9][0-9]"$1"; do [ ! -e "$p_path" ] || p_enabled=yes; done
      ;;
  esac
  case $p_line in *ActiveState=active* | *ActiveState=reloading* | *ActiveState=refreshing*) p_running=yes ;; esac
}
p_unit_do() {
  p_unit_name "$2"
  case $1 in
    # A unit that failed too often does not start again before it is told so.
    start | restart) systemctl reset-failed -- "$p_unit" 2>/dev/null ;;
  esac
  case $1 in start | restart | reload | stop) p_since=$(date +%s.%N) ;; esac
  systemctl --quiet "$1" -- "$p_unit" && return
  case $1 in
    start | restart | reload | stop)
      p_unit_said "$2"
      p_line=$(systemctl show -P Result -- "$p_unit")
      p_say "$1 of $p_unit failed${p_line:+ ($p_line)}"
      ;;
  esac
  return 1
}
# Lines since it was last told to do something, and no older ones. What a process says with its last breath may reach the journal
# when systemd has forgotten which start that was, and so only its unit is known; what it says with its first may be older than the
# time at which systemd says that it started. So the time is the one that was taken here before.
p_unit_said() {
  p_line=$(systemctl show -P InvocationID -- "$p_unit") && [ -n "$p_line" ] || return 0
  journalctl --sync 2>/dev/null
  journalctl --quiet --no-pager --output=cat --lines=15 --since "@$p_since" \
    "_SYSTEMD_INVOCATION_ID=$p_line" + "INVOCATION_ID=$p_line" + "_SYSTEMD_UNIT=$p_unit" 2>/dev/null
}
