//! Files as one tar archive (POSIX ustar), made while it is read: nothing of it is ever on a disk.
//!
//! The names are short and plain, and there is nothing but files, so no more of the format is needed.

use pallet::script::PackedFile;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};

const BLOCK: u64 = 512;

/// Larger files do not fit the eleven octal digits of the format.
const LIMIT: u64 = 1 << 33;

/// The archive, as far as it has not been read.
pub(super) struct Pack {
    files: VecDeque<PackedFile>,
    now: Box<dyn Read + Send>,
    ended: bool,
}

impl Pack {
    pub(super) fn new(files: &[PackedFile]) -> Self {
        Pack { files: files.iter().cloned().collect(), now: Box::new(io::empty()), ended: false }
    }

    /// Goes on with the next member; two empty blocks are the end.
    fn next(&mut self) -> io::Result<()> {
        let Some(file) = self.files.pop_front() else {
            self.ended = true;
            self.now = Box::new(io::repeat(0).take(2 * BLOCK));
            return Ok(());
        };
        let at = |error: io::Error| {
            io::Error::new(error.kind(), format!("{} on the controller: {error}", file.path.display()))
        };
        let content = File::open(&file.path).map_err(at)?;
        // One that has become shorter is filled up, or the archive would be none; its hash tells.
        let content = content.chain(io::repeat(0)).take(file.size);
        let padding = io::repeat(0).take(file.size.next_multiple_of(BLOCK) - file.size);
        self.now = Box::new(Cursor::new(header(&file).map_err(at)?).chain(content).chain(padding));
        Ok(())
    }
}

/// Files are local, and a block of one is there at once, so reading here stops nobody for long.
impl AsyncRead for Pack {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            let read = self.now.read(buffer.initialize_unfilled())?;
            if read > 0 || self.ended {
                buffer.advance(read);
                return Poll::Ready(Ok(()));
            }
            self.next()?;
        }
    }
}

fn header(file: &PackedFile) -> io::Result<Vec<u8>> {
    if file.size >= LIMIT || file.name.len() > 100 {
        return Err(io::Error::other("a file of 8 GiB or more cannot be in a directory that travels"));
    }
    let mut header = vec![0; BLOCK as usize];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &file.name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", file.size));
    put(136, "00000000000");
    // The checksum is counted with blanks in its place. Behind it, `0` is a file.
    put(148, "        0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use tempfile::TempDir;
    use tokio::io::AsyncReadExt;

    /// Writes files of these sizes, and returns them as they are packed.
    fn files(folder: &TempDir, sizes: &[u64]) -> Vec<PackedFile> {
        let write = |(number, size): (usize, &u64)| {
            let path = folder.path().join(format!("from {number}"));
            let content: Vec<u8> = (0..*size).map(|at| (at % 251) as u8 ^ number as u8).collect();
            fs::write(&path, content).expect("a file");
            PackedFile { name: number.to_string(), path, size: *size }
        };
        sizes.iter().enumerate().map(write).collect()
    }

    async fn packed(files: &[PackedFile]) -> io::Result<Vec<u8>> {
        let mut archive = Vec::new();
        Pack::new(files).read_to_end(&mut archive).await?;
        Ok(archive)
    }

    fn unpack(archive: &[u8], into: &Path) {
        let tar = Command::new("tar").arg("-xf-").current_dir(into).stdin(Stdio::piped()).spawn();
        let mut tar = tar.expect("tar starts");
        io::Write::write_all(&mut tar.stdin.take().expect("piped"), archive).expect("tar reads");
        assert!(tar.wait().expect("tar ends").success());
    }

    #[tokio::test]
    async fn tar_unpacks_what_was_packed() {
        let (from, into) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let files = files(&from, &[0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 200_000]);
        let archive = packed(&files).await.expect("an archive");
        assert_eq!(archive.len() as u64 % BLOCK, 0);
        unpack(&archive, into.path());
        for file in &files {
            let unpacked = fs::read(into.path().join(&file.name)).expect("unpacked");
            assert!(unpacked == fs::read(&file.path).expect("a file"), "{}", file.name);
        }
        assert_eq!(fs::read_dir(into.path()).expect("a folder").count(), files.len());
    }

    #[tokio::test]
    async fn a_file_that_shrinks_or_grows_leaves_the_others_whole() {
        let (from, into) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let files = files(&from, &[700, 700, 700]);
        fs::write(&files[0].path, "short").expect("a file");
        fs::write(&files[1].path, vec![b'x'; 5000]).expect("a file");
        unpack(&packed(&files).await.expect("an archive"), into.path());
        let read = |number: usize| fs::read(into.path().join(&files[number].name)).expect("unpacked");
        assert_eq!((read(0).len(), read(1).len()), (700, 700));
        assert!(read(0).starts_with(b"short\0"));
        assert!(read(2) == fs::read(&files[2].path).expect("a file"));
    }

    #[tokio::test]
    async fn what_cannot_be_read_or_packed_is_named() {
        let from = tempfile::tempdir().expect("a folder");
        let mut files = files(&from, &[1]);
        files[0].size = LIMIT;
        assert!(packed(&files).await.expect_err("too large").to_string().contains("8 GiB"));
        fs::remove_file(&files[0].path).expect("a file");
        let said = packed(&files).await.expect_err("not there").to_string();
        assert!(said.contains("from 0 on the controller"), "{said}");
    }
}
