# Functions for waiting. What is waited for is looked at by p_holds, which also sets p_seen to what it saw.
# p_uptime: sets p_s to the seconds since the boot, which no change of the clock disturbs.
p_uptime() {
  read -r p_s p_line </proc/uptime || return
  p_s=${p_s%%.*}
}
# p_wait LIMIT PAUSE WHAT
p_wait() {
  p_uptime || return
  p_end=$((p_s + $1)) p_seen=
  until p_holds; do
    p_uptime || return
    if [ "$p_s" -ge "$p_end" ]; then
      p_say "waited $1 s for $3${p_seen:+; last seen: $p_seen}"
      return 1
    fi
    sleep "$2"
  done
}
p_look_file() { p_seen="there is nothing"; [ -e "$1" ] || [ -L "$1" ]; }
p_look_no_file() { p_seen="it is still there"; [ ! -e "$1" ] && [ ! -L "$1" ]; }
# p_look_listening HEX: the port as /proc/net/tcp has it. Sockets that listen stand first there, and have state 0A.
p_look_listening() {
  p_seen="nobody listens"
  for p_path in /proc/net/tcp /proc/net/tcp6; do
    if [ -r "$p_path" ]; then
      while read -r p_n p_local p_remote p_state p_line; do
        case $p_state in
          0A) case $p_local in *:"$1") return 0 ;; esac ;;
          [0-9]*) break ;;
        esac
      done <"$p_path"
    fi
  done
  return 1
}
# p_look_port HOST PORT
p_look_port() {
  if command -v nc >/dev/null 2>&1; then
    p_seen=$(nc -z -w 3 "$1" "$2" 2>&1)
  elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
    p_seen=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
  else
    p_seen="this node has neither nc nor bash to look with"
    return 1
  fi
}
# p_look_http URL STATUS TEXT
p_look_http() {
  if command -v curl >/dev/null 2>&1; then
    p_seen=$(curl -s -S -m 10 -w '\n%{http_code}' -- "$1" 2>&1)
    p_code=${p_seen##*
} p_seen=${p_seen%
*}
  elif command -v wget >/dev/null 2>&1; then
    # The head goes where errors go, so the two are told apart by asking twice.
    p_head=$(wget -S -T 10 -O /dev/null -- "$1" 2>&1)
    p_seen=
    case $p_head in
      *HTTP/*) p_code=${p_head##*HTTP/} && p_code=${p_code#* } && p_code=${p_code%%[!0-9]*} ;;
      *) p_code=000 p_seen=${p_head##*
} ;;
    esac
    if [ -n "$3" ] && [ "$p_code" = "$2" ]; then p_seen=$(wget -q -T 10 -O - -- "$1" 2>/dev/null); fi
  else
    p_code=000 p_seen="this node has neither curl nor wget to look with"
  fi
  if [ "$p_code" = "$2" ]; then
    case $p_seen in *"$3"*) return 0 ;; esac
    p_seen="status $p_code without the text"
  elif [ "$p_code" != 000 ]; then
    p_seen="status $p_code"
  fi
  return 1
}
