# Functions for zypper. See packages.sh and rpm.sh.

p_zypper() {
  p_given=
  [ -z "$p_unsigned" ] || p_given=--no-gpg-checks
  ZYPP_LOCK_TIMEOUT=${p_limit:-600} zypper -n -q $p_given --gpg-auto-import-keys "$@"
}
p_zypper_options() {
  p_chosen=
  [ -z "$p_from" ] || p_chosen="$p_chosen --from $p_from"
  case $p_recommends in
    yes) p_chosen="$p_chosen --recommends" ;;
    no) p_chosen="$p_chosen --no-recommends" ;;
  esac
}
p_pm_holder() { p_pkg_pid_locker /run/zypp.pid /var/run/zypp.pid || p_pkg_locker /var/lib/rpm/.rpm.lock; }
p_pm_refresh() {
  p_zypper refresh
  p_code=$?
  # 6: there is no source at all.
  [ "$p_code" -eq 0 ] || [ "$p_code" -eq 6 ]
}
p_pm_state() {
  p_rpm_state "$1"
  p_held=release
  [ -n "$p_hold" ] && [ -r /etc/zypp/locks ] || return 0
  while read -r p_key p_value; do
    [ "$p_key $p_value" != "solvable_name: $1" ] || p_held=hold
  done </etc/zypp/locks
}
p_pm_install() {
  p_zypper_options
  p_zypper install --auto-agree-with-licenses --oldpackage $p_chosen -- "$@"
}
p_pm_upgrade() {
  p_zypper_options
  p_zypper update --auto-agree-with-licenses $p_chosen -- "$@"
}
p_pm_remove() {
  shift
  p_zypper remove -- "$@"
}
p_pm_hold() {
  case $1 in hold) p_verb=addlock ;; *) p_verb=removelock ;; esac
  shift
  p_zypper "$p_verb" -- "$@"
}
p_pm_install_file() { p_zypper install --auto-agree-with-licenses --oldpackage ${p_unsigned:+--allow-unsigned-rpm} -- "$1"; }
p_pm_upgrade_all() { p_zypper "${1:-update}" --auto-agree-with-licenses; }
