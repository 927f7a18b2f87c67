# Makes a service `e2e` that writes down when it starts, reloads, restarts and stops.
set -e
cat >/etc/init.d/e2e <<'EOF'
#!/bin/sh
### BEGIN INIT INFO
# Provides: e2e
# Required-Start: $remote_fs
# Required-Stop: $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: for tests
### END INIT INFO
case $1 in
    start) touch /run/e2e; echo start >>/srv/log ;;
    stop) rm -f /run/e2e; echo stop >>/srv/log ;;
    status) test -e /run/e2e ;;
    reload) echo reload >>/srv/log ;;
    restart) touch /run/e2e; echo restart >>/srv/log ;;
    *) exit 3 ;;
esac
EOF
chmod 755 /etc/init.d/e2e
: >/srv/log
