use pallet::prelude::*;

fn helper() {
    package("nginx");
}

server_spec! { pub Web { configure: helper } }
server_spec! { pub Missing { configure: no_such_phase } }

fn main() {}
