# Functions for the running kernel.
# p_kernel ID PATH VALUE: one line below /proc/sys. The kernel separates numbers by tabs.
p_kernel() {
  if [ ! -e "$2" ]; then p_say "the kernel has no setting $2"; return 1; fi
  # By a process: the kernel gives a setting only to whoever reads it at once.
  p_is=$(set -f; set -- $(cat "$2"); printf %s "$*")
  [ "$p_is" != "$3" ] || return 0
  if ! printf '%s\n' "$3" >"$2"; then p_say "the kernel does not take $3 for $2"; return 1; fi
  p_did="$p_did $1"
}
# p_hostname ID NAME: a node of the sandbox has a name of its own and cannot write the kernel's file.
p_hostname() {
  p_is=
  IFS= read -r p_is </proc/sys/kernel/hostname 2>/dev/null
  [ "$p_is" != "$2" ] || return 0
  { printf '%s\n' "$2" >/proc/sys/kernel/hostname; } 2>/dev/null || hostname "$2" || return
  p_did="$p_did $1"
}
# p_module ID NAME LOADED
p_module() {
  if [ -n "$3" ]; then
    [ ! -d "/sys/module/$2" ] || return 0
    modprobe -- "$2" || return
  else
    [ -d "/sys/module/$2" ] || return 0
    modprobe -r -- "$2" || return
  fi
  p_did="$p_did $1"
}
