use pallet::prelude::*;

#[phase]
fn install<T: AsRef<str>>(#[arg] name: T) {
    package(name.as_ref());
}

#[phase]
fn web() {
    install("nginx");
}

server_spec! { pub Web { configure: web } }

fn main() {}
