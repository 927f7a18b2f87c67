# Functions of every apply script. POSIX sh. Each leaves what is as declared alone, adds the number of the
# action to p_did when it changed something, and returns non-zero after saying why on its output.
p_lib=${p_lib:-/var/lib/pallet}
p_say() { printf '%s\n' "$*"; }
p_state_dir() {
  [ -d "$p_lib" ] || mkdir -p -m 0755 "$p_lib" || return
  if [ ! -e "$p_lib/version" ]; then printf '1\n' >"$p_lib/version" || return; fi
}
# p_begin: removes what an interrupted run staged.
p_begin() {
  p_state_dir || return
  for p_path in "$p_lib"/incoming/*; do
    p_pid=${p_path##*/} p_pid=${p_pid%%-*}
    if [ "$p_pid" != $$ ] && [ -d "$p_path" ] && ! kill -0 "$p_pid" 2>/dev/null; then rm -rf -- "$p_path"; fi
  done
  [ ! -s "$p_lib/staged" ] || p_unstage || return
  p_compact written 1
  p_compact origins 2
}
p_unstage() {
  p_staged=
  while read -r p_pid p_path; do
    # Another run may be at work on this node.
    if [ "$p_pid" != $$ ] && kill -0 "$p_pid" 2>/dev/null; then
      p_staged="$p_staged$p_pid $p_path
"
    else
      case $p_path in */.pallet-*) rm -rf -- "$p_path" ;; esac
    fi
  done <"$p_lib/staged"
  printf %s "$p_staged" >"$p_lib/staged"
}
# p_compact NAME WORDS: of notes, each so many words and a path, the last eight of each path stay, as soon as they have
# become many and twice as many as the last time, which the first line tells. Where it fails they stay as they are.
p_compact() {
  [ -s "$p_lib/$1" ] && p_size=$(stat -c %s "$p_lib/$1") && [ "$p_size" -gt 65536 ] || return 0
  IFS=' ' read -r p_line p_before <"$p_lib/$1"
  [ "$p_line" != '#' ] || [ "$p_size" -gt $((p_before * 2)) ] || return 0
  p_new=$p_lib/.pallet-compact-$1
  printf '%s %s\n' $$ "$p_new" >>"$p_lib/staged" || return 0
  (
    umask 077
    # One run at a time.
    (set -C && : >"$p_new") 2>/dev/null || exit
    # The descriptor stays at the end of what awk has read: what another run adds until the notes are replaced is
    # behind it.
    LC_ALL=C awk -v words="$2" '
      /^[0-9a-f]+ / {
        path = $0
        for (i = 0; i < words; i++) sub(/^[^ ]* /, "", path)
        line[++n] = $0
        of[n] = path
      }
      END {
        for (i = n; i > 0; i--) {
          if (line[i] in stays || last[of[i]]++ >= 8) { line[i] = ""; continue }
          stays[line[i]]
          size += length(line[i]) + 1
        }
        print "# " size
        for (i = 1; i <= n; i++) if (line[i] != "") print line[i]
      }' <&3 >"$p_new" &&
      IFS=' ' read -r p_line p_before <"$p_new" &&
      # Not every awk says that the disk is full.
      [ "$(stat -c %s "$p_new")" -eq $((p_before + ${#p_before} + 3)) ] &&
      mv -f "$p_new" "$p_lib/$1" && cat <&3 >>"$p_lib/$1" || rm -f "$p_new"
  ) 3<"$p_lib/$1" 2>/dev/null
  return 0
}
# p_owe KEY: a restart or reload is owed from now on, unless the step that begins changes nothing.
p_owe() {
  [ ! -e "$p_lib/owed/$1" ] || return 0
  [ -d "$p_lib/owed" ] || mkdir -p -m 0700 "$p_lib/owed" || return
  p_boot=
  # A reboot is owed until there is another boot, whoever made it.
  [ "$1" != reboot ] || IFS= read -r p_boot </proc/sys/kernel/random/boot_id
  printf %s "$p_boot" >"$p_lib/owed/$1" || return
  p_owes="$p_owes $1"
}
# p_settle: takes back what the step owes, if it ended well and changed nothing.
p_settle() {
  [ "$p_status" -eq 0 ] && [ -z "$p_did" ] || return 0
  for p_path in $p_owes; do rm -f "$p_lib/owed/$p_path"; done
}
# p_owe_reload PATH: systemd is to read its files again before it is asked for a service, if this is one of them.
p_owe_reload() {
  case $1 in
    /etc/systemd/system/* | /run/systemd/system/* | /usr/local/lib/systemd/system/* | /usr/lib/systemd/system/* | /lib/systemd/system/*)
      p_owe daemon-reload
      ;;
    # systemd makes a unit of each init script when it reads its files.
    /etc/init.d/*) [ ! -d /run/systemd/system ] || p_owe daemon-reload ;;
  esac
}
