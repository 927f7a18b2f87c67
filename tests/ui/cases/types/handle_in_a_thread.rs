use pallet::prelude::*;

fn in_the_background(work: impl FnOnce() + Send) {
    work();
}

#[phase]
fn web() {
    let nginx = package("nginx");
    in_the_background(move || {
        service("nginx").after(nginx);
    });
}

fn main() {}
