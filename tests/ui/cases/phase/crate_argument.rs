use pallet::prelude::*;

#[phase(crate = "pallet")]
fn text() {
    package("nginx");
}

#[phase(crate)]
fn nothing() {
    package("nginx");
}

#[phase(crate = pallet, crate = pallet)]
fn twice() {
    package("nginx");
}

server_spec! { pub Web { configure: text, phases: { nothing: nothing, twice: twice } } }

fn main() {}
