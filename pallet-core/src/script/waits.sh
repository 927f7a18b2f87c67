# Functions for waiting. What is waited for is looked at by p_holds, which also sets p_seen to what it saw.
# p_uptime: sets p_s to the seconds since the boot, which no change of the clock disturbs.
p_uptime() {
  read -r p_s p_line </proc/uptime || return
  p_s=${p_s%%.*}
}
# p_wait_for LIMIT PAUSE WHAT
p_wait_for() {
  p_uptime || return
  p_end=$((p_s + $1)) p_seen=
  until p_holds; do
    p_uptime || return
    if [ "$p_s" -ge "$p_end" ]; then
      p_line=${p_seen##*
}
      [ "$p_line" = "$p_seen" ] || p_say "$p_seen"
      p_say "waited $1 s for $3${p_line:+; last seen: $p_line}"
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
    p_seen=$(nc -z -w 3 "$1" "$2" 2>&1) && return
    case $p_seen in *option*) ;; *) p_seen=${p_seen:-"no connection"}; return 1 ;; esac
    # The one of busybox only connects, and then waits for what the other side says.
    p_seen=$(timeout 5 nc -w 3 "$1" "$2" </dev/null 2>&1 >/dev/null)
    case $? in 0 | 124 | 143) return 0 ;; *) return 1 ;; esac
  elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
    p_seen=$(timeout 3 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
  else
    p_seen="this node has neither nc nor bash to look with"
    return 1
  fi
}
# The limit of wget itself makes that of busybox crash.
p_ten_seconds() {
  if command -v timeout >/dev/null 2>&1; then timeout 10 "$@"; else "$@"; fi
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
    p_head=$(p_ten_seconds wget -S -O /dev/null -- "$1" 2>&1)
    p_seen=
    case $p_head in
      *HTTP/*) p_code=${p_head##*HTTP/} && p_code=${p_code#* } && p_code=${p_code%%[!0-9]*} ;;
      *) p_code=000 p_seen=${p_head##*
} ;;
    esac
    if [ -n "$3" ] && [ "$p_code" = "$2" ]; then p_seen=$(p_ten_seconds wget -q -O - -- "$1" 2>/dev/null); fi
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
