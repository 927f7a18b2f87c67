# Functions for services that runit supervises. A service is below /etc/sv; a link to it in the folder that is scanned
# has it supervised and, without a file `down`, started. So it starts with the system when there is the link and
# no such file.
p_unit_ready() { rm -f "$p_lib/owed/daemon-reload"; }
# Sets p_scanned: the folder of the services that are supervised.
p_runit_folder() {
  for p_scanned in /etc/runit/runsvdir/current /var/service /etc/service /service; do [ ! -d "$p_scanned" ] || return 0; done
  p_say "there is no folder of supervised services, such as /etc/service"
  return 1
}
p_unit_state() {
  p_enabled=no p_running=no p_exists= p_masked=no
  [ -x "/etc/sv/$1/run" ] || return 0
  p_exists=yes
  p_runit_folder || return
  [ -e "$p_scanned/$1" ] || return 0
  [ -e "/etc/sv/$1/down" ] || p_enabled=yes
  case $(sv status "$p_scanned/$1" 2>/dev/null) in run:*) p_running=yes ;; esac
}
# p_supervise NAME: has it supervised without starting it.
p_supervise() {
  p_runit_folder || return
  if [ ! -e "$p_scanned/$1" ]; then
    : >"/etc/sv/$1/down" || return
    ln -s "/etc/sv/$1" "$p_scanned/$1" || return
  fi
  # The folder is scanned every five seconds.
  p_n=0
  until sv status "$p_scanned/$1" >/dev/null 2>&1; do
    p_n=$((p_n + 1))
    if [ "$p_n" -gt 150 ]; then p_say "runsvdir does not supervise $1; does it run?"; return 1; fi
    sleep 0.1
  done
}
p_unit_do() {
  case $1 in
    enable) p_supervise "$2" && rm -f "/etc/sv/$2/down" ;;
    disable) : >"/etc/sv/$2/down" ;;
    start) p_supervise "$2" && sv -w 30 start "$p_scanned/$2" ;;
    *) p_runit_folder && sv -w 30 "$1" "$p_scanned/$2" ;;
  esac
}
p_unit_said() { :; }
