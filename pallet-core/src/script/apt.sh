# Functions for packages of Debian: apt-get and dpkg. See packages.sh.

# p_quiet_dpkg COMMAND...: runs it so that nothing asks. Configuration files that were edited stay (dpkg's default
# answer), and services that use what was replaced are listed and not restarted.
p_quiet_dpkg() {
  DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical DEBCONF_NONINTERACTIVE_SEEN=true \
    APT_LISTCHANGES_FRONTEND=none APT_LISTBUGS_FRONTEND=none UCF_FORCE_CONFFOLD=1 NEEDRESTART_MODE=l \
    NEEDRESTART_SUSPEND=1 "$@"
}
# Without Pattern-Only, a name that is unknown and has a dot or a plus sign would be taken for a regular expression.
p_apt() {
  p_quiet_dpkg apt-get -q -y -o "DPkg::Lock::Timeout=${p_limit:-600}" -o APT::Cmd::Pattern-Only=true \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}
# p_aptitude VERB [WORD...]: aptitude would rather remove other packages than do nothing, so it is asked first.
p_aptitude() {
  if ! command -v aptitude >/dev/null 2>&1; then
    p_say "there is no aptitude on this node; install it before this line"
    return 1
  fi
  p_wish="-q -y -o Aptitude::Delete-Unused=false -o Dpkg::Use-Pty=0"
  p_wish="$p_wish -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
  [ -z "$p_from" ] || p_wish="$p_wish -t $p_from"
  case $p_recommends in
    yes) p_wish="$p_wish --with-recommends" ;;
    no) p_wish="$p_wish --without-recommends" ;;
  esac
  [ -z "$p_unsigned" ] || p_wish="$p_wish --allow-untrusted"
  case $1 in
    remove | purge | full-upgrade) ;;
    *)
      p_lines=$(LC_ALL=C p_quiet_dpkg aptitude -s $p_wish "$@" 2>&1) || { p_say "$p_lines"; return 1; }
      case $p_lines in
        *" will be REMOVED:"*)
          p_lines=$(printf '%s\n' "$p_lines" | sed -n '/ will be REMOVED:/,/^[^ ]/s/^  *//p')
          p_say "aptitude would remove other packages for this: $p_lines"
          return 1
          ;;
      esac
      ;;
  esac
  p_quiet_dpkg aptitude $p_wish "$@"
}
# p_without_services COMMAND...: while it runs, no package starts or stops a service (invoke-rc.d asks policy-rc.d).
# A policy of somebody else is left as it is.
p_without_services() {
  if [ -z "$p_quiet" ] || [ -e /usr/sbin/policy-rc.d ]; then "$@"; return; fi
  (
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    trap 'exit 129' HUP INT TERM
    (umask 022 && printf '#!/bin/sh\n# pallet %s\nexit 101\n' $$ >/usr/sbin/policy-rc.d && chmod 0755 /usr/sbin/policy-rc.d) || exit
    "$@"
  )
}
# p_end_of_policy: removes a policy of ours whose process was killed before it could.
p_end_of_policy() {
  [ -f /usr/sbin/policy-rc.d ] || return 0
  { read -r p_line && read -r p_mark p_owner p_pid; } </usr/sbin/policy-rc.d || return 0
  if [ "$p_mark $p_owner" = "# pallet" ] && [ "$p_pid" = $$ -o ! -d "/proc/$p_pid" ]; then
    rm -f /usr/sbin/policy-rc.d
  fi
}
p_pm_holder() {
  p_pkg_locker /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock
}
p_pm_repair() {
  p_end_of_policy
  for p_path in /var/lib/dpkg/updates/[0-9]*; do
    [ -e "$p_path" ] || continue
    p_say "finishing what an interrupted dpkg left"
    p_quiet_dpkg dpkg --force-confdef --force-confold --configure -a || return
    break
  done
}
p_pm_refresh() { p_apt -o APT::Update::Error-Mode=any update; }
p_pm_state() {
  p_status= p_version= p_held=release
  p_lines=$(dpkg-query -W -f '${db:Status-Status} ${db:Status-Want} ${Version}\n' -- "$1" 2>/dev/null) || return 0
  # A name without architecture can be installed for several, one a line.
  while read -r p_is p_wants p_number; do
    case $p_is:$p_status in
      not-installed:* | *:installed) continue ;;
    esac
    p_status=$p_is p_version=$p_number p_held=release
    [ "$p_wants" != hold ] || p_held=hold
  done <<P_END
