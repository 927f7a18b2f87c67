//! Services with init scripts, that of the node and one that the phase writes.

use super::{How, Op, Place, Runs};
use pallet::graph::AnyHandle;
use pallet::prelude::*;
use proptest::prelude::*;

pub(super) const SYSV: &str = include_str!("../sysv.sh");

#[derive(Debug, Clone)]
pub(super) enum ServiceOp {
    State { own: bool, enabled: Option<bool>, running: Option<bool> },
    Script { version: u8 },
    Restart { own: bool, back: usize },
    Reload { own: bool, back: usize },
    RestartAtEnd { own: bool, back: usize },
    ReloadAtEnd { own: bool, back: usize },
    Restarted { own: bool },
    Configuration { content: u8 },
}

pub(super) fn op() -> impl Strategy<Value = ServiceOp> {
    let own = || prop::bool::weighted(0.3);
    let back = || 0usize..4;
    let flag = || prop::option::of(any::<bool>());
    let answer = || (own(), back());
    prop_oneof![
        5 => (own(), flag(), flag())
            .prop_map(|(own, enabled, running)| ServiceOp::State { own, enabled, running }),
        2 => (0u8..2).prop_map(|version| ServiceOp::Script { version }),
        1 => answer().prop_map(|(own, back)| ServiceOp::Restart { own, back }),
        1 => answer().prop_map(|(own, back)| ServiceOp::Reload { own, back }),
        1 => answer().prop_map(|(own, back)| ServiceOp::RestartAtEnd { own, back }),
        1 => answer().prop_map(|(own, back)| ServiceOp::ReloadAtEnd { own, back }),
        1 => own().prop_map(|own| ServiceOp::Restarted { own }),
        3 => (0u8..3).prop_map(|content| ServiceOp::Configuration { content }),
    ]
}

/// The init script of a service that the phase writes.
fn script(name: &str, version: u8) -> String {
    let node = SYSV.split_once("<<'EOF'\n").and_then(|(_, rest)| rest.split_once("EOF\n"));
    let (script, _) = node.expect("the script is in there");
    format!("{}# {version}\n", script.replace("e2e", name))
}

impl Op for ServiceOp {
    fn write(&self, place: &Place, how: &How) -> AnyHandle {
        let name = |own: bool| if own { format!("own-{}", place.number) } else { "e2e".to_owned() };
        match *self {
            ServiceOp::State { own, enabled, running } => {
                let mut action = service(name(own));
                action = match enabled {
                    Some(false) => action.disabled(),
                    // Something has to be declared.
                    None if running.is_some() => action,
                    _ => action.enabled(),
                };
                match running {
                    Some(true) => action.running().run(how),
                    Some(false) => action.stopped().run(how),
                    None => action.run(how),
                }
            }
            ServiceOp::Script { version } => init_script(name(true), script(&name(true), version)).run(how),
            ServiceOp::Restart { own, back } => {
                service(name(own)).restart_when_changed(how.cause(back)).run(how)
            }
            ServiceOp::Reload { own, back } => {
                service(name(own)).reload_when_changed(how.cause(back)).run(how)
            }
            ServiceOp::RestartAtEnd { own, back } => {
                service(name(own)).restart_at_end(how.cause(back)).run(how)
            }
            ServiceOp::ReloadAtEnd { own, back } => {
                service(name(own)).reload_at_end(how.cause(back)).run(how)
            }
            ServiceOp::Restarted { own } => service(name(own)).restarted().run(how),
            ServiceOp::Configuration { content } => {
                remote_file(format!("{}/service.conf", place.folder)).content(format!("{content}\n")).run(how)
            }
        }
    }
}
