//! Writes a file system for CDs (ISO 9660) with a few files in its root, and their full names (Joliet). Pure.
//!
//! Written here because it is one page: what there is as a library does far more, or calls a program that the host would
//! need. Real tools read it in `tests/vbox`.

const SECTOR: usize = 2048;
/// The sectors before the first descriptor belong to nobody.
const FIRST_DESCRIPTOR: u32 = 16;
/// Two descriptors and the one that ends them, two path tables in both byte orders, two folders.
const FIRST_FILE: u32 = FIRST_DESCRIPTOR + 3 + 4 + 2;

/// Returns an image with these files, sorted by name. Names are short, without blanks, and lower-case.
pub(super) fn image(label: &str, files: &[(&str, String)]) -> Vec<u8> {
    let files = placed(files);
    let end = files.last().map_or(FIRST_FILE, |file| file.sector + sectors(file.content.len()));
    let views = [View { joliet: false, table: 19, folder: 23 }, View { joliet: true, table: 21, folder: 24 }];
    let mut image = vec![0; FIRST_DESCRIPTOR as usize * SECTOR];
    for view in &views {
        image.extend(sector(view.descriptor(label, end)));
    }
    image.extend(sector([&[255][..], b"CD001\x01"].concat()));
    for view in &views {
        image.extend(sector(view.path_table(u32::to_le_bytes, u16::to_le_bytes)));
        image.extend(sector(view.path_table(u32::to_be_bytes, u16::to_be_bytes)));
    }
    for view in &views {
        image.extend(sector(view.folder(&files)));
    }
    for file in &files {
        image.extend(sector(file.content.as_bytes().to_vec()));
    }
    image
}

struct File<'a> {
    name: &'a str,
    content: &'a str,
    sector: u32,
}

fn placed<'a>(files: &'a [(&'a str, String)]) -> Vec<File<'a>> {
    let mut next = FIRST_FILE;
    let mut place = |(name, content): &'a (&'a str, String)| {
        let sector = next;
        next += sectors(content.len());
        File { name, content, sector }
    };
    files.iter().map(&mut place).collect()
}

/// Returns how many sectors these bytes fill; even an empty file has one.
fn sectors(length: usize) -> u32 {
    u32::try_from(length.div_ceil(SECTOR).max(1)).unwrap_or(u32::MAX)
}

/// Fills bytes up to whole sectors.
fn sector(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().div_ceil(SECTOR).max(1) * SECTOR, 0);
    bytes
}

/// The same files as one kind of reader sees them.
struct View {
    joliet: bool,
    table: u32,
    folder: u32,
}

/// The path table has one entry, the root, of this length.
const TABLE_LENGTH: u32 = 10;
/// What a sector is for a length.
const SECTOR_LENGTH: u32 = 2048;

