# Functions for rebooting.
# p_reboot_required: tells whether packages ask for it.
p_reboot_required() {
  [ ! -e /run/reboot-required ] || return 0
  command -v needs-restarting >/dev/null 2>&1 || return 1
  ! needs-restarting -r >/dev/null 2>&1
}
# p_reboot_owed: tells whether the system was not booted since it was written down that it owes that.
p_reboot_owed() {
  [ -r "$p_lib/owed/reboot" ] || return 1
  p_line= p_boot=
  IFS= read -r p_line <"$p_lib/owed/reboot"
  IFS= read -r p_boot </proc/sys/kernel/random/boot_id
  [ "$p_line" = "$p_boot" ]
}
# p_reboot ID REQUIRED CHANGED: reboots in a moment, in which the controller is told.
p_reboot() {
  if [ -n "$2$3" ]; then
    { [ -n "$2" ] && p_reboot_required; } || { [ -n "$3" ] && p_reboot_owed; } || return 0
  fi
  command -v reboot >/dev/null 2>&1 || { p_say "this node has no reboot"; return 1; }
  # Until then nothing has happened, so it is owed.
  rm -f "$p_lib/owed/reboot"
  p_owe reboot || return
  p_owes=
  sync
  (unset p_token; exec </dev/null >/dev/null 2>&1; sleep 1; reboot) &
  p_did="$p_did $1"
}
