use pallet::prelude::*;

node_spec! { pub Unknown { image: { os: debian } } }
node_spec! { pub Slip { image: { os_famliy: debian } } }
node_spec! { pub Twice { image: { os_64_bit: true, os_64_bit: true } } }
node_spec! { pub NoPath { image: { os_family: debian, os_type: "Debian12_64" } } }
node_spec! { pub NoUser { image: { path: "/srv/debian.vdi", private_key_path: "/srv/id" } } }

fn main() {}