impl View {
    fn descriptor(&self, label: &str, end: u32) -> Vec<u8> {
        let mut bytes = vec![if self.joliet { 2 } else { 1 }];
        bytes.extend(b"CD001\x01\0");
        bytes.extend(self.padded("", 32));
        bytes.extend(self.padded(label, 32));
        bytes.extend([0; 8]);
        bytes.extend(both32(end));
        // Joliet's names are of its third level: UCS-2.
        let escapes: &[u8] = if self.joliet { b"%/E" } else { b"" };
        bytes.extend(padded(escapes, 32, 0));
        bytes.extend([both16(1), both16(1), both16(2048)].concat());
        bytes.extend(both32(TABLE_LENGTH));
        bytes.extend(self.table.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend((self.table + 1).to_be_bytes());
        bytes.extend([0; 4]);
        bytes.extend(record(&[0], self.folder, SECTOR_LENGTH, true));
        bytes.extend(self.padded("", 4 * 128 + 3 * 37));
        // Four times: never set.
        bytes.extend([*b"0000000000000000\0"; 4].concat());
        bytes.extend([1, 0]);
        bytes
    }

    fn path_table(&self, order32: fn(u32) -> [u8; 4], order16: fn(u16) -> [u8; 2]) -> Vec<u8> {
        let mut bytes = vec![1, 0];
        bytes.extend(order32(self.folder));
        bytes.extend(order16(1));
        bytes.extend([0, 0]);
        bytes
    }

    fn folder(&self, files: &[File<'_>]) -> Vec<u8> {
        // Itself and its parent, which is itself as well.
        let mut bytes = record(&[0], self.folder, SECTOR_LENGTH, true);
        bytes.extend(record(&[1], self.folder, SECTOR_LENGTH, true));
        for file in files {
            let length = u32::try_from(file.content.len()).unwrap_or(u32::MAX);
            bytes.extend(record(&self.name(file.name), file.sector, length, false));
        }
        bytes
    }

    fn name(&self, name: &str) -> Vec<u8> {
        let (name, version) = match self.joliet {
            true => (name.to_owned(), ";1"),
            false => (name.to_ascii_uppercase(), ".;1"),
        };
        self.encoded(&(name + version))
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        match self.joliet {
            true => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            false => text.as_bytes().to_vec(),
        }
    }

    /// A text with blanks behind it. Where a blank does not fit, a byte is left.
    fn padded(&self, text: &str, length: usize) -> Vec<u8> {
        let mut bytes = self.encoded(text);
        let blank = self.encoded(" ");
        while bytes.len() + blank.len() <= length {
            bytes.extend(&blank);
        }
        padded(&bytes, length, 0)
    }
}

fn padded(bytes: &[u8], length: usize, filling: u8) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(length, filling);
    bytes
}

/// A number in both byte orders.
fn both32(number: u32) -> Vec<u8> {
    [number.to_le_bytes(), number.to_be_bytes()].concat()
}

fn both16(number: u16) -> Vec<u8> {
    [number.to_le_bytes(), number.to_be_bytes()].concat()
}

/// An entry of a folder.
fn record(name: &[u8], sector: u32, length: u32, is_folder: bool) -> Vec<u8> {
    // Years since 1900, month, day and so on: a date, which some readers want to be one.
    const DATE: [u8; 7] = [100, 1, 1, 0, 0, 0, 0];
    // A name of even length is followed by a byte, so that the next entry begins at an even one.
    let padding = usize::from(name.len().is_multiple_of(2));
    let whole = 33 + name.len() + padding;
    let mut bytes = vec![u8::try_from(whole).unwrap_or(u8::MAX), 0];
    bytes.extend(both32(sector));
    bytes.extend(both32(length));
    bytes.extend(DATE);
    bytes.extend([if is_folder { 2 } else { 0 }, 0, 0]);
    bytes.extend(both16(1));
    bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
    bytes.extend(name);
    bytes.resize(whole, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_where_it_is_said_to_be() {
        let image =
            image("cidata", &[("a-b", "x".repeat(3000)), ("c", String::new()), ("d", "y".to_owned())]);
        assert_eq!(image.len(), (FIRST_FILE as usize + 2 + 1 + 1) * SECTOR);
        let at = |sector: usize, offset: usize, length: usize| &image[sector * SECTOR + offset..][..length];
        assert_eq!(at(16, 0, 7), b"\x01CD001\x01");
        assert_eq!(at(16, 40, 8), b"cidata  ");
        assert_eq!(at(17, 40, 6), b"\0c\0i\0d");
        assert_eq!(at(18, 0, 7), b"\xffCD001\x01");
        assert_eq!(at(16, 80, 4), u32::try_from(image.len() / SECTOR).expect("small").to_le_bytes());
        // The root's record, in the descriptor and in the root.
        assert_eq!(at(16, 156, 34), at(23, 0, 34));
        assert_eq!(at(17, 156, 34), at(24, 0, 34));
        assert_eq!(at(16, 881, 1), [1], "the version of the descriptor's form");
        assert_eq!(at(23, 68 + 33, 7), b"A-B.;1\0");
        assert_eq!(at(25, 0, 1), b"x");
        assert_eq!(at(28, 0, 1), b"y");
    }
}
