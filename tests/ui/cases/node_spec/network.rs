use pallet::prelude::*;

node_spec! { pub Slip { network: bridge } }
node_spec! { pub Stranger { network: carrier_pigeon } }
node_spec! { pub Argument { network: nat("eth0") } }
node_spec! { pub Interface { network: bridged(eth0) } }

fn main() {}
