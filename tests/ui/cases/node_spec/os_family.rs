use pallet::prelude::*;

node_spec! { pub Slip { image: { os_family: debain } } }
node_spec! { pub Stranger { image: { os_family: "plan9" } } }

fn main() {}
