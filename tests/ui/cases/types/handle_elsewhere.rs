use pallet::prelude::*;

use pallet::actions::Package;
use std::sync::OnceLock;

static KEPT: OnceLock<Handle<Package>> = OnceLock::new();

#[phase]
fn web() {
    let nginx = package("nginx");
    std::thread::spawn(move || service("nginx").after(nginx));
}

fn main() {}
