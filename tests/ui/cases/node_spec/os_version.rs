use pallet::prelude::*;

node_spec! { pub Words { image: { os_version: "bookworm" } } }
node_spec! { pub Operator { image: { os_version: "~> 12" } } }

fn main() {}
