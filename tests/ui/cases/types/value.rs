use pallet::prelude::*;

#[phase]
fn web() {
    let name: String = output_of("hostname");
    let cores: Value<u16> = output_of("nproc");
    remote_file("/etc/motd").content(4);
    remote_file("/etc/issue").content("hello").mode("0644");
}

fn main() {}
