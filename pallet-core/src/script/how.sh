# Functions for how a step runs: conditions, limits, further attempts.
# p_compare VALUE OPERATOR NUMBER: a value that is no number fails the step.
p_compare() {
  case ${1#-} in
    '' | *[!0-9]*)
      p_say "\"$1\" is not a number, and a condition compares it with one"
      p_bad=1
      return 1
      ;;
  esac
  [ "$1" "$2" "$3" ]
}
# p_try TIMES PAUSE LIMIT: runs p_step and sets p_status.
p_try() {
  p_h_left=$1 p_h_pause=$2
  while :; do
    if [ -n "$3" ]; then p_limited "$3"; else p_step; p_status=$?; fi
    [ "$p_status" -ne 0 ] && [ "$p_h_left" -gt 0 ] || break
    p_say "failed, is tried again in $p_h_pause s"
    sleep "$p_h_pause"
    p_h_left=$((p_h_left - 1)) p_h_pause=$((p_h_pause * 2))
  done
}
# p_limited SECONDS: runs p_step and sets p_status. A process beside this shell keeps the time. When it is up, it
# stops all that descends from this shell, finds the descendants in /proc, and ends with 124. When the step ends first,
# its `sleep` is stopped with KILL: between fork and exec it has still the trap of its shell, which would swallow a TERM,
# and the step would last as long as its limit.
p_limited() {
  (unset p_token; exec sh -c '
    trap "kill -KILL \$! 2>/dev/null; wait; exit 0" TERM
    sleep "$1" &
    wait $!
    trap "" TERM
    p_all=" $2 " p_victims=
    while p_grown=; do
      for p_stat in /proc/[0-9]*/stat; do
        IFS= read -r p_line <"$p_stat" || continue
        p_pid=${p_line%% *} p_line=${p_line##*) }
        p_line=${p_line#? } p_parent=${p_line%% *}
        [ "$p_pid" != $$ ] || continue
        case $p_all in *" $p_pid "*) continue ;; esac
        case $p_all in *" $p_parent "*) p_all="$p_all$p_pid " p_victims="$p_victims $p_pid" p_grown=1 ;; esac
      done 2>/dev/null
      [ -n "$p_grown" ] || break
    done
    kill -TERM $p_victims
    p_wait=5
    while [ "$p_wait" -gt 0 ] && kill -0 $p_victims; do sleep 1; p_wait=$((p_wait - 1)); done
    kill -KILL $p_victims
    exit 124
  ' sh "$1" "$$" >/dev/null 2>&1 </dev/null) &
  p_h_dog=$!
  p_step
  p_status=$?
  kill "$p_h_dog" 2>/dev/null
  wait "$p_h_dog" 2>/dev/null
  if [ $? -eq 124 ]; then
    p_say "stopped after $1 s, which is its limit"
    p_status=124
  fi
}
