# Functions for apk. See packages.sh.

p_apk() { apk --wait "${p_limit:-600}" --no-progress ${p_unsigned:+--allow-untrusted} "$@"; }
# apk waits for its lock itself, and tells when it gives up; who has it, it does not tell.
p_pm_holder() { p_pkg_locker /lib/apk/db/lock; }
p_pm_repair() { :; }
p_pm_refresh() { p_apk update; }
p_pm_state() {
  p_status= p_version= p_held=release
  p_lines=$(apk info -ve "$1" 2>/dev/null) || return 0
  # What provides a virtual package is found by that name, too.
  case $p_lines in "$1"-[0-9]*) p_status=installed p_version=${p_lines#"$1"-} ;; esac
}
p_pm_install() {
  p_specs=
  for p_word in "$@"; do
    case $p_word in
      *=*) p_specs="$p_specs $p_word" ;;
      *) p_specs="$p_specs $p_word${p_from:+@$p_from}" ;;
    esac
  done
  p_apk add $p_specs
}
p_pm_upgrade() { p_apk add --upgrade "$@"; }
p_pm_remove() {
  case $1 in purge) p_verb=--purge ;; *) p_verb= ;; esac
  shift
  p_apk del $p_verb "$@"
}
p_pm_absent() { p_say "apk ended well, and package $1 is not installed; is it a virtual package?"; }
p_pm_file() {
  p_name= p_want=
  p_lines=$(tar -xzOf "$1" .PKGINFO 2>/dev/null)
  while read -r p_key p_sign p_value; do
    case $p_key in
      pkgname) p_name=$p_value ;;
      pkgver) p_want=$p_value ;;
    esac
  done <<P_END
$p_lines
P_END
  [ -n "$p_name" ] && [ -n "$p_want" ]
}
p_pm_install_file() { p_apk add "$1"; }
p_pm_upgrade_all() { p_apk upgrade; }
