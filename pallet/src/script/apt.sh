# Functions for packages of Debian: apt-get and dpkg.
p_apt() {
  # Never asks: configuration files that were edited stay as they are (dpkg's default answer).
  DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none \
    apt-get -q -y -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confdef \
    -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}
# p_apt_ready: finishes what an interrupted dpkg left.
p_apt_ready() {
  for p_path in /var/lib/dpkg/updates/[0-9]*; do
    [ -e "$p_path" ] || continue
    DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a || return
    break
  done
}
p_apt_update() {
  p_apt -o APT::Update::Error-Mode=any update || return
  p_state_dir && printf "" >"$p_lib/apt-updated"
}
# p_dpkg NAME: sets p_status and p_version.
p_dpkg() {
  p_status= p_version=
  p_line=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' -- "$1" 2>/dev/null) || return 0
  p_line="
$p_line"
  # A name without architecture can be installed for several, one a line.
  case $p_line in
    *"
installed "*)
      p_status=installed p_version=${p_line##*"
installed "} ;;
    *"
not-installed "*) ;;
    *) p_status=${p_line#?} p_status=${p_status%% *} ;;
  esac
}
# p_apt_install ID=NAME[=VERSION]...: in one transaction.
p_apt_install() {
  p_todo= p_missing= p_again=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_dpkg "${p_name%%=*}"
    # apt takes what was left half unpacked for installed, and does nothing.
    [ "$p_status" != half-installed ] || p_again=--reinstall
    case $p_name in
      *=*) [ "$p_status" = installed ] && [ "${p_name#*=}" = "$p_version" ] && continue ;;
      *) [ "$p_status" = installed ] && continue ;;
    esac
    p_todo="$p_todo ${p_word%%=*}"
    p_missing="$p_missing $p_name"
  done
  [ -n "$p_missing" ] || return 0
  p_apt_ready || return
  p_apt --no-remove --allow-downgrades $p_again install -- $p_missing || return
  for p_name in $p_missing; do
    p_dpkg "${p_name%%=*}"
    if [ "$p_status" != installed ]; then
      p_say "apt-get ended well, and package ${p_name%%=*} is not installed; is it a virtual package?"
      return 1
    fi
  done
  p_did="$p_did$p_todo"
}
# p_apt_remove VERB ID=NAME...
p_apt_remove() {
  p_verb=$1
  shift
  p_todo=
  p_present=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_dpkg "$p_name"
    case $p_verb:$p_status in
      *: | remove:config-files) continue ;;
    esac
    p_todo="$p_todo ${p_word%%=*}"
    p_present="$p_present $p_name"
  done
  [ -n "$p_present" ] || return 0
  p_apt_ready || return
  p_apt "$p_verb" -- $p_present || return
  p_did="$p_did$p_todo"
}
