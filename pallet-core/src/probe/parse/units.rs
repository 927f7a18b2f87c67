//! What a node says about its services.

use crate::probe::UnitState;

/// Reads blocks of `systemctl show`. A line of `rc` tells whether a SysV script of the name is linked into a run
/// level, which is what enables those.
pub(super) fn parse_systemd(text: &str, rc: &str) -> Vec<UnitState> {
    text.split("\n\n").zip(rc.lines()).map(|(block, rc)| parse_block(block, rc == "yes")).collect()
}

fn parse_block(block: &str, linked: bool) -> UnitState {
    let value = |key: &str| block.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    let load = value("LoadState=");
    UnitState {
        exists: !matches!(load, "not-found" | ""),
        enabled: match value("UnitFileState=") {
            "generated" => linked,
            state => matches!(state, "enabled" | "enabled-runtime" | "alias" | "indirect"),
        },
        fixed: value("UnitFileState=") == "static",
        running: matches!(value("ActiveState="), "active" | "reloading" | "refreshing"),
        masked: load == "masked",
        no_reload: load == "loaded" && value("CanReload=") == "no",
    }
}

/// Reads lines like `present yes no`: enabled, and not running.
pub(super) fn parse_scripts(text: &str) -> Vec<UnitState> {
    text.lines().map(parse_line).collect()
}

fn parse_line(line: &str) -> UnitState {
    let mut words = line.split(' ');
    UnitState {
        exists: words.next() == Some("present"),
        enabled: words.next() == Some("yes"),
        running: words.next() == Some("yes"),
        ..UnitState::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_systemd() {
        let text = "LoadState=loaded\nActiveState=active\nUnitFileState=static\nCanReload=no\n\n\
                    LoadState=masked\nActiveState=inactive\nUnitFileState=masked\nCanReload=no\n\n\
                    LoadState=not-found\nActiveState=inactive\nUnitFileState=\nCanReload=no\n\n\
                    LoadState=loaded\nActiveState=activating\nUnitFileState=generated\nCanReload=yes\n";
        let states = parse_systemd(text, "no\nno\nno\nyes\n");
        let exists = UnitState { exists: true, ..UnitState::default() };
        let expected = [
            UnitState { fixed: true, running: true, no_reload: true, ..exists },
            UnitState { masked: true, ..exists },
            UnitState::default(),
            UnitState { enabled: true, ..exists },
        ];
        assert_eq!(states, expected);
    }

    #[test]
    fn services_that_are_scripts() {
        let states = parse_scripts("present yes no\nabsent - -\n");
        assert_eq!(states[0], UnitState { exists: true, enabled: true, ..UnitState::default() });
        assert_eq!(states[1], UnitState::default());
    }
}
