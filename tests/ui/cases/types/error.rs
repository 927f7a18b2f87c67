use pallet::prelude::*;
use std::error::Error;

#[phase]
fn as_rustc_suggests() -> Result<(), Box<dyn Error>> {
    Ok(())
}

#[phase]
fn message(#[arg] port: &str) -> Result<(), String> {
    port.parse::<u16>().map(drop).map_err(|error| error.to_string())
}

fn main() {}
