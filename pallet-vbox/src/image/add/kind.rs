//! What a file is, by its bytes: names lie, and so may what is in the file. Pure.
//!
//! A disk image can name other files that belong to it, its base for one, and a program that converts it would read
//! them. So an image that is not all of a disk is refused here, before any program sees it.

/// How much of the beginning of a file is looked at.
pub(super) const HEAD: usize = 64 * 1024;
/// How much of its end.
pub(super) const TAIL: usize = 512;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One file, compressed.
    Compressed(Compression),
    /// Several files: an OVA, a box of Vagrant.
    Archive,
    /// A disk.
    Disk(Format),
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Xz,
    Zstd,
}

/// The format of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Vdi,
    Vmdk,
    Vhd,
    Qcow2,
    Raw,
}

impl Compression {
    /// Returns the program that undoes it.
    pub(super) fn program(self) -> &'static str {
        match self {
            Compression::Gzip => "gzip",
            Compression::Xz => "xz",
            Compression::Zstd => "zstd",
        }
    }
}

/// Returns what a file of this length is, that begins and ends so, or why it cannot be used.
pub(super) fn detect(head: &[u8], tail: &[u8], length: u64) -> Result<Kind, String> {
    const SIGNATURES: &[(&[u8], Kind)] = &[
        (b"\x1f\x8b", Kind::Compressed(Compression::Gzip)),
        (b"\xfd7zXZ\0", Kind::Compressed(Compression::Xz)),
        (b"\x28\xb5\x2f\xfd", Kind::Compressed(Compression::Zstd)),
    ];
    if let Some((_, kind)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Ok(*kind);
    }
    if at(head, 257, b"ustar") {
        return Ok(Kind::Archive);
    }
    if let Some((_, name)) = FOREIGN.iter().find(|(signature, _)| head.starts_with(signature)) {
        return Err(format!("it is {name}, which is not supported"));
    }
    if at(head, 0x40, b"\x7f\x10\xda\xbe") {
        return vdi(head).map(|()| Kind::Disk(Format::Vdi));
    }
    if head.starts_with(b"KDMV") {
        return vmdk(head).map(|()| Kind::Disk(Format::Vmdk));
    }
    if head.starts_with(b"# Disk DescriptorFile") {
        return Err("it only describes a disk that is in other files".to_owned());
    }
    if head.starts_with(b"QFI\xfb") {
        return qcow2(head).map(|()| Kind::Disk(Format::Qcow2));
    }
    if let Some(footer) = [head, tail].into_iter().find(|part| part.starts_with(b"conectix")) {
        return vhd(footer).map(|()| Kind::Disk(Format::Vhd));
    }
    if at(head, 0x8001, b"CD001") {
        return Err("it is a CD, from which a system is installed, and not a disk with a system".to_owned());
    }
    if at(head, 510, b"\x55\xaa") && length.is_multiple_of(512) {
        return Ok(Kind::Disk(Format::Raw));
    }
    Err("it is no disk in a format that is known, nor an archive with one".to_owned())
}

/// What is often mistaken for something that can be used.
const FOREIGN: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive"),
    (b"BZh", "compressed with bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"vhdxfile", "a disk in the format VHDX"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
];

fn at(bytes: &[u8], offset: usize, expected: &[u8]) -> bool {
    bytes.get(offset..offset + expected.len()) == Some(expected)
}

fn array<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N], String> {
    let found = bytes.get(offset..offset + N).and_then(|bytes| bytes.try_into().ok());
    found.ok_or_else(|| CUT_OFF.to_owned())
}

const CUT_OFF: &str = "it is cut off";
const NOT_ALL: &str = "it is only the difference to another disk";

fn vdi(head: &[u8]) -> Result<(), String> {
    const DIFFERENCE: u32 = 4;
    match u32::from_le_bytes(array(head, 0x4c)?) {
        DIFFERENCE => Err(NOT_ALL.to_owned()),
        _ => Ok(()),
    }
}

fn vhd(footer: &[u8]) -> Result<(), String> {
    const DIFFERENCE: u32 = 4;
    match u32::from_be_bytes(array(footer, 60)?) {
        DIFFERENCE => Err(NOT_ALL.to_owned()),
        _ => Ok(()),
    }
}

fn qcow2(head: &[u8]) -> Result<(), String> {
    const EXTERNAL_DATA: u64 = 1 << 2;
    let version = u32::from_be_bytes(array(head, 4)?);
    if u64::from_be_bytes(array(head, 8)?) != 0 || u32::from_be_bytes(array(head, 16)?) != 0 {
        return Err(NOT_ALL.to_owned());
    }
    if u32::from_be_bytes(array(head, 32)?) != 0 {
        return Err("it is encrypted".to_owned());
    }
    if version >= 3 && u64::from_be_bytes(array(head, 72)?) & EXTERNAL_DATA != 0 {
        return Err("its data is in another file".to_owned());
    }
    Ok(())
}

