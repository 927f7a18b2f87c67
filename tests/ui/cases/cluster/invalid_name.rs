use pallet::prelude::*;

group! { pub WebServers { count: 1 } }

cluster! { pub Site { name: "my site", groups: [WebServers] } }

fn main() {}
