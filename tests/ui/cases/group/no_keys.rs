use pallet::prelude::*;

group! { pub WebServers }

fn main() {}