/// A VMDK holds a text that says which files the disk consists of. It must be this one alone.
fn vmdk(head: &[u8]) -> Result<(), String> {
    const SECTOR: u64 = 512;
    let elsewhere = || "its data is in other files".to_owned();
    let sectors = |offset| Ok::<_, String>(u64::from_le_bytes(array(head, offset)?));
    let place = |sectors: u64| usize::try_from(sectors.checked_mul(SECTOR)?).ok();
    let (begin, length) = (sectors(28)?, sectors(36)?);
    if begin == 0 || length == 0 {
        return Err(elsewhere());
    }
    let end = begin.checked_add(length).and_then(place);
    let text = place(begin).zip(end).and_then(|(begin, end)| head.get(begin..end));
    let text = text.ok_or_else(|| "its description is not where it is expected".to_owned())?;
    let text = String::from_utf8_lossy(text);
    let lines = || text.lines().map(|line| line.trim_matches(['\0', ' ', '\t', '\r']));
    if lines().any(|line| line.to_ascii_lowercase().starts_with("parentfilenamehint")) {
        return Err(NOT_ALL.to_owned());
    }
    let is_extent = |line: &&str| ["RW ", "RDONLY ", "NOACCESS "].iter().any(|word| line.starts_with(word));
    let extents: Vec<&str> = lines().filter(is_extent).collect();
    let [extent] = extents[..] else { return Err(elsewhere()) };
    let name = extent.split('"').nth(1).unwrap_or_default();
    let is_sparse = extent.split_whitespace().nth(2) == Some("SPARSE");
    match is_sparse && !name.is_empty() && !name.contains(['/', '\\']) {
        true => Ok(()),
        false => Err(elsewhere()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for (offset, part) in parts {
            bytes[*offset..offset + part.len()].copy_from_slice(part);
        }
        bytes
    }

    fn kind(bytes: &[u8]) -> Result<Kind, String> {
        let tail = &bytes[bytes.len().saturating_sub(TAIL)..];
        detect(&bytes[..bytes.len().min(HEAD)], tail, bytes.len() as u64)
    }

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(kind(b"\x1f\x8b\x08"), Ok(Kind::Compressed(Compression::Gzip)));
        assert_eq!(kind(b"\xfd7zXZ\0\0"), Ok(Kind::Compressed(Compression::Xz)));
        assert_eq!(kind(b"\x28\xb5\x2f\xfd"), Ok(Kind::Compressed(Compression::Zstd)));
        assert_eq!(kind(&with(1024, &[(257, b"ustar")])), Ok(Kind::Archive));
        let raw = with(2048, &[(510, b"\x55\xaa")]);
        assert_eq!(kind(&raw), Ok(Kind::Disk(Format::Raw)));
        assert!(kind(&raw[..2000]).is_err(), "no whole sectors");
        let fixed = with(2048, &[(1536, b"conectix"), (1536 + 63, b"\x02")]);
        assert_eq!(kind(&fixed), Ok(Kind::Disk(Format::Vhd)));
        let cd = with(HEAD, &[(0x8001, b"CD001"), (510, b"\x55\xaa")]);
        assert!(kind(&cd).expect_err("a CD").starts_with("it is a CD"));
        assert_eq!(
            kind(b"<!DOCTYPE html>").expect_err("no disk"),
            "it is a web page, which is not supported"
        );
        assert!(kind(b"").is_err());
    }

    #[test]
    fn what_is_not_all_of_a_disk_is_refused() {
        let vdi = |kind: u8| with(512, &[(0x40, b"\x7f\x10\xda\xbe"), (0x4c, &[kind])]);
        assert_eq!(kind(&vdi(1)), Ok(Kind::Disk(Format::Vdi)));
        assert_eq!(kind(&vdi(4)).expect_err("a difference"), NOT_ALL);
        let vhd = with(512, &[(0, b"conectix"), (63, b"\x04")]);
        assert_eq!(kind(&vhd).expect_err("a difference"), NOT_ALL);
        let qcow2 =
            |parts: &[(usize, &[u8])]| kind(&with(512, &[&[(0, &b"QFI\xfb\0\0\0\x03"[..])], parts].concat()));
        assert_eq!(qcow2(&[]), Ok(Kind::Disk(Format::Qcow2)));
        assert_eq!(qcow2(&[(15, b"\x68"), (19, b"\x0b")]).expect_err("a base"), NOT_ALL);
        assert_eq!(qcow2(&[(79, b"\x04")]).expect_err("data"), "its data is in another file");
        assert_eq!(qcow2(&[(35, b"\x01")]).expect_err("a key"), "it is encrypted");
        assert_eq!(kind(b"QFI\xfb\0\0\0\x03").expect_err("short"), CUT_OFF);
    }

    #[test]
    fn a_vmdk_must_be_the_only_file_of_its_disk() {
        let vmdk = |text: &str| {
            kind(&with(4096, &[(0, b"KDMV"), (28, b"\x01"), (36, b"\x04"), (512, text.as_bytes())]))
        };
        let good = "# Disk DescriptorFile\nparentCID=ffffffff\nRW 8 SPARSE \"box.vmdk\"\n";
        assert_eq!(vmdk(good), Ok(Kind::Disk(Format::Vmdk)));
        for bad in [
            "RW 8 FLAT \"/etc/shadow\" 0\n",
            "RW 8 SPARSE \"../x.vmdk\"\n",
            "RW 8 SPARSE \"a.vmdk\"\nRW 8 SPARSE \"b.vmdk\"\n",
            "RW 8 SPARSE\n",
            "",
        ] {
            assert_eq!(vmdk(bad).expect_err(bad), "its data is in other files");
        }
        let child = format!("parentFileNameHint=\"x\"\n{good}");
        assert_eq!(vmdk(&child).expect_err("a difference"), NOT_ALL);
        let far = with(4096, &[(0, b"KDMV"), (28, &[0xff; 8]), (36, &[0xff; 8])]);
        assert_eq!(kind(&far).expect_err("far"), "its description is not where it is expected");
        assert!(kind(&with(4096, &[(0, b"KDMV")])).is_err());
    }

    proptest! {
        #[test]
        fn all_bytes_are_something_or_refused(
            begin in prop::sample::select(vec![&b"KDMV"[..], b"QFI\xfb", b"conectix", b"\x1f\x8b", b""]),
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let bytes = [begin, &bytes].concat();
            let _ = kind(&bytes);
        }
    }
}
