//! From a file to the disk in it: compressions are undone, archives are opened, one layer after another.

use super::Work;
use super::download::mib;
use super::kind::{self, Compression, Format, HEAD, Kind, TAIL};
use crate::host;
use pallet::compute::{ComputeError, HostCommand, Progress};
use std::path::{Path, PathBuf};

/// How many layers there may be: a box is compressed, an archive, and holds a disk that may be compressed.
const MOST_LAYERS: usize = 4;
/// How many bytes of the list of an archive's files are read.
const MOST_LIST: &str = "1048576";

/// The endings of the names of disks in archives.
const DISKS: &[&str] = &["vmdk", "vdi", "vhd", "vpc", "qcow2", "img", "raw"];

/// A disk on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FoundDisk {
    pub(super) path: PathBuf,
    pub(super) format: Format,
    /// Whether it was in a box of Vagrant.
    pub(super) is_of_vagrant: bool,
}

/// Finds the disk in a file.
pub(super) async fn unpack(
    work: &Work<'_>,
    file: &Path,
    progress: Progress<'_>,
) -> Result<FoundDisk, ComputeError> {
    let (mut path, mut is_of_vagrant) = (file.to_owned(), false);
    for layer in 0..MOST_LAYERS {
        let next = work.path(&format!("layer-{layer}"));
        match look(work, &path).await? {
            Kind::Disk(format) => return Ok(FoundDisk { path, format, is_of_vagrant }),
            Kind::Compressed(compression) => {
                progress(&format!("unpacking ({})", compression.program()));
                decompress(work, compression, &path, &next).await?;
            }
            Kind::Archive => {
                progress("opening the archive");
                let archive = list(work, &path).await?;
                is_of_vagrant |= archive.is_box;
                extract(work, &path, &archive.disk, &next).await?;
            }
        }
        path = next;
    }
    Err(refused(file, "it is packed in too many layers"))
}

fn refused(file: &Path, why: impl std::fmt::Display) -> ComputeError {
    ComputeError::input(format!("{} cannot be an image: {why}", file.display())).hint(
        "images are vdi, vmdk, vhd, qcow2 or raw disks, also in an ova or box, or packed by gzip, xz or zstd",
    )
}

/// Tells what a file is by its length, its end and its beginning.
async fn look(work: &Work<'_>, path: &Path) -> Result<Kind, ComputeError> {
    const SCRIPT: &str = r#"
[ -f "$1" ] && [ -r "$1" ] || exit 3
wc -c <"$1" && tail -c "$2" <"$1" && head -c "$3" <"$1"
"#;
    let text = path.display().to_string();
    let doing = format!("read {text}");
    let command = host::script(SCRIPT, [text.as_str(), &TAIL.to_string(), &HEAD.to_string()]);
    let bytes = match host::try_run(work.runner, &doing, &command).await? {
        Ok(bytes) => bytes,
        Err(failure) if failure.code == Some(3) => {
            return Err(ComputeError::input(format!("there is no file {text} that can be read on the host"))
                .hint("name a file of the service's host, by its whole path"));
        }
        Err(failure) => return Err(failure.cannot(&doing)),
    };
    let (length, tail, head) =
        parse_look(&bytes).ok_or_else(|| refused(path, "it changes while it is read"))?;
    kind::detect(head, tail, length).map_err(|why| refused(path, why))
}

/// The length in a line of its own, then as much of the end as there is, then the beginning.
fn parse_look(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let length: u64 = std::str::from_utf8(&bytes[..line]).ok()?.trim().parse().ok()?;
    let rest = &bytes[line + 1..];
    let tail = usize::try_from(length).unwrap_or(usize::MAX).min(TAIL);
    let (tail, head) = rest.split_at_checked(tail)?;
    Some((length, tail, head))
}

/// Runs a program whose output goes to a file, no more of it than there is room for. What the program returned is told
/// apart from what the pipe behind it returned. 8: the program failed, 9: there is more than fits.
const INTO_FILE: &str = r#"
out=$1 most=$2
shift 2
status=$({ { "$@"; echo $? >&3; } | head -c "$most" >"$out" || echo full >&3; } 3>&1)
[ "$(wc -c <"$out")" -lt "$most" ] || exit 9
case $status in 0) ;; *full*) exit 9 ;; *) exit 8 ;; esac
"#;

async fn into_file(work: &Work<'_>, file: &Path, out: &Path, program: &[&str]) -> Result<(), ComputeError> {
    let (room, target) = (work.room().await?, out.display().to_string());
    let most = room.to_string();
    let too_large = || {
        ComputeError::input(format!(
            "{} does not fit on the host once it is unpacked: {} are left",
            file.display(),
            mib(room)
        ))
        .hint("make room, or name another folder with `model-path`; a reserve stays free")
    };
    if room == 0 {
        return Err(too_large());
    }
    let args = [target.as_str(), &most].into_iter().chain(program.iter().copied());
    let command = host::within(host::script(INTO_FILE, args), 240);
    let doing = format!("unpack {}", file.display());
    match host::try_run(work.runner, &doing, &command).await? {
        Ok(_) => Ok(()),
        Err(failure) if failure.code == Some(9) => Err(too_large()),
        Err(failure) if failure.code == Some(8) => {
            Err(refused(file, "it is damaged or cut off").source(failure))
        }
        Err(failure) => Err(failure.cannot(&doing)),
    }
}

