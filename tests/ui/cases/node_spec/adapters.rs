use pallet::prelude::*;

node_spec! { pub None { network: [] } }
node_spec! { pub Slip { network: [hostonly] } }
node_spec! { pub Stranger { network: [nat, carrier_pigeon, 7] } }
node_spec! { pub Nine { network: [nat, nat, nat, nat, nat, nat, nat, nat, nat] } }
node_spec! { pub TwoManagers { network: [management(nat), management(host_only)] } }

fn main() {}
