# Makes a service `e2e` that writes down when it starts, reloads and stops.
set -e
cat >/etc/init.d/e2e <<'SERVICE'
#!/sbin/openrc-run
extra_started_commands=reload
start() { echo start >>/srv/log; }
stop() { echo stop >>/srv/log; }
reload() { echo reload >>/srv/log; }
SERVICE
chmod 755 /etc/init.d/e2e
: >/srv/log