async fn decompress(
    work: &Work<'_>,
    compression: Compression,
    file: &Path,
    out: &Path,
) -> Result<(), ComputeError> {
    let program = compression.program();
    if host::try_run(
        work.runner,
        "look for a program",
        &HostCommand::new("sh").args(["-c", "command -v \"$1\"", "sh", program]),
    )
    .await?
    .is_err()
    {
        return Err(ComputeError::input(format!("the host has no `{program}` to unpack {}", file.display()))
            .hint(format!("install {program} on the host")));
    }
    // By its standard input: the name may be anything.
    let path = file.display().to_string();
    into_file(work, file, out, &["sh", "-c", r#"exec "$1" -dc <"$2""#, "sh", program, &path]).await
}

/// What is in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Archive {
    disk: String,
    is_box: bool,
}

async fn list(work: &Work<'_>, file: &Path) -> Result<Archive, ComputeError> {
    let path = file.display().to_string();
    let command = host::script(r#"tar -tf "$1" | head -c "$2""#, [path.as_str(), MOST_LIST]);
    let command = host::within(command, 60);
    let stdout = host::run(work.runner, &format!("list the files in {path}"), &command).await?;
    parse_list(&String::from_utf8_lossy(&stdout)).map_err(|why| refused(file, why))
}

/// Finds the one disk among the files of an archive.
fn parse_list(text: &str) -> Result<Archive, String> {
    let names = || text.lines();
    if let Some(name) = names().find(|name| leads_out(name)) {
        return Err(format!("its file {name:?} would lie outside of it"));
    }
    let mut disks: Vec<&str> = names().filter(|name| is_disk(name)).collect();
    disks.sort_unstable();
    let is_box = names().any(|name| matches!(base(name), "Vagrantfile" | "metadata.json"));
    match disks[..] {
        [] => Err("there is no disk in it".to_owned()),
        [disk] if is_plain(disk) => Ok(Archive { disk: disk.to_owned(), is_box }),
        [disk] => Err(format!("its disk has the name {disk:?}, which is not safe to use")),
        [first, .., last] if first == last => Err(format!("its disk {first:?} is in it twice")),
        _ => Err(format!("there are {} disks in it: unpack it and add the one that boots", disks.len())),
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

fn leads_out(name: &str) -> bool {
    name.starts_with('/') || name.split('/').any(|part| part == "..")
}

fn is_disk(name: &str) -> bool {
    let ending = base(name).rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    // macOS puts a file `._x` beside each.
    !base(name).starts_with("._") && ending.is_some_and(|ending| DISKS.contains(&ending.as_str()))
}

/// No pattern for `tar`, no option, nothing that its list would write in another way.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-+()/".contains(c);
    !name.starts_with('-') && name.chars().all(plain)
}

/// To its standard output, so that nothing in the archive decides where a file goes.
async fn extract(work: &Work<'_>, file: &Path, disk: &str, out: &Path) -> Result<(), ComputeError> {
    let path = file.display().to_string();
    into_file(work, file, out, &["tar", "-xOf", &path, "--", disk]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_archive_has_one_disk() {
        let disk = |text: &str| parse_list(text).map(|archive| (archive.disk, archive.is_box));
        assert_eq!(
            disk("./box.ovf\n./my box-disk001.vmdk\n./Vagrantfile\n"),
            Ok(("./my box-disk001.vmdk".into(), true))
        );
        assert_eq!(disk("a.ovf\n._a.vmdk\na.VMDK\na.mf\n"), Ok(("a.VMDK".into(), false)));
        assert_eq!(disk("a.ovf\n"), Err("there is no disk in it".into()));
        assert!(disk("a.vmdk\nb.vmdk\n").expect_err("two").starts_with("there are 2 disks"));
        assert_eq!(disk("a.vmdk\na.vmdk\n"), Err("its disk \"a.vmdk\" is in it twice".into()));
    }

    #[test]
    fn a_hostile_archive_is_refused() {
        for list in ["../a.vmdk\n", "/a.vmdk\n", "x/../../a.vmdk\nb.vmdk\n"] {
            assert!(parse_list(list).expect_err(list).ends_with("would lie outside of it"), "{list}");
        }
        for list in ["-x.vmdk\n", "a*.vmdk\n", "a\\nb.vmdk\n", "[a].vmdk\n"] {
            assert!(parse_list(list).expect_err(list).ends_with("which is not safe to use"), "{list}");
        }
    }

    #[test]
    fn a_look_is_taken_apart() {
        assert_eq!(parse_look(b" 3\nabcabc"), Some((3, &b"abc"[..], &b"abc"[..])));
        assert_eq!(parse_look(b"0\n"), Some((0, &b""[..], &b""[..])));
        assert_eq!(parse_look(b"9\nabc"), None);
        assert_eq!(parse_look(b"x"), None);
    }

    proptest! {
        #[test]
        fn every_list_names_a_safe_disk_or_is_refused(text in r"[a./\n*-]{0,20}(\.vmdk)?[\n]?[a./]{0,9}") {
            if let Ok(archive) = parse_list(&text) {
                prop_assert!(is_plain(&archive.disk) && !leads_out(&archive.disk));
            }
        }

        #[test]
        fn every_answer_is_taken_apart_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_look(&bytes);
        }
    }
}
