use pallet::prelude::*;

#[phase]
fn web() {
    package("nginx; reboot");
    packages(["g++", "two words"]);
    service("-nginx");
    user("Jörg");
    group("2fast");
    pallet::actions::package("two words");
    package("nginx=1.22");
    user("app").group("no group").groups(["www-data", "two words"]);
    directory("/srv/app").owner("1st");
    unit_file("-app", "[Service]");
    other::package("whatever it means there");
}

mod other {
    pub fn package(_: &str) {}
}

fn main() {}
