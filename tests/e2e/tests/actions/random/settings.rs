//! Settings of the system, in files that they share or have for themselves.

use super::{How, Op, Place, Runs};
use pallet::actions::{Schedule, SudoRule};
use pallet::graph::AnyHandle;
use pallet::prelude::*;
use proptest::prelude::*;

/// Names are of the phase; two phases share `/etc/hosts` and `/etc/environment`.
#[derive(Debug, Clone)]
pub(super) enum SettingOp {
    Sudoers { commands: u8 },
    SudoersAbsent,
    Cron { hour: u8 },
    CronAbsent,
    Limits { value: u32 },
    LimitsAbsent,
    Host { address: u8, name: u8 },
    HostAbsent { address: u8 },
    Variable { name: u8, value: u8 },
    VariableAbsent { name: u8 },
    Default { value: u8 },
    SharedLine { value: u8 },
}

pub(super) fn op() -> impl Strategy<Value = SettingOp> {
    prop_oneof![
        2 => (0u8..2).prop_map(|commands| SettingOp::Sudoers { commands }),
        1 => Just(SettingOp::SudoersAbsent),
        2 => (0u8..2).prop_map(|hour| SettingOp::Cron { hour }),
        1 => Just(SettingOp::CronAbsent),
        2 => (0u32..2).prop_map(|value| SettingOp::Limits { value }),
        1 => Just(SettingOp::LimitsAbsent),
        3 => (0u8..2, 0u8..2).prop_map(|(address, name)| SettingOp::Host { address, name }),
        1 => (0u8..2).prop_map(|address| SettingOp::HostAbsent { address }),
        3 => (0u8..2, 0u8..2).prop_map(|(name, value)| SettingOp::Variable { name, value }),
        1 => (0u8..2).prop_map(|name| SettingOp::VariableAbsent { name }),
        2 => (0u8..2).prop_map(|value| SettingOp::Default { value }),
        1 => (0u8..2).prop_map(|value| SettingOp::SharedLine { value }),
    ]
}

impl Op for SettingOp {
    fn write(&self, place: &Place, how: &How) -> AnyHandle {
        let number = place.number;
        let name = format!("e2e-{number}");
        let variable = |name: u8| format!("E2E_{name}");
        match *self {
            SettingOp::Sudoers { commands } => {
                let rule = SudoRule::user("nobody").commands([format!("/bin/echo {commands}")]);
                sudoers(name).rule(rule).run(how)
            }
            SettingOp::SudoersAbsent => sudoers(name).absent().run(how),
            SettingOp::Cron { hour } => {
                cron(name).job(Schedule::daily(hour, 0), "root", "/bin/true").run(how)
            }
            SettingOp::CronAbsent => cron(name).absent().run(how),
            SettingOp::Limits { value } => limits(name).soft("nobody", "nofile", 1024 + value).run(how),
            SettingOp::LimitsAbsent => limits(name).absent().run(how),
            SettingOp::Host { address, name } => {
                hosts_entry([10, 0, 0, address], [format!("name-{name}")]).run(how)
            }
            SettingOp::HostAbsent { address } => hosts_entry([10, 0, 0, address], ["gone"]).absent().run(how),
            SettingOp::Variable { name, value } => environment(variable(name), format!("{value}")).run(how),
            SettingOp::VariableAbsent { name } => environment(variable(name), "").absent().run(how),
            SettingOp::Default { value } => etc_default(name).set("VALUE", format!("{value}")).run(how),
            // Another action edits the file that settings share.
            SettingOp::SharedLine { value } => line_in_file("/etc/environment")
                .line(format!("E2E_0={value}"))
                .matching("^E2E_0=")
                .create()
                .run(how),
        }
    }
}
