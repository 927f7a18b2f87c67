//! What a web server is.

use pallet::prelude::*;
use std::time::Duration;

/// nginx, with a page that names its node.
#[phase]
pub fn server(node: &Node) {
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
        let plan = node.plan(server);
        let changes: Vec<String> = plan
            .lines()
            .into_iter()
            .filter(|line| line.starts_with("change remote-file"))
            .collect();
        assert_eq!(changes.len(), 1, "{:?}", plan.lines());
    }
}
