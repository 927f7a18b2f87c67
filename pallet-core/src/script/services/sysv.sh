# Functions for SysV init scripts.
p_unit_ready() { rm -f "$p_lib/owed/daemon-reload"; }
p_unit_state() {
  p_enabled=no p_running=no p_exists= p_masked=no
  [ -x "/etc/init.d/$1" ] || return 0
  p_exists=yes
  for p_path in /etc/rc[2345].d/S[0-9][0-9]"$1"; do [ ! -e "$p_path" ] || p_enabled=yes; done
  ! "/etc/init.d/$1" status >/dev/null 2>&1 || p_running=yes
}
p_unit_do() {
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
p_unit_said() { :; }
p_sysv_links() {
  for p_path in /etc/rc[2345].d; do
    rm -f "$p_path"/[SK][0-9][0-9]"$1"
    ln -s "../init.d/$1" "$p_path/${2}20$1" || return
  done
}
