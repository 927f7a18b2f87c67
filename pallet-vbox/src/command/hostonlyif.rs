//! `hostonlyif`: networks between the host and its machines, on Linux and Windows.
//!
//! Making one needs kernel modules, which no test of ours has: the words that are looked for come from VirtualBox's
//! documentation, and the failures from a real VBoxManage without them.

use crate::vboxmanage::{Call, CallError, Unexpected, VBoxManage};
use std::net::Ipv4Addr;

/// Makes an interface and returns its name, which VirtualBox chooses: the first free `vboxnetN`.
pub(crate) async fn create(vbox: &VBoxManage) -> Result<String, CallError> {
    const DOING: &str = "make a host-only interface";
    let answer = vbox.run(Call::new(DOING, ["hostonlyif", "create"])).await?;
    parse(&answer.stdout).map_err(|what| CallError::unexpected(DOING, what))
}

/// Gives an interface an address in a network of 254 machines.
pub(crate) async fn set_address(vbox: &VBoxManage, name: &str, address: Ipv4Addr) -> Result<(), CallError> {
    let args = ["hostonlyif".to_owned(), "ipconfig".to_owned(), name.to_owned(), format!("--ip={address}")];
    let args = args.into_iter().chain(["--netmask=255.255.255.0".to_owned()]);
    let call = Call::new(format!("give the host-only interface {name} the address {address}"), args);
    vbox.run(call.repeatable()).await.map(drop)
}

/// Removes an interface.
pub(crate) async fn remove(vbox: &VBoxManage, name: &str) -> Result<(), CallError> {
    let call = Call::new(format!("remove the host-only interface {name}"), ["hostonlyif", "remove", name]);
    vbox.run(call.repeatable()).await.map(drop)
}

/// Tells whether VirtualBox refused an address because no file allows it.
pub(crate) fn is_out_of_range(error: &CallError) -> bool {
    error.says("is not within the allowed ranges") || error.says("E_ACCESSDENIED")
}

/// `Interface 'vboxnet0' was successfully created`
fn parse(stdout: &str) -> Result<String, Unexpected> {
    let name = stdout
        .lines()
        .find_map(|line| line.split_once("Interface '")?.1.split_once('\'').map(|(name, _)| name));
    name.map(str::to_owned)
        .ok_or_else(|| Unexpected::new("a line `Interface '…' was successfully created`", stdout))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_in_the_answer() {
        assert_eq!(parse("Interface 'vboxnet3' was successfully created\n").as_deref(), Ok("vboxnet3"));
        assert!(parse("").is_err());
    }
}
