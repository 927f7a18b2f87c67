//! What actions do to real nodes: the plan is right, the node is as declared, the second run finds nothing to do.

use pallet::prelude::*;
use pallet_test::require;
use pallet_tests_e2e::cases::{self, Case, End};
use pallet_tests_e2e::lab::Lab;
use pallet_tests_e2e::machine::Machine;

#[test]
fn directories() {
    require!("nodes");
    cases::run(&Lab::new(Machine::debian()), [
        Case::new("nested, with attributes", || {
            directory("/srv/a/b/c").mode(0o2750).owner("nobody").group("www-data");
        })
        .check("stat -c '%a %U %G' /srv/a /srv/a/b /srv/a/b/c", "755 root root\n755 root root\n2750 nobody www-data"),
    ]);
}
