//! The twenty actions that every side does, as values.
//!
//! | actions | what |
//! |---|---|
//! | 2 | three packages at once, then cron |
//! | 2 | a group and a user |
//! | 2 | directories |
//! | 4 | small files, one of them the user's |
//! | 3 | templates with the node's name |
//! | 1 | a file of 256 kB |
//! | 3 | a link, a line in a file, a unit |
//! | 3 | the unit enabled and running, cron running, a command with a guard |
//!
//! On a fresh node 19 of them change something: cron runs as soon as it is installed.

use std::sync::LazyLock;

/// How many actions there are.
pub const ACTIONS: usize = 20;

/// How many of them change a fresh node.
pub const CHANGES: usize = 19;

/// The packages that one action installs.
pub const PACKAGES: [&str; 3] = ["tree", "hello", "nftables"];

/// The folder that the files are in.
pub const FOLDER: &str = "/srv/bench";

/// The small files, by name.
pub const SMALL: [&str; 4] = ["one", "two", "three", "four"];

/// The templates, by name.
pub const TEMPLATES: [&str; 3] = ["web", "mail", "log"];

/// The template, in the language that minijinja and Jinja share.
pub const TEMPLATE: &str = "# {{ part }} on {{ host }}\nlisten = {{ host }}\nworkers = 4\n";

/// The line that is to be in `/etc/hosts`.
pub const LINE: &str = "192.0.2.7 bench.example";

/// The definition of the service.
pub const UNIT: &str = "[Unit]\nDescription=Nothing at all\n\n[Service]\nExecStart=/bin/sleep infinity\n\n\
                        [Install]\nWantedBy=multi-user.target\n";

/// Returns the content of a small file.
#[must_use]
pub fn small(name: &str) -> String {
    format!("This is file {name}.\n")
}

/// Returns what a template is on a node.
#[must_use]
pub fn rendered(part: &str, host: &str) -> String {
    TEMPLATE.replace("{{ part }}", part).replace("{{ host }}", host)
}

/// Returns the content of the large file: 256,000 bytes. It is made once, like a file that a program brings with it.
#[must_use]
pub fn large() -> &'static str {
    static LARGE: LazyLock<String> =
        LazyLock::new(|| (0..8_000).map(|line| format!("line {line:05} of a large file.....\n")).collect());
    &LARGE
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_large_file_is_large() {
        assert_eq!(super::large().len(), 256_000);
    }
}
