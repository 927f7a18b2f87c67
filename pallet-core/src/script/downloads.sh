# Functions for what is fetched from URLs.
# p_download URL FILE: writes what is at a URL to a file, `-` for standard output. The environment says through which
# proxy. Certificates are checked unless p_insecure is set.
p_download() {
  if command -v curl >/dev/null 2>&1; then
    # What was asked for over TLS must not come without.
    case $1 in https:*) p_line==https ;; *) p_line==http,https,ftp ;; esac
    curl -q ${p_insecure:+-k} -fsSL --retry 3 --connect-timeout 30 --speed-limit 1 --speed-time 120 --proto-redir "$p_line" -o "$2" -- "$1"
  elif command -v wget >/dev/null 2>&1; then
    # No `-T`: busybox 1.35 crashes on it.
    wget ${p_insecure:+--no-check-certificate} -q -O "$2" -- "$1"
  else
    p_say "there is neither curl nor wget to download with: install one of them before this line"
    return 1
  fi || { p_say "cannot download $1"; return 1; }
}
# p_signed URL KEYRING: whether the detached signature at a URL is one of p_new, made with a key of the keyring.
p_signed() {
  if ! command -v gpgv >/dev/null 2>&1; then
    p_say "there is no gpgv to check the signature with: install the package gpgv before this line"
    return 1
  fi
  if [ ! -f "$2" ]; then p_say "there is no keyring $2"; return 1; fi
  p_signature=$p_new.sig
  printf '%s %s\n' $$ "$p_signature" >>"$p_lib/staged" || return
  (umask 077 && set -C && : >"$p_signature") || return
  if ! p_download "$1" "$p_signature"; then rm -f "$p_signature"; return 1; fi
  (unset p_token; gpgv --keyring "$2" -- "$p_signature" "$p_new")
  p_line=$?
  rm -f "$p_signature"
  [ "$p_line" -eq 0 ] || p_say "the signature is not one of a key in $2"
  return "$p_line"
}
# p_came_from PATH ORIGIN: remembers where the content of a file came from.
p_came_from() {
  p_hash "$1" && (umask 077 && printf '\n%s %s %s\n' "$2" "$p_sum" "$1" >>"$p_lib/origins")
}
