//! Sends a file by SFTP: the only file that names its library.

use super::client::Stream;
use crate::transport::TransportError;
use crate::transport::upload::failed;
use russh_sftp::client::SftpSession;
use russh_sftp::protocol::{FileAttributes, OpenFlags};
use std::fmt::Display;
use tokio::io::{AsyncRead, AsyncWriteExt, BufReader};

/// How long the node may take for one answer, in seconds: several chunks may wait for a slow line.
const PATIENCE: u64 = 120;

/// How much is sent at once.
const CHUNK: usize = 256 << 10;

/// Writes a new file for its owner alone.
pub(super) async fn write(
    stream: impl Stream + 'static,
    path: &str,
    content: &mut (dyn AsyncRead + Send + Unpin),
) -> Result<(), TransportError> {
    let fail = |error: &dyn Display| failed(path, &crate::shell::visible(&error.to_string()));
    let session = SftpSession::new(stream).await.map_err(|error| fail(&error))?;
    session.set_timeout(PATIENCE);
    let flags = OpenFlags::CREATE | OpenFlags::EXCLUDE | OpenFlags::WRITE;
    let attributes = FileAttributes { permissions: Some(0o600), ..FileAttributes::empty() };
    let file = session.open_with_flags_and_attributes(path, flags, attributes).await;
    let mut file = file.map_err(|error| fail(&error))?;
    let mut content = BufReader::with_capacity(CHUNK, content);
    tokio::io::copy_buf(&mut content, &mut file).await.map_err(|error| fail(&error))?;
    file.flush().await.map_err(|error| fail(&error))?;
    file.close().await.map_err(|error| fail(&error))?;
    // The file is closed; that the session is, nobody waits for.
    let _ = session.close().await;
    Ok(())
}
