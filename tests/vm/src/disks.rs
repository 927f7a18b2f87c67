//! Where QEMU reads and writes what the registry calls a disk.
//!
//! A disk that no other is based on is read by QEMU where it is. Whatever a guest writes goes to an overlay of the
//! disk that is attached, based on what its parent stands for: the shape of VirtualBox's own chain of differencing disks, so
//! that a snapshot, which makes a new differencing disk, also begins a new overlay.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that QEMU can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Where it is.
    pub path: PathBuf,
    /// QEMU's name of its format.
    pub format: &'static str,
}

/// What the registry knows about a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Medium {
    /// Its UUID.
    pub id: String,
    /// What it is a difference to.
    pub parent: Option<String>,
    /// Its file, and the format of that.
    pub image: Image,
}

impl Medium {
    /// Reads the answer of `showmediuminfo disk`.
    ///
    /// # Errors
    ///
    /// What is missing there.
    pub fn parse(text: &str) -> Result<Medium, String> {
        let get = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            value.map(str::trim).ok_or_else(|| format!("showmediuminfo says nothing of `{key}`: {text}"))
        };
        let format = match get("Storage format")?.to_ascii_uppercase().as_str() {
            "VDI" => "vdi",
            "VMDK" => "vmdk",
            "VHD" => "vpc",
            "RAW" => "raw",
            other => return Err(format!("disks in the format {other} are not stood in for")),
        };
        Ok(Medium {
            id: get("UUID")?.to_owned(),
            parent: Some(get("Parent UUID")?.to_owned()).filter(|parent| parent != "base"),
            image: Image { path: get("Location")?.into(), format },
        })
    }
}

/// The overlays of a registry, in a folder of their own.
#[derive(Debug, Clone)]
pub struct Disks {
    folder: PathBuf,
}

impl Disks {
    /// Returns the overlays in a folder, which is made when it is needed.
    #[must_use]
    pub fn new(folder: PathBuf) -> Disks {
        Disks { folder }
    }

    /// Returns what a guest may write to in the place of a disk. `look` asks the registry about a disk.
    ///
    /// # Errors
    ///
    /// What the registry or qemu-img says.
    pub fn writable(&self, id: &str, look: &dyn Fn(&str) -> Result<Medium, String>) -> Result<Image, String> {
        let own = self.overlay(id);
        if !own.path.exists() {
            let medium = look(id)?;
            let base = match &medium.parent {
                Some(parent) => self.readable(parent, look)?,
                None => medium.image,
            };
            std::fs::create_dir_all(&self.folder).map_err(|error| error.to_string())?;
            make(&own.path, &base)?;
        }
        Ok(own)
    }

    /// Removes what a guest wrote to a disk that is gone.
    ///
    /// # Errors
    ///
    /// When it cannot be removed.
    pub fn forget(&self, id: &str) -> Result<(), String> {
        match std::fs::remove_file(self.overlay(id).path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    }

    /// Returns what stands for a disk that others are based on.
    fn readable(&self, id: &str, look: &dyn Fn(&str) -> Result<Medium, String>) -> Result<Image, String> {
        let own = self.overlay(id);
        if own.path.exists() {
            return Ok(own);
        }
        let medium = look(id)?;
        match &medium.parent {
            // A difference that no guest ever wrote to is the same as what it differs from.
            Some(parent) => self.readable(parent, look),
            None => Ok(medium.image),
        }
    }

    fn overlay(&self, id: &str) -> Image {
        Image { path: self.folder.join(format!("{id}.qcow2")), format: "qcow2" }
    }
}

fn make(path: &Path, base: &Image) -> Result<(), String> {
    let output = Command::new("qemu-img")
        .args(["create", "-q", "-f", "qcow2", "-F", base.format, "-b"])
        .arg(&base.path)
        .arg(path)
        .output()
        .map_err(|error| format!("qemu-img cannot be run: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn medium(parent: &str) -> String {
        format!(
            "UUID:           aaaaaaaa-0000-4000-8000-000000000000\nParent UUID:    {parent}\n\
             State:          created\nLocation:       /m/debian 12.vdi\nStorage format: VDI\n"
        )
    }

    #[test]
    fn a_disk_tells_what_it_is_based_on() {
        let base = Medium::parse(&medium("base")).expect("a disk");
        assert_eq!(base.parent, None);
        assert_eq!(base.image, Image { path: "/m/debian 12.vdi".into(), format: "vdi" });
        let parent = "bbbbbbbb-0000-4000-8000-000000000000";
        assert_eq!(Medium::parse(&medium(parent)).expect("a disk").parent.as_deref(), Some(parent));
    }

    #[test]
    fn a_disk_that_nobody_wrote_to_stands_for_its_parent() {
        let disks = Disks::new("/nowhere".into());
        let look = |id: &str| {
            let parent = (id != "base").then(|| "base".to_owned());
            let path = Path::new("/m").join(id);
            Ok(Medium { id: id.to_owned(), parent, image: Image { path, format: "vdi" } })
        };
        assert_eq!(disks.readable("difference", &look).expect("a file").path, Path::new("/m/base"));
    }
}
