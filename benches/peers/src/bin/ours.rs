//! Our side: the twenty actions as a program of a user.

use pallet::prelude::*;
use pallet_peers::workload::{self, FOLDER, PACKAGES, SMALL, TEMPLATE, TEMPLATES};
use std::process::ExitCode;

/// The twenty actions.
#[phase]
fn bench(node: &Node) {
    packages(PACKAGES).no_recommends();
    package("cron").no_recommends();
    group("bench");
    user("bench").group("bench").create_home(false);
    directory(FOLDER).mode(0o755);
    directory(format!("{FOLDER}/conf")).mode(0o750);
    for name in SMALL {
        let small = remote_file(format!("{FOLDER}/{name}")).content(workload::small(name)).mode(0o644);
        if name == SMALL[3] {
            small.owner("bench").group("bench");
        }
    }
    for part in TEMPLATES {
        remote_file(format!("{FOLDER}/conf/{part}"))
            .template(TEMPLATE, context! { part => part, host => node.hostname() })
            .mode(0o640);
    }
    remote_file(format!("{FOLDER}/large")).content(workload::large()).mode(0o644);
    symbolic_link(format!("{FOLDER}/current"), "conf");
    line_in_file("/etc/hosts").line(workload::LINE);
    unit_file("bench", workload::UNIT);
    service("bench").enabled().running();
    service("cron").running();
    exec(format!("touch {FOLDER}/done")).creates(format!("{FOLDER}/done"));
}

group! {
    /// The nodes of the benchmark; how many there are says the configuration.
    pub Bench { name: "bench", count: 1, configure: bench }
}

fn main() -> ExitCode {
    pallet_runtime::main().run()
}
