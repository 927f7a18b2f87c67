use pallet::prelude::*;

#[phase]
fn web() {
    package("nginx; reboot");
    packages(["g++", "two words"]);
    service("-nginx");
    user("Jörg");
    group("2fast");
    pallet::actions::package("not seen here, but when the plan is made");
}

fn main() {}
