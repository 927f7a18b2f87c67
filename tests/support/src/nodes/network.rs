//! The network of a bench: a bridge on the host, and the way out through the host.

use super::Error;
use super::host;
use super::run_dir::RunDir;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

/// Makes the bridge of a bench and lets its nodes reach what the host reaches.
///
/// Addresses are from 198.18.0.0/15, which is set apart for benchmarks and so in nobody's way.
pub(super) fn raise(run_dir: &RunDir, nodes: usize) -> Result<(), Error> {
    let number = run_dir.number();
    let bridge = format!("ptest-{number}");
    host::run("ip", &["link", "add", &bridge, "type", "bridge"])?;
    host::run("ip", &["address", "add", &format!("198.18.{number}.1/24"), "dev", &bridge])?;
    host::run("ip", &["link", "set", &bridge, "up"])?;
    host::feed("nft", &["-f", "-"], &firewall_table(number))?;
    run_dir.locked(|top| {
        // Only the interfaces on the way, not `ip_forward`: that one switches every interface of the host, and
        // resets settings that could not be put back.
        for interface in ways_out()?.iter().chain([&bridge]) {
            set(top, &format!("net/ipv4/conf/{interface}/forwarding"), 1)?;
        }
        // Each systemd takes some; a host's usual 128 are used up by about twenty nodes.
        if nodes > 15 { set(top, "fs/inotify/max_user_instances", 4096) } else { Ok(()) }
    })
}

/// Returns the address of a node.
pub(super) fn address(run_dir: &RunDir, node: usize) -> Ipv4Addr {
    let last = u8::try_from(10 + node).expect("a bench has at most 200 nodes");
    Ipv4Addr::new(198, 18, run_dir.number(), last)
}

/// Returns the name of the host's end of a node's cable.
pub(super) fn host_end(run_dir: &RunDir, node: usize) -> String {
    format!("ptest-{}-{node}", run_dir.number())
}

fn firewall_table(number: u8) -> String {
    format!(
        "table ip pallet_test_{number} {{\n\
         chain out {{\n\
         type nat hook postrouting priority 100\n\
         ip saddr 198.18.{number}.0/24 oifname != \"ptest-{number}\" masquerade\n\
         }}\n}}\n"
    )
}

/// Returns the interfaces that the host's default routes go through. There are none on a host without network,
/// where nodes have none either.
fn ways_out() -> Result<Vec<String>, Error> {
    let routes = host::run("ip", &["-4", "route", "show", "default"])?;
    let mut interfaces: Vec<String> =
        routes.lines().filter_map(interface_of_route).map(str::to_owned).collect();
    interfaces.sort();
    interfaces.dedup();
    Ok(interfaces)
}

/// Reads the interface from a line such as `default via 192.0.2.1 dev eth0 proto dhcp`.
fn interface_of_route(route: &str) -> Option<&str> {
    route.split_whitespace().skip_while(|word| *word != "dev").nth(1)
}

/// Raises a setting of the kernel to at least this value. What it was is written down for the janitor of the
/// last bench.
fn set(top: &Path, name: &str, least: u64) -> Result<(), Error> {
    let setting = Path::new("/proc/sys").join(name);
    let doing = || Error::io(format!("set {name}"));
    let was = fs::read_to_string(&setting).map_err(doing())?;
    if was.trim().parse().is_ok_and(|was: u64| was >= least) {
        return Ok(());
    }
    let saved = top.join("sysctl").join(name);
    if let Some(folder) = saved.parent().filter(|_| !saved.exists()) {
        fs::create_dir_all(folder).map_err(doing())?;
        fs::write(&saved, was).map_err(doing())?;
    }
    fs::write(setting, least.to_string()).map_err(doing())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_interface_of_a_route_is_found() {
        let route = super::interface_of_route;
        assert_eq!(route("default via 192.0.2.1 dev eth0 proto dhcp metric 100"), Some("eth0"));
        assert_eq!(route("default dev ppp0 scope link"), Some("ppp0"));
        assert_eq!(route("unreachable default"), None);
    }
}
