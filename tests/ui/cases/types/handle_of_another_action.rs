use pallet::actions::Service;
use pallet::prelude::*;

fn reload(service: Handle<Service>) {
    exec("nginx -t").after(service);
}

#[phase]
fn web() -> Handle<Service> {
    let nginx = package("nginx");
    nginx.running();
    reload(nginx);
    nginx
}

fn main() {}
