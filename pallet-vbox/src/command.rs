//! VBoxManage's subcommands, one module each: the arguments (pure), the call, and what it answers (pure).
//!
//! The modules know the forms of VBoxManage, not why anything is done. What a call answers was captured from a
//! real one and is kept in `samples/`.

pub(crate) mod closemedium;
pub(crate) mod controlvm;
pub(crate) mod createvm;
pub(crate) mod dhcpserver;
pub(crate) mod discardstate;
pub(crate) mod extradata;
pub(crate) mod guestproperty;
pub(crate) mod hostonlyif;
pub(crate) mod hostonlynet;
pub(crate) mod list;
pub(crate) mod medium;
pub(crate) mod modifyvm;
pub(crate) mod sharedfolder;
pub(crate) mod showvminfo;
pub(crate) mod snapshot;
pub(crate) mod startvm;
pub(crate) mod storage;
pub(crate) mod unregistervm;
pub(crate) mod vms;

/// Returns the value in a line `Key:    value` of an answer for people, if the line has this key.
fn field<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix(':').map(str::trim)
}
