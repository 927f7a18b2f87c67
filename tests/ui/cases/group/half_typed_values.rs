use pallet::prelude::*;

group! { pub Count { count: (1 +), roles: [count] } }
group! { pub Empty { count: (), configure: || } }
group! { pub Closure { configure: || { let name = ; }, roles: [closure] } }
group! { pub Call { configure: tune(8,,), roles: [call] } }

fn tune(_: u8) {}

fn main() {}
