//! The infrastructure __name__: two web servers.
//!
//! ```text
//! cargo run -- plan         what would happen
//! cargo run -- converge     make it so
//! cargo run -- nodes        what is there
//! cargo run -- destroy      remove everything again
//! ```

use pallet::prelude::*;
use std::process::ExitCode;
use std::time::Duration;

/// nginx, with a page that names its node.
#[phase]
fn web(node: &Node) {
    package_manager()
        .update()
        .max_age(Duration::from_secs(3600));
    let nginx = package("nginx-light");
    let page = remote_file("/var/www/html/index.html")
        .content(format!("I am {}.\n", node.hostname()))
        .mode(0o644)
        .after(nginx);
    service("nginx")
        .enabled()
        .running()
        .reload_when_changed(page);
}

group! {
    /// Two web servers: web-1 and web-2.
    pub WebServers { name: "web", count: 2, configure: web }
}

fn main() -> ExitCode {
    pallet_runtime::main()
        .provider(pallet_sandbox::provider())
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pallet_test::OfflineNode;

    /// On paper: no node is needed for it.
    #[test]
    fn a_node_with_nginx_lacks_the_page_only() {
        let node = OfflineNode::new("debian-12")
            .package("nginx-light")
            .running("nginx")
            .directory("/var/www")
            .directory("/var/www/html");
        let plan = node.plan(web);
        let changes: Vec<String> = plan
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("change remote-file"))
            .collect();
        assert_eq!(changes.len(), 1, "{:?}", plan.lines());
    }
}
