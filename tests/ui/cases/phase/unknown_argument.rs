use pallet::prelude::*;

#[phase(name = "web", default)]
fn web() {
    package("nginx");
}

#[phase(crat = pallet)]
fn slip() {
    package("nginx");
}

server_spec! { pub Web { configure: web, phases: { slip: slip } } }

fn main() {}
