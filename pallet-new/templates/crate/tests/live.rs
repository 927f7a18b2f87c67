//! For real: installed on a node with systemd, asked, converged again, changed.

use __crate__::{self as __name_ident__, Settings};
use pallet_lab::cases::{self, Case};
use pallet_lab::{Lab, Machine};

/// The server may still be starting: rsync is asked again, with a limit.
fn ask(port: u16) -> String {
    format!(
        "for i in $(seq 50); do rsync rsync://127.0.0.1:{port}/ 2>/dev/null && exit; sleep 0.2; done; exit 1"
    )
}

#[test]
fn the_server_shares_what_was_declared() {
    pallet_test::require!("nodes");
    let lab = Lab::new(Machine::systemd());
    let docs = Settings::new().share("docs", "/srv/docs");
    let moved = docs.clone().port(8730);
    cases::run(
        &lab,
        [Case::new("a share", move || __name_ident__::server(&docs))
            // What the package brings is not known before it is installed.
            .unsure()
            .check(ask(873), "docs           \t")],
    );

    // Another port: the file, and a restart. Nothing else.
    let changed = lab.converge(move || __name_ident__::server(&moved));
    assert_eq!(
        changed.summary().counts.changed,
        2,
        "{:?}",
        changed.outcomes()
    );
    assert_eq!(lab.machine.check(&ask(8730)).trim_end(), "docs");
}
