# Functions for services: systemd, and SysV init scripts.
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
