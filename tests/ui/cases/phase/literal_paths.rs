use pallet::prelude::*;

#[phase]
fn web() {
    remote_file("etc/motd").content("hello");
    directory("/srv/www/");
    file("/etc/../shadow").absent();
    symbolic_link("./here", "/there");
    line_in_file("~/.profile").line("umask 022");
    wait_for_file("run/app.pid");
    exec("make").dir("src").creates("src/app");
    user("app").home("srv/app").shell("bash");
}

fn main() {}
