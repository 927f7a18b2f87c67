#!/bin/sh
# The small init of a node, where systemd is not used: process 1 of its namespace.
#
# Starts the services that are enabled for runlevel 2 with the packages' own init scripts, in their order; says so
# on standard output; reaps what its orphans leave; and on SIGTERM stops the services and everything else.
# It is no substitute for an init in a machine: there are no consoles, no timers, no restarts.

run() {
  script=/etc/init.d/$1
  [ ! -x "$script" ] || "$script" "$2" </dev/null >&2 3>&- || echo "pallet: $1 $2 failed" >&2
}

# Prints the services that are enabled, in the order they are started.
enabled() {
  for link in /etc/rc2.d/S[0-9][0-9]*; do
    [ ! -e "$link" ] || echo "${link#/etc/rc2.d/S[0-9][0-9]}"
  done
}

# Tells whether there is any process beside this one.
others_run() {
  for process in /proc/[0-9]*; do
    [ "$process" = /proc/1 ] || return 0
  done
  return 1
}

halt() {
  trap '' TERM
  reversed=
  for service in $(enabled); do reversed="$service $reversed"; done
  for service in $reversed; do run "$service" stop; done
  kill -TERM -1 2>/dev/null
  tries=0
  # The wait between two looks is a process too; it is over when the shell looks.
  while others_run && [ "$tries" -lt 50 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  # The kernel ends whatever is left when process 1 goes.
  exit 0
}

trap halt TERM
umask 022
cd /
exec 3>&1 >&2 </dev/null

# What packages want below /run, which is empty at every start.
if command -v systemd-tmpfiles >/dev/null; then
  systemd-tmpfiles --create --prefix=/run --exclude-prefix=/run/systemd 2>/dev/null
fi
for service in $(enabled); do run "$service" start; done
echo ready >&3
exec 3>&-

# A background child, because a shell acts on a signal only between commands or while it waits.
while :; do
  sleep 86400 &
  wait $!
done
