use pallet::prelude::*;

#[phase]
fn tune(#[arg] workers: u16) {
    exec(format!("tune {workers}"));
}

server_spec! { pub Without { configure: tune } }
server_spec! { pub Wrong { configure: tune("eight") } }
server_spec! { pub None { configure: tune() } }
server_spec! { pub TooMany { configure: tune(8, 9) } }
server_spec! { pub Superfluous { configure: plain(8) } }

#[phase]
fn plain() {
    package("nginx");
}

#[phase]
fn calls() {
    tune();
    plain(8);
}

fn main() {}
