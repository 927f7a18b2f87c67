# Functions for alternatives.
# p_alternative ID NAME PATH LINK PRIORITY: no path: the system chooses. A link makes the choice known first.
p_alternative() {
  p_program=update-alternatives
  command -v "$p_program" >/dev/null 2>&1 || p_program=alternatives
  p_line=
  for p_path in "/var/lib/dpkg/alternatives/$2" "/var/lib/alternatives/$2"; do
    [ ! -r "$p_path" ] || { IFS= read -r p_line <"$p_path"; break; }
  done
  if [ -z "$3" ]; then
    [ "$p_line" != auto ] || return 0
    "$p_program" --auto "$2" >/dev/null || return
  else
    if [ "$p_line" = manual ] && [ "$(readlink "/etc/alternatives/$2")" = "$3" ]; then return 0; fi
    if [ -n "$4" ]; then "$p_program" --install "$4" "$2" "$3" "$5" >/dev/null || return; fi
    "$p_program" --set "$2" "$3" >/dev/null || return
  fi
  p_did="$p_did $1"
}
