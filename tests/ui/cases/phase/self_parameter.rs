use pallet::prelude::*;

struct Site {
    package: &'static str,
}

impl Site {
    #[phase]
    fn web(&self) {
        package(self.package);
    }
}

fn use_it(site: &Site) {
    site.web();
}

fn main() {}
