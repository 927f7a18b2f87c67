# Functions for checking a unit of systemd before it goes live.
# p_unit_draft ID: makes an empty file with a name that systemd takes for a service's, and sets p_new.
p_unit_draft() {
  p_new=/run/.pallet-$p_nonce-$1.service
  printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return
  (umask 077 && set -C && : >"$p_new")
}
# p_unit_verify: prints what systemd thinks of p_new, and fails if it would not start such a service. What the unit
# needs may come later, so that it is not there is no reason.
p_unit_verify() {
  command -v systemd-analyze >/dev/null 2>&1 || return 0
  p_line=$(systemd-analyze verify --man=no "$p_new" 2>&1) && return 0
  case $p_line in *" Refusing."* | *"fatal error"* | *"bad unit file setting"*) ;; *) return 0 ;; esac
  printf '%s\n' "$p_line" | while IFS= read -r p_line; do
    # Only lines about the draft, which is not called what the unit will be called.
    case $p_line in *.pallet-"$p_nonce"-*) p_say "the unit${p_line#*.pallet-"$p_nonce"-*.service}" ;; esac
  done
  return 1
}
