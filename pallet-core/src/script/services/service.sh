# Functions for services of every init system. What differs between them is in a library of its own, which has:
#   p_unit_ready            makes the init system read what is new
#   p_unit_state NAME       sets p_exists, p_enabled, p_running and p_masked to yes, no, static or nothing
#   p_unit_do VERB NAME     enable, disable, start, stop, reload, restart, mask, unmask
#   p_unit_said NAME        prints what the service wrote last
p_answered() { rm -f "$p_lib/owed/reload-$1" "$p_lib/owed/restart-$1"; }
# p_answer NAME VERB: reloads or restarts a service that owes it and runs. A restart does what a reload does.
p_answer() {
  p_verb=
  [ ! -e "$p_lib/owed/reload-$1" ] || p_verb=$2
  [ ! -e "$p_lib/owed/restart-$1" ] || p_verb=restart
  [ -n "$p_verb" ] || return 0
  if [ "$p_running" = yes ]; then
    p_unit_do "$p_verb" "$1" || return
    p_now=1
  fi
  p_answered "$1"
}
# p_start NAME
p_start() {
  p_unit_do start "$1" || return
  p_unit_state "$1" || return
  if [ "$p_running" != yes ]; then
    p_unit_said "$1"
    p_say "service $1 was started and is not running"
    return 1
  fi
  # It has read its configuration just now.
  p_answered "$1"
  p_now=1 p_fresh=1
}
# p_always NAME VERB: what happens in every run. A service that was started just now has no need of it.
p_always() {
  if [ -n "$p_fresh" ]; then return 0; fi
  if [ "$2" = restart ] || [ "$p_running" = yes ]; then
    p_unit_do "$2" "$1" || return
    p_answered "$1"
    p_now=1
  fi
}
# p_service ID NAME ENABLED RUNNING MASKED ANSWER ALWAYS: ENABLED, RUNNING and MASKED are yes, no or nothing. ANSWER is
# what an owed notification asks for, and ALWAYS what is done in any case: reload, restart or nothing.
p_service() {
  p_unit_ready && p_unit_state "$2" || return
  p_now= p_fresh=
  if [ "$5" = no ] && [ "$p_masked" = yes ]; then
    p_unit_do unmask "$2" && p_unit_state "$2" || return
    p_now=1
  fi
  case $3$4$7 in
    *yes* | *restart*)
      if [ -z "$p_exists" ]; then p_say "there is no service $2: install the package that brings it before this line"; return 1; fi
      if [ "$p_masked" = yes ]; then p_say "service $2 is masked: declare it unmasked"; return 1; fi
      ;;
  esac
  if [ -n "$p_exists" ]; then
    if [ -n "$3" ] && [ "$p_masked" != yes ] && [ "$p_enabled" != static ] && [ "$3" != "$p_enabled" ]; then
      if [ "$3" = yes ]; then p_unit_do enable "$2" || return; else p_unit_do disable "$2" || return; fi
      p_now=1
    fi
    if [ "$4" = yes ] && [ "$p_running" != yes ]; then
      p_start "$2" || return
    elif [ "$4" = no ] && [ "$p_running" = yes ]; then
      p_unit_do stop "$2" || return
      p_answered "$2"
      p_running=no p_now=1
    fi
    if [ -n "$7" ]; then p_always "$2" "$7" || return; fi
    if [ -n "$6" ]; then p_answer "$2" "$6" || return; fi
  fi
  if [ "$5" = yes ] && [ "$p_masked" != yes ]; then p_unit_do mask "$2" || return; p_now=1; fi
  [ -z "$p_now" ] || p_did="$p_did $1"
}
# p_service_answer ID NAME ANSWER: only the answer, for the end of a phase.
p_service_answer() {
  p_unit_ready && p_unit_state "$2" || return
  p_now=
  p_answer "$2" "$3" || return
  [ -z "$p_now" ] || p_did="$p_did $1"
}
