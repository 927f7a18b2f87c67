# Functions for pacman. See packages.sh.

p_pacman() { pacman --noconfirm --noprogressbar "$@"; }
# The lock is a file that is there. pacman holds it open, so one that nobody has open was left by a pacman that is gone.
p_pm_holder() {
  [ -e /var/lib/pacman/db.lck ] || return 1
  for p_file in /proc/[0-9]*; do
    if p_pkg_has_open "${p_file#/proc/}" /var/lib/pacman/db.lck; then
      p_holder="$(p_pkg_process "${p_file#/proc/}"), by /var/lib/pacman/db.lck"
      return 0
    fi
  done
  p_say "removing /var/lib/pacman/db.lck, which a pacman left that is gone"
  rm -f /var/lib/pacman/db.lck
  return 1
}
p_pm_repair() { :; }
p_pm_refresh() {
  # Without any source it would fail.
  [ -n "$(pacman-conf --repo-list)" ] || return 0
  p_pacman -Sy
}
p_pm_state() {
  p_status= p_version= p_held=release
  p_lines=$(pacman -Q -- "$1" 2>/dev/null) || return 0
  # What provides a virtual package is found by that name, too.
  [ "${p_lines%% *}" = "$1" ] || return 0
  p_status=installed p_version=${p_lines#* }
}
p_pm_install() {
  p_specs=
  for p_word in "$@"; do p_specs="$p_specs ${p_from:+$p_from/}$p_word"; done
  p_pacman -S -- $p_specs
}
p_pm_upgrade() { p_pm_install "$@"; }
p_pm_remove() {
  case $1 in purge) p_verb=-Rn ;; *) p_verb=-R ;; esac
  shift
  p_pacman "$p_verb" -- "$@"
}
p_pm_absent() { p_say "pacman ended well, and package $1 is not installed; is it a group or a virtual package?"; }
p_pm_file() {
  p_line=$(pacman -Qp -- "$1" 2>/dev/null) || return
  p_name=${p_line% *} p_want=${p_line#* }
}
p_pm_install_file() { p_pacman -U -- "$1"; }
p_pm_upgrade_all() { p_pacman -Su; }
p_pm_remove_unneeded() { p_pacman -Rns -- $(p_unneeded); }
# p_pacman_key FILE: pacman trusts the keys in it. Each step may have been done before, or by half.
p_pacman_key() {
  pacman-key --init && pacman-key --add "$1" || return
  for p_word in $(gpg --with-colons --show-keys "$1" | sed -n '/^pub/,/^fpr/ s/^fpr:*\([0-9A-F]*\):/\1/p'); do
    pacman-key --lsign-key "$p_word" || return
  done
}
