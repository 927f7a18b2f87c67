# Functions for dnf. See packages.sh and rpm.sh.

p_dnf() {
  p_given=
  for p_word in $p_enable; do p_given="$p_given --enablerepo=$p_word"; done
  for p_word in $p_disable; do p_given="$p_given --disablerepo=$p_word"; done
  for p_word in $p_exclude; do p_given="$p_given --exclude=$p_word"; done
  case $p_recommends in
    yes) p_given="$p_given --setopt=install_weak_deps=True" ;;
    no) p_given="$p_given --setopt=install_weak_deps=False" ;;
  esac
  [ -z "$p_unsigned" ] || p_given="$p_given --nogpgcheck"
  dnf -q -y --setopt=exit_on_lock=False $p_given "$@"
}
p_pm_holder() {
  p_pkg_pid_locker /var/lib/dnf/rpmdb_lock.pid /var/cache/dnf/metadata_lock.pid /var/cache/dnf/download_lock.pid \
    /var/run/dnf/rpmdb_lock.pid || p_pkg_locker /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock
}
p_pm_refresh() { p_dnf --refresh makecache; }
p_pm_state() {
  p_rpm_state "$1"
  p_held=release
  [ -n "$p_hold" ] && [ -r /etc/dnf/plugins/versionlock.list ] || return 0
  while read -r p_line; do
    case $p_line in "${1%.*}"-[0-9]*:*) p_held=hold ;; esac
    case $p_line in "$1"-[0-9]*:*) p_held=hold ;; esac
  done </etc/dnf/plugins/versionlock.list
}
# dnf wants a version after a hyphen.
p_dnf_specs() {
  p_specs=
  for p_word in "$@"; do
    case $p_word in
      *=*) p_specs="$p_specs ${p_word%%=*}-${p_word#*=}" ;;
      *) p_specs="$p_specs $p_word" ;;
    esac
  done
}
p_pm_install() {
  p_dnf_specs "$@"
  if [ -n "$p_from" ]; then
    p_dnf --enablerepo="$p_from" repository-packages "$p_from" install $p_specs
  else
    p_dnf install $p_specs
  fi
}
p_pm_upgrade() { p_dnf upgrade "$@"; }
p_pm_remove() {
  shift
  p_dnf --noautoremove remove "$@"
}
p_pm_hold() {
  case $1 in hold) p_verb=add ;; *) p_verb=delete ;; esac
  shift
  p_dnf versionlock "$p_verb" "$@"
}
p_pm_install_file() { p_dnf install "$1"; }
p_pm_upgrade_all() { p_dnf upgrade; }
p_pm_remove_unneeded() { p_dnf autoremove; }
