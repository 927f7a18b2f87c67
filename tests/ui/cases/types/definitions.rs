use pallet::prelude::*;
use pallet::{DefinesCluster, DefinesPhase};

group! { pub WebServers {} }

fn look() {
    let _ = <WebServers as DefinesPhase>::DEF;
    let _ = <WebServers as DefinesCluster>::DEF;
}

fn main() {}
