# Makes a service `e2e` that writes down when it starts, reloads and stops.
set -e
mkdir /etc/sv/e2e
cat >/etc/sv/e2e/run <<'SERVICE'
#!/bin/sh
trap 'echo reload >>/srv/log' HUP
trap 'echo stop >>/srv/log; kill $!; exit' TERM
echo start >>/srv/log
sleep 100000 &
while :; do wait; done
SERVICE
chmod 755 /etc/sv/e2e/run
: >/srv/log
