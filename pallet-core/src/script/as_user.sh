# Functions for doing something with the rights of a user, in its home.
# p_home NAME: sets p_home to the home directory; empty if there is no such user.
p_home() {
  p_home= p_line=
  # Most users stand in the file, which costs no process.
  while IFS= read -r p_line; do
    case $p_line in "$1":*) break ;; esac
    p_line=
  done </etc/passwd
  [ -n "$p_line" ] || p_line=$(p_entry passwd "$1")
  [ -n "$p_line" ] || return 0
  p_home=${p_line%:*}
  p_home=${p_home##*:}
}
# p_as_user NAME CODE WORD...: runs code by sh with the rights of a user and nothing else, whatever its login shell is.
p_as_user() {
  p_name=$1 p_code=$2
  shift 2
  if [ "$p_name" = root ]; then
    sh -c "$p_code" sh "$@"
  elif command -v runuser >/dev/null 2>&1; then
    runuser -u "$p_name" -- sh -c "$p_code" sh "$@"
  else
    su -s /bin/sh "$p_name" -c "$p_code" sh "$@"
  fi
}
