use pallet::prelude::*;

#[phase]
fn web(#[arg(default = 80)] port: u16, #[arg] #[arg] name: &str) {
    exec(format!("echo {name} {port}"));
}

fn main() {}
