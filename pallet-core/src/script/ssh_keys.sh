# Functions for SSH keys.
# p_read_key USER FOLDER NAME: prints the public half. Without a folder it is the user's own.
p_read_key() {
  p_home "$1"
  p_as_user "$1" 'cat "$1.pub"' "${2:-$p_home/.ssh}/$3"
}
# p_ssh_key ID USER FOLDER NAME: makes the key if there is none, and sets p_key to its public half.
p_ssh_key() {
  p_home "$2"
  if [ -z "$p_home" ]; then p_say "there is no user $2"; return 1; fi
  p_key=$(p_as_user "$2" 'cat "$1.pub"' "${3:-$p_home/.ssh}/$4" 2>/dev/null)
  [ -z "$p_key" ] || return 0
  # With the rights of the user: the home is the user's own.
  p_as_user "$2" '
    umask 077
    if [ -z "$2" ]; then
      cd "$1" || exit 1
      [ -d .ssh ] || mkdir .ssh || exit 1
      cd .ssh || exit 1
    else
      mkdir -p "$2" && cd "$2" || exit 1
    fi
    if [ ! -e "$3" ]; then ssh-keygen -q -t ed25519 -N "" -C "$4" -f "$3" </dev/null || exit 1; fi
    [ -s "$3.pub" ] || ssh-keygen -y -f "$3" </dev/null >"$3.pub" || { rm -f "$3.pub"; exit 1; }
    chmod 644 "$3.pub"
  ' "$p_home" "$3" "$4" "$2@$(uname -n)" || return
  p_key=$(p_as_user "$2" 'cat "$1.pub"' "${3:-$p_home/.ssh}/$4") || return
  p_did="$p_did $1"
}
