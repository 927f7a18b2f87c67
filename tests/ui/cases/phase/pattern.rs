use pallet::prelude::*;

#[phase]
fn web(#[arg] (package_name, port): (String, u16)) {
    package(package_name);
    exec(format!("echo {port}"));
}

#[phase]
fn both() {
    web(("nginx".to_owned(), 80));
}

fn main() {}