$p_lines
P_END
}
# p_apt_options: sets p_given to the options of the transaction.
p_apt_options() {
  p_given=
  [ -z "$p_from" ] || p_given="$p_given -t $p_from"
  case $p_recommends in
    yes) p_given="$p_given --install-recommends" ;;
    no) p_given="$p_given --no-install-recommends" ;;
  esac
  [ -z "$p_unsigned" ] || p_given="$p_given --allow-unauthenticated"
}
p_pm_install() {
  p_apt_options
  p_apt_virtual "$@" || return
  # apt takes what was left half unpacked for installed, and does nothing.
  if [ -n "$p_aptitude" ] && [ -z "$p_again" ]; then p_without_services p_aptitude install "$@"; return; fi
  [ -z "$p_again" ] || p_given="$p_given --reinstall"
  p_without_services p_apt $p_given --no-remove --allow-downgrades install -- "$@"
}
p_pm_upgrade() {
  p_apt_options
  if [ -n "$p_aptitude" ]; then p_without_services p_aptitude install "$@"; return; fi
  p_without_services p_apt $p_given --no-remove --only-upgrade install -- "$@"
}
p_pm_remove() {
  if [ -n "$p_aptitude" ]; then p_without_services p_aptitude "$@"; return; fi
  p_without_services p_apt --allow-change-held-packages "$@"
}
p_pm_hold() {
  case $1 in hold) p_verb=hold ;; *) p_verb=unhold ;; esac
  shift
  apt-mark "$p_verb" -- "$@"
}
# p_apt_virtual WORD...: apt would install one of those that provide a virtual package, and every time anew.
p_apt_virtual() {
  p_name=
  p_lines=$(LC_ALL=C apt-cache policy -- $(for p_word in "$@"; do printf "%s " "${p_word%%=*}"; done) 2>/dev/null)
  while read -r p_key p_value; do
    case $p_key in
      [A-Z]*: | '***' | [0-9]*) ;;
      *:) p_name=${p_key%:} ;;
    esac
    [ "$p_key $p_value" = "Candidate: (none)" ] || continue
    p_providers=$(LC_ALL=C apt-cache showpkg -- "$p_name" | sed -n '/^Reverse Provides/,$ s/^\([^ ]*\) .* (.*/\1/p' | sort -u | tr '\n' ' ')
    [ -n "$p_providers" ] || continue
    p_say "package $p_name is virtual: name one that provides it: ${p_providers% }"
    return 1
  done <<P_END
$p_lines
P_END
}
p_pm_absent() { p_say "apt-get ended well, and package $1 is not installed; is it a virtual package?"; }
p_pm_file() {
  p_line=$(dpkg-deb --show --showformat='${Package}:${Architecture} ${Version}' -- "$1" 2>/dev/null) || return
  p_name=${p_line% *} p_want=${p_line#* }
  # A package for all architectures has the native one once it is installed.
  p_name=${p_name%:all}
}
p_pm_install_file() {
  p_apt_options
  p_without_services p_apt $p_given --no-remove --allow-downgrades --reinstall install -- "$1"
}
# p_debconf ID PACKAGE QUESTION KIND VALUE: printf is a builtin, so no process list shows the value.
p_debconf() {
  p_line=$(printf 'GET %s\n' "$3" | DEBIAN_FRONTEND=noninteractive debconf-communicate pallet 2>/dev/null)
  case $p_line in
    "0 $5") return 0 ;;
    0) [ -n "$5" ] || return 0 ;;
  esac
  printf '%s %s %s %s\n' "$2" "$3" "$4" "$5" | p_quiet_dpkg debconf-set-selections || return
  p_pkg_changed "$1"
}
# p_architecture ID NAME: dpkg accepts packages for another architecture, too.
p_architecture() {
  p_pkg_options --
  p_owe package-index || return
  case "
$(dpkg --print-foreign-architectures)
" in
    *"
$2
"*) ;;
    *)
      p_pkg_wait && dpkg --add-architecture "$2" || return
      p_pkg_changed "$1"
      ;;
  esac
  p_pkg_refresh_owed "$1"
}
p_pm_upgrade_all() {
  case $1 in
    aptitude) p_aptitude safe-upgrade ;;
    aptitude-full) p_aptitude full-upgrade ;;
    *) p_apt "${1:-upgrade}" ;;
  esac
}
p_pm_remove_unneeded() { p_apt autoremove; }
