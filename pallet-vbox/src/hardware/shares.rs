//! Folders of the host that guests see.

use pallet::options::{OptionError, Options};
use std::path::PathBuf;

/// A folder of the host that the guest sees, if it has the Guest Additions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) name: String,
    pub(crate) host_path: PathBuf,
    pub(crate) auto_mount: bool,
    pub(crate) writable: bool,
    /// Where the guest mounts it by itself.
    pub(crate) mount_point: Option<String>,
}

/// Reads the list of folders.
pub(super) fn read(tables: &[Options]) -> Result<Vec<Share>, OptionError> {
    tables.iter().map(read_one).collect()
}

fn read_one(table: &Options) -> Result<Share, OptionError> {
    let share = Share {
        name: table.string("name")?.ok_or_else(|| table.missing("name"))?,
        host_path: table.path("host-path")?.ok_or_else(|| table.missing("host-path"))?,
        auto_mount: table.bool("auto-mount")?.unwrap_or(false),
        // A node that is not trusted with a folder of the host must be given the right to write there in so many words.
        writable: table.bool("writable")?.unwrap_or(false),
        mount_point: table.string("mount-point")?,
    };
    table.finish()?;
    if !share.host_path.is_absolute() {
        return Err(table.invalid("host-path", "expected an absolute path on the host"));
    }
    Ok(share)
}
