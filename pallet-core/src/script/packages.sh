# Functions for packages, whichever the manager is. The library of a manager has beside this one:
#   p_pm_state NAME        sets p_status (installed, config-files, half-installed, or empty), p_version and p_held
#   p_pm_holder            says in p_holder who has the manager's lock, and fails when nobody has
#   p_pm_repair            finishes what was interrupted
#   p_pm_install WORD...   installs NAME or NAME=VERSION in one transaction
#   p_pm_upgrade NAME...   brings what is installed to the newest version
#   p_pm_remove VERB NAME...
#   p_pm_hold VERB NAME... hold or release
#   p_pm_absent NAME       says why a package is not there although its transaction ended well
#   p_pm_refresh           reads the index of available packages again
#   p_pm_file PATH         sets p_name and p_want to name and version of a package in a file
#   p_pm_install_file PATH
# No name, version or option of a package has a character in it that the shell would take apart.

# p_pkg_changed ID: the action has changed something.
p_pkg_changed() { case " $p_did " in *" $1 "*) ;; *) p_did="$p_did $1" ;; esac; }
# p_pkg_options OPTION... --: takes the options of a transaction and sets p_used to how many words they were.
p_pkg_options() {
  p_from= p_enable= p_disable= p_exclude= p_recommends= p_unsigned= p_quiet= p_aptitude= p_hold= p_limit=600 p_used=1
  while [ "$1" != -- ]; do
    case $1 in
      from=*) p_from=${1#*=} ;;
      enable=*) p_enable="$p_enable ${1#*=}" ;;
      disable=*) p_disable="$p_disable ${1#*=}" ;;
      exclude=*) p_exclude="$p_exclude ${1#*=}" ;;
      recommends=*) p_recommends=${1#*=} ;;
      unsigned) p_unsigned=yes ;;
      quiet) p_quiet=yes ;;
      aptitude) p_aptitude=yes ;;
      hold=*) p_hold=${1#*=} ;;
      limit=*) p_limit=${1#*=} ;;
    esac
    p_used=$((p_used + 1))
    shift
  done
}
# p_pkg_wait: until nobody else has the manager's lock, for p_limit seconds at most.
p_pkg_wait() {
  p_waited=0
  while p_pm_holder; do
    if [ "$p_waited" -ge "${p_limit:-600}" ]; then
      p_say "gave up after $p_waited s: the package manager is locked by $p_holder"
      return 1
    fi
    [ "$p_waited" -gt 0 ] || p_say "waiting for the package manager, which is locked by $p_holder"
    sleep 1
    p_waited=$((p_waited + 1))
  done
}
# p_pkg_process NUMBER: prints what it is called.
p_pkg_process() {
  p_comm=
  [ ! -r "/proc/$1/comm" ] || read -r p_comm <"/proc/$1/comm"
  printf 'process %s (%s)' "$1" "${p_comm:-unknown}"
}
# p_pkg_has_open NUMBER FILE: the process has the file open.
p_pkg_has_open() {
  for p_path in "/proc/$1/fd"/*; do
    if [ "$p_path" -ef "$2" ]; then return 0; fi
  done
  return 1
}
# p_pkg_locker FILE...: who has one of these files open and locked (fcntl or flock). Costs no process.
p_pkg_locker() {
  while read -r p_number p_kind p_advice p_access p_pid p_rest; do
    # A lock that somebody waits for is another line.
    [ "$p_kind" != "->" ] || continue
    for p_file in "$@"; do
      if [ -e "$p_file" ] && p_pkg_has_open "$p_pid" "$p_file"; then
        p_holder="$(p_pkg_process "$p_pid"), by $p_file"
        return 0
      fi
    done
  done </proc/locks
  return 1
}
# p_pkg_pid_locker FILE...: which living process one of these files names.
p_pkg_pid_locker() {
  for p_file in "$@"; do
    p_pid=
    [ ! -r "$p_file" ] || read -r p_pid <"$p_file"
    if [ -n "$p_pid" ] && [ -d "/proc/$p_pid" ]; then
      p_holder="$(p_pkg_process "$p_pid"), by $p_file"
      return 0
    fi
  done
  return 1
}
# p_pkg_ready: before any transaction.
p_pkg_ready() {
  p_pkg_wait && p_pm_repair || return
  [ ! -e "$p_lib/owed/package-index" ] || p_pkg_refresh
}
# p_pkg_refresh: reads the index again and remembers when, and that it is no longer owed.
p_pkg_refresh() {
  p_pkg_wait && p_pm_refresh || return
  p_state_dir && printf "" >"$p_lib/index-updated" && rm -f "$p_lib/owed/package-index"
}
# p_pkg_install VERB OPTION... -- ID=NAME[=VERSION]...: VERB is install, or latest.
p_pkg_install() {
  p_verb=$1
  shift
  p_pkg_options "$@"
  shift "$p_used"
  p_fresh= p_older= p_todo= p_again= p_locked=
  for p_word in "$@"; do
    p_want=${p_word#*=} p_name=${p_word#*=}
    p_name=${p_name%%=*}
    p_pm_state "$p_name" || return
    if [ "$p_status" = installed ]; then
      case $p_verb:$p_want in
        *:*=*) [ "${p_want#*=}" != "$p_version" ] || continue ;;
        install:*) continue ;;
      esac
    else
      [ "$p_status" != half-installed ] || p_again=yes
      p_version=
    fi
    case $p_want:$p_version in
      *=*:* | *:) p_fresh="$p_fresh $p_want" ;;
      *) p_older="$p_older $p_name" ;;
    esac
    # Whoever declares whether it is held may have it changed.
    [ -z "$p_hold" ] || [ "$p_held" != hold ] || p_locked="$p_locked $p_name"
    p_todo="$p_todo ${p_word%%=*}=$p_name=$p_version"
  done
  if [ -n "$p_todo" ]; then
    p_pkg_ready || return
    [ -z "$p_locked" ] || p_pm_hold release $p_locked || return
    [ -z "$p_fresh" ] || p_pm_install $p_fresh || return
    [ -z "$p_older" ] || p_pm_upgrade $p_older || return
    for p_word in $p_todo; do
      p_before=${p_word#*=}
      p_name=${p_before%%=*} p_before=${p_before#*=}
      p_pm_state "$p_name" || return
      if [ "$p_status" != installed ]; then p_pm_absent "$p_name"; return 1; fi
      [ "$p_before" = "$p_version" ] || p_pkg_changed "${p_word%%=*}"
    done
  fi
  [ -z "$p_hold" ] || p_pkg_set_hold "$@"
}
# p_pkg_set_hold ID=NAME[=VERSION]...
p_pkg_set_hold() {
  p_names=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_name=${p_name%%=*}
    p_pm_state "$p_name" || return
    [ "$p_hold" != "$p_held" ] || continue
    p_names="$p_names $p_name"
    p_pkg_changed "${p_word%%=*}"
  done
  [ -n "$p_names" ] || return 0
  p_pkg_wait && p_pm_hold "$p_hold" $p_names
}
# p_pkg_remove VERB OPTION... -- ID=NAME...: VERB is remove or purge.
p_pkg_remove() {
  p_verb=$1
  shift
  p_pkg_options "$@"
  shift "$p_used"
  p_todo= p_names=
  for p_word in "$@"; do
    p_name=${p_word#*=}
    p_pm_state "$p_name" || return
    case $p_verb:$p_status in
      *: | remove:config-files) continue ;;
    esac
    p_todo="$p_todo ${p_word%%=*}"
    p_names="$p_names $p_name"
  done
  [ -n "$p_names" ] || return 0
  p_pkg_wait && p_pm_repair && p_pm_remove "$p_verb" $p_names || return
  for p_word in $p_todo; do p_pkg_changed "$p_word"; done
}
# p_package_file ID PATH OPTION... --: installs a package from a file.
p_package_file() {
  p_id=$1 p_path_given=$2
  shift 2
  p_pkg_options "$@"
  if [ ! -f "$p_path_given" ]; then p_say "there is no file $p_path_given"; return 1; fi
  p_pm_file "$p_path_given" || { p_say "$p_path_given is not a package for this system"; return 1; }
  p_file_name=$p_name p_file_version=$p_want
  p_pm_state "$p_name" || return
  if [ "$p_status" != installed ] || [ "$p_version" != "$p_want" ]; then
    p_pkg_ready && p_pm_install_file "$p_path_given" || return
    p_pm_state "$p_file_name" || return
    if [ "$p_status:$p_version" != "installed:$p_file_version" ]; then
      p_say "the transaction ended well, and $p_file_name $p_file_version is not installed"
      return 1
    fi
    p_pkg_changed "$p_id"
  fi
}
# p_pkg_refresh_owed ID: reads the index again if sources have changed in this step, or in a run that came no further.
p_pkg_refresh_owed() {
  case " $p_owes " in
    *" package-index "*) [ -n "$p_did" ] || return 0 ;;
  esac
  p_pkg_options --
  p_pkg_refresh || return
  [ -n "$p_did" ] || p_pkg_changed "$1"
}
# p_pkg_fetch URL HASH: into the file p_new, which must then have this hash.
p_pkg_fetch() {
  p_download "$1" "$p_new" && p_hash "$p_new" || return
  if [ "$p_sum" != "$2" ]; then
    p_say "what is at $1 has another checksum: $p_sum, not $2"
    return 1
  fi
}
# p_pkg_line_in ID FILE LINE WANTED: the file has the line, or has not when WANTED is empty.
p_pkg_line_in() {
  p_has= p_rest=
  while IFS= read -r p_line || [ -n "$p_line" ]; do
    if [ "$p_line" = "$3" ]; then
      p_has=1
      [ -n "$4" ] || continue
    fi
    p_rest="$p_rest$p_line
"
  done <"$2"
  [ "$p_has" != "${4:+1}" ] || return 0
  [ -z "$4" ] || p_rest="$p_rest$3
"
  p_pkg_replace "$1" "$2" "$p_rest"
}
# p_pkg_setting ID FILE SECTION KEY VALUE: of a file with sections in brackets.
p_pkg_setting() {
  p_rest= p_here= p_done=
  [ -e "$2" ] || (umask 022 && mkdir -p -- "${2%/*}" && : >"$2") || return
  while IFS= read -r p_line || [ -n "$p_line" ]; do
    case $p_line in
      "["*)
        if [ -n "$p_here" ] && [ -z "$p_done" ]; then p_rest="$p_rest$4 = $5
" p_done=1; fi
        p_here=
        [ "$p_line" != "[$3]" ] || p_here=1
        ;;
    esac
    if [ -n "$p_here" ]; then
      p_key=${p_line%%=*}
      p_key=${p_key%"${p_key##*[! 	]}"}
      if [ "$p_key" = "$4" ] && [ "$p_key" != "$p_line" ]; then
        [ -z "$p_done" ] || continue
        p_value=${p_line#*=}
        p_value=${p_value#"${p_value%%[! 	]*}"}
        if [ "$p_value" = "$5" ]; then return 0; fi
        p_line="$4 = $5" p_done=1
      fi
    fi
    p_rest="$p_rest$p_line
"
  done <"$2"
  if [ -z "$p_done" ]; then
    [ -n "$p_here" ] || p_rest="$p_rest[$3]
"
    p_rest="$p_rest$4 = $5
"
  fi
  p_pkg_replace "$1" "$2" "$p_rest"
}
# p_pkg_replace ID FILE TEXT: keeps owner and mode.
p_pkg_replace() {
  p_stage "$2" "$1" && cp -p -- "$2" "$p_new" && printf %s "$3" >"$p_new" && mv -f -- "$p_new" "$2" || {
    rm -f -- "$p_new"
    return 1
  }
  p_pkg_changed "$1"
}
# p_pkg_upgrade_all ID HOW: LIST, a function, prints what would be upgraded.
p_pkg_upgrade_all() {
  p_pkg_options --
  [ ! -e "$p_lib/owed/package-index" ] || { p_pkg_ready || return; }
  p_lines=$(p_outdated)
  if [ $? -eq 127 ]; then p_say "there is no aptitude on this node; install it before this line"; return 1; fi
  [ -n "$p_lines" ] || return 0
  p_pkg_ready && p_pm_upgrade_all "$2" || return
  p_pkg_changed "$1"
}
# p_pkg_remove_unneeded ID
p_pkg_remove_unneeded() {
  p_pkg_options --
  [ -n "$(p_unneeded)" ] || return 0
  p_pkg_wait && p_pm_repair && p_pm_remove_unneeded || return
  p_pkg_changed "$1"
}
# p_pkg_clean ID FILE...: where the manager keeps packages that it downloaded.
p_pkg_clean() {
  p_id=$1 p_found=
  shift
  for p_path in "$@"; do
    [ ! -e "$p_path" ] || p_found=1
  done
  [ -n "$p_found" ] || return 0
  p_pkg_options --
  p_pkg_wait && rm -f -- "$@" || return
  p_pkg_changed "$p_id"
}
