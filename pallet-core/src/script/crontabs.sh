# Functions for crontabs of users.
# p_crontab ID USER (NAME LINE)...: puts each line below its name, or removes both where the line is empty. The rest of
# the crontab stays.
p_crontab() {
  p_id=$1 p_user=$2
  shift 2
  if ! command -v crontab >/dev/null 2>&1; then
    p_say "there is no crontab on this node; install it before this line: on Debian it is in the package cron"
    return 1
  fi
  p_before=$(crontab -l -u "$p_user" 2>/dev/null; printf x)
  p_before=${p_before%x} p_after=$p_before
  while [ $# -gt 0 ]; do
    p_crontab_line "$1" "$2"
    shift 2
  done
  [ "$p_after" != "$p_before" ] || return 0
  printf %s "$p_after" | crontab -u "$p_user" - || { p_say "crontab does not take the jobs of $p_user"; return 1; }
  p_did="$p_did $p_id"
}
# p_crontab_line NAME LINE: edits p_after. printf and here documents cost no process.
p_crontab_line() {
  p_kept= p_skip= p_there=
  while IFS= read -r p_line; do
    if [ -n "$p_skip" ]; then p_skip=; continue; fi
    if [ "$p_line" = "# pallet: $1" ]; then
      p_skip=1
      if [ -z "$p_there" ] && [ -n "$2" ]; then
        p_kept="$p_kept$p_line
$2
"
      fi
      p_there=1
      continue
    fi
    p_kept="$p_kept$p_line
"
  done <<P_END
${p_after%
}
P_END
  # Nothing is one empty line to a here document.
  [ -n "$p_after" ] || p_kept=
  if [ -z "$p_there" ] && [ -n "$2" ]; then
    p_kept="$p_kept# pallet: $1
$2
"
  fi
  p_after=$p_kept
}
