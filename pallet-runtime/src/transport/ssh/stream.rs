//! The stream below SSH: a TCP connection or a program, and a guard that no write waits for ever.

use crate::transport::{Stage, TransportError};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, BufReader, Join, ReadBuf};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, Sleep};

/// Connects to the first address of a host that answers, within a time that they share.
pub(super) async fn dial(host: &str, port: u16, limit: Duration) -> Result<TcpStream, TransportError> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(|error| no_address(host, &error))?.collect();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let end = Instant::now() + limit;
    for (tried, address) in addresses.iter().enumerate() {
        // An address that swallows packets must not use up the time of those behind it.
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = end.saturating_duration_since(Instant::now()) / left;
        match tokio::time::timeout(share, connect(*address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(TransportError {
        stage: Stage::Connect,
        message: format!("{host} port {port} does not answer: {last}"),
        hint: None,
        transient: true,
    })
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn no_address(host: &str, error: &io::Error) -> TransportError {
    TransportError {
        stage: Stage::Resolve,
        message: format!("no address for host {host}: {error}"),
        hint: Some("check the name, or give HostName in ~/.ssh/config".to_owned()),
        transient: false,
    }
}

/// Starts the command that a `ProxyCommand` names and returns its standard streams as one, and its complaints.
pub(super) fn run_proxy(command: &str) -> Result<(Proxy, Complaints), TransportError> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec {command}")).process_group(0).kill_on_drop(true);
    shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let fail = |words: &str| TransportError {
        stage: Stage::Connect,
        message: format!("the ProxyCommand `{command}` cannot be started: {words}"),
        hint: None,
        transient: false,
    };
    let mut child = shell.spawn().map_err(|error| fail(&error.to_string()))?;
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(fail("no pipes"));
    };
    let complaints = Complaints::default();
    tokio::spawn(complaints.clone().collect(stderr));
    Ok((Proxy { streams: tokio::io::join(stdout, stdin), _child: child }, complaints))
}

/// The last that a `ProxyCommand` wrote to its standard error: shown when the connection fails, else to nobody.
#[derive(Clone, Default)]
pub(super) struct Complaints(Arc<Mutex<String>>);

impl Complaints {
    /// Returns the last line, if there is one.
    pub(super) fn last(&self) -> Option<String> {
        let line = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(line).filter(|line| !line.is_empty())
    }

    async fn collect(self, stderr: ChildStderr) {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = line;
        }
    }
}

/// A program whose output we read and whose input we write. It ends with us.
pub(super) struct Proxy {
    streams: Join<ChildStdout, ChildStdin>,
    _child: Child,
}

impl AsyncRead for Proxy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.streams).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Proxy {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.streams).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.streams).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.streams).poll_shutdown(cx)
    }
}

/// A stream whose writes fail with [`io::ErrorKind::TimedOut`] when the other side takes nothing for too long.
///
/// The SSH library sends no keepalives while it is stuck in a write, so without this a node that freezes while it
/// is being sent something would never be noticed. A stream that cannot be shut down is over all the same.
pub(super) struct Guarded<S> {
    stream: S,
    limit: Duration,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Guarded { stream, limit, deadline: None }
    }

    /// Lets `written` pass when it is ready, and turns waiting too long for it into an error.
    fn guard<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let limit = self.limit;
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.guard(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.guard(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        ready!(self.guard(cx, closed)).ok();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn small_packets_are_not_held_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = dial("localhost", listener.local_addr().unwrap().port(), LIMIT).await.unwrap();
        assert!(stream.nodelay().unwrap(), "without TCP_NODELAY every command costs 40 ms more");
    }

    #[tokio::test]
    async fn a_closed_port_is_worth_another_try() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = dial("127.0.0.1", port, LIMIT).await.unwrap_err();
        assert!(error.transient && error.stage == Stage::Connect, "{error:?}");
    }

    #[tokio::test]
    async fn a_host_without_an_address_is_not() {
        let error = dial("no-such-host.invalid", 22, LIMIT).await.unwrap_err();
        assert!(!error.transient && error.stage == Stage::Resolve, "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_nobody_takes_ends() {
        let (ours, _theirs) = tokio::io::duplex(16);
        let mut stream = Guarded::new(ours, Duration::from_secs(30));
        let error = stream.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
