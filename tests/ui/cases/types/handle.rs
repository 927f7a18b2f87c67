use pallet::prelude::*;

#[phase]
fn web() {
    let nginx = package("nginx");
    service("nginx").after("nginx");
    nginx.running();
    let name: String = output_of("hostname");
}

fn main() {}
