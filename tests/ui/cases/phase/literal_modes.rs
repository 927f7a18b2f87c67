use pallet::prelude::*;

#[phase]
fn web() {
    directory("/srv/a").mode(755);
    directory("/srv/b").mode(420);
    directory("/srv/c").mode(0x1ed);
    directory("/srv/d").mode(0o17777);
}

fn main() {}
