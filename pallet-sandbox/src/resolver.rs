//! The name servers that a node uses: those of the host, unless only the host itself can reach them.

use crate::error::Result;
use pallet::compute::ComputeError;
use std::fs;

/// Where the host's name servers are listed, best first. The second is systemd-resolved's list of the servers that
/// it forwards to; the first then names only a listener on the host's loopback.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/// Returns the text of a node's `/etc/resolv.conf`.
///
/// # Errors
///
/// When every name server of the host listens on its loopback only.
pub(crate) fn for_nodes() -> Result<String> {
    let texts: Vec<String> = FILES.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    choose(&texts).ok_or_else(|| {
        ComputeError::input("the host's only name server listens on its loopback, where no node can reach it")
            .hint("name one in /etc/resolv.conf that is reached over the network")
    })
}

/// A host without any name server is left alone: its nodes then have none either, as on an isolated network.
fn choose(texts: &[String]) -> Option<String> {
    let reachable = texts.iter().find(|text| servers(text).any(|server| !is_loopback(server)));
    let none_at_all = || texts.iter().all(|text| servers(text).next().is_none()).then(String::new);
    reachable.map(|text| without_loopback(text)).or_else(none_at_all)
}

fn servers(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("nameserver")).map(str::trim)
}

fn is_loopback(server: &str) -> bool {
    server.starts_with("127.") || server == "::1"
}

fn without_loopback(text: &str) -> String {
    let kept =
        |line: &&str| !line.strip_prefix("nameserver").is_some_and(|server| is_loopback(server.trim()));
    text.lines().filter(kept).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(texts: &[&str]) -> Option<String> {
        choose(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn servers_that_only_the_host_reaches_are_left_out() {
        assert_eq!(
            chosen(&["search lab\nnameserver 127.0.0.1\nnameserver 10.0.0.1\n"]).as_deref(),
            Some("search lab\nnameserver 10.0.0.1\n")
        );
        let (stub, real) = ("nameserver 127.0.0.53\noptions edns0\n", "nameserver 9.9.9.9\n");
        assert_eq!(chosen(&[stub, real]).as_deref(), Some(real));
        assert_eq!(chosen(&[stub]), None);
        assert_eq!(chosen(&["# none\n"]).as_deref(), Some(""));
        assert_eq!(chosen(&[]).as_deref(), Some(""));
    }
}
