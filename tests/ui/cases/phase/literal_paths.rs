use pallet::prelude::*;

#[phase]
fn web() {
    remote_file("etc/motd").content("hello");
    directory("/srv/www/");
    file("/etc/../shadow").absent();
    symbolic_link("./here", "/there");
}

fn main() {}
