use pallet::prelude::*;

server_spec! {
    pub Web {
        configure: |port: u16, name| exec(format!("{name} {port}")),
        phases: { restart: move |node| exec("true"), check: || { let n: u8 = 1; exec(format!("true {n}")) } },
        roles: [web],
    }
}

fn main() {}
