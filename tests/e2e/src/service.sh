# Makes a service `e2e` that writes down when it starts, reloads and stops.
set -e
cat >/etc/systemd/system/e2e.service <<'EOF'
[Service]
Type=notify
NotifyAccess=all
ExecStart=/bin/sh -c 'echo start >>/srv/log; systemd-notify --ready; exec sleep infinity'
ExecReload=/bin/sh -c 'echo reload >>/srv/log'
ExecStopPost=/bin/sh -c 'echo stop >>/srv/log'
[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
: >/srv/log
