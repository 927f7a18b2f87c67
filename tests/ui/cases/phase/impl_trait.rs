use pallet::prelude::*;

#[phase]
fn each(#[arg] names: impl Iterator<Item = String>) {
    packages(names);
}

#[phase]
fn inside(#[arg] name: &impl AsRef<str>, more: Option<impl AsRef<str>>) {
    package(name.as_ref());
}

#[phase]
fn result() -> impl PartialEq {
    1
}

#[phase]
fn result_inside() -> Result<impl PartialEq> {
    Ok(1)
}

fn main() {}
