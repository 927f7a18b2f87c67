//! Reading the state of services: one `systemctl show` for all units of systemd; elsewhere what links and files say,
//! and the service's own word for whether it runs.

use crate::facts::InitSystem;
use crate::name::UnitName;
use crate::script::Script;
use crate::sorted::Set;

/// Adds what asks for units.
pub(super) fn ask(script: Script, units: &Set<UnitName>, init: InitSystem) -> Script {
    let names = units.iter().map(UnitName::as_str);
    match init {
        InitSystem::Systemd => script.code(SYSTEMD).call("p_units", units.iter().map(|unit| unit.systemd())),
        InitSystem::OpenRc => script.code(OPENRC).call("p_units", names),
        InitSystem::Runit => script.code(RUNIT).call("p_units", names),
        InitSystem::Sysv | InitSystem::Unknown => script.code(SYSV).call("p_units", names),
    }
}

const SYSTEMD: &str = r#"p_units() {
  p_frame rc
  for p_unit in "$@"; do
    p_enabled=no
    for p_path in /etc/rc[2345].d/S[0-9][0-9]"${p_unit%.service}"; do [ ! -e "$p_path" ] || p_enabled=yes; done
    echo "$p_enabled"
  done
  p_frame systemd
  systemctl show -p LoadState -p ActiveState -p UnitFileState -p CanReload -- "$@"
}
"#;

const SYSV: &str = r#"p_units() {
  p_frame scripts
  for p_unit in "$@"; do
    if [ ! -x "/etc/init.d/$p_unit" ]; then echo 'absent - -'; continue; fi
    p_enabled=no
    for p_path in /etc/rc[2345].d/S[0-9][0-9]"$p_unit"; do [ ! -e "$p_path" ] || p_enabled=yes; done
    if "/etc/init.d/$p_unit" status >/dev/null 2>&1; then p_running=yes; else p_running=no; fi
    echo "present $p_enabled $p_running"
  done
}
"#;

/// A service that OpenRC has not started is not asked: its own scripts are on a list of those that were. What does
/// not begin like one of them may run without being on the list.
const OPENRC: &str = r#"p_units() {
  p_frame scripts
  for p_unit in "$@"; do
    if [ ! -x "/etc/init.d/$p_unit" ]; then echo 'absent - -'; continue; fi
    p_enabled=no p_running=no
    for p_path in /etc/runlevels/*/"$p_unit"; do [ ! -e "$p_path" ] || p_enabled=yes; done
    IFS= read -r p_line <"/etc/init.d/$p_unit"
    case $p_line in *openrc-run*) p_ask= ;; *) p_ask=yes ;; esac
    if [ -n "$p_ask" ] || [ -e "/run/openrc/started/$p_unit" ]; then
      ! rc-service "$p_unit" status >/dev/null 2>&1 || p_running=yes
    fi
    echo "present $p_enabled $p_running"
  done
}
"#;

const RUNIT: &str = r#"p_units() {
  p_frame scripts
  for p_scanned in /etc/runit/runsvdir/current /var/service /etc/service /service; do [ ! -d "$p_scanned" ] || break; done
  for p_unit in "$@"; do
    if [ ! -x "/etc/sv/$p_unit/run" ]; then echo 'absent - -'; continue; fi
    p_enabled=no p_running=no
    if [ -e "$p_scanned/$p_unit" ]; then
      [ -e "/etc/sv/$p_unit/down" ] || p_enabled=yes
      case $(sv status "$p_scanned/$p_unit" 2>/dev/null) in run:*) p_running=yes ;; esac
    fi
    echo "present $p_enabled $p_running"
  done
}
"#;
