//! The wire between a controller and a node: a TCP proxy that makes it as long as it is told, and counts.
//!
//! A chunk is passed on half a round trip after it came, in order. A connection is made a whole round trip after it
//! was asked for, as the handshake of TCP takes that long.
//!
//! Round trips are the longest chain of causes: what the server sends is one further than the furthest that it has
//! heard of, what the client sends is as far as the furthest that it has heard of. So what both sides send at the same
//! time is no round trip, and it does not matter in how many pieces it comes.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A wire to one node.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    counter: Arc<Counter>,
}

/// What went over a wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Connections.
    pub connections: u64,
    /// How often the client had to wait: for connections, and for answers to what it had sent.
    pub round_trips: u64,
    /// Bytes from the client.
    pub sent: u64,
    /// Bytes to the client.
    pub received: u64,
}

#[derive(Debug, Default)]
struct Counter {
    connections: AtomicU64,
    round_trips: AtomicU64,
    sent: AtomicU64,
    received: AtomicU64,
}

impl Proxy {
    /// Opens a wire to `target` at an address of this machine. It lasts as long as the runtime.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    pub async fn open(at: SocketAddr, target: SocketAddr, round_trip: Duration) -> io::Result<Proxy> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let counter = Arc::new(Counter::default());
        tokio::spawn(accept(listener, target, round_trip, counter.clone()));
        Ok(Proxy { address, counter })
    }

    /// Returns where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what went over it since it was last asked.
    #[must_use]
    pub fn take_counts(&self) -> Counts {
        let take = |number: &AtomicU64| number.swap(0, Ordering::Relaxed);
        Counts {
            connections: take(&self.counter.connections),
            round_trips: take(&self.counter.round_trips),
            sent: take(&self.counter.sent),
            received: take(&self.counter.received),
        }
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, round_trip: Duration, counter: Arc<Counter>) {
    while let Ok((client, _)) = listener.accept().await {
        counter.connections.fetch_add(1, Ordering::Relaxed);
        counter.round_trips.fetch_add(1, Ordering::Relaxed);
        let counter = counter.clone();
        // A connection that breaks is for the two sides to notice.
        tokio::spawn(async move { carry(client, target, round_trip, counter).await });
    }
}

async fn carry(
    client: TcpStream,
    target: SocketAddr,
    round_trip: Duration,
    counter: Arc<Counter>,
) -> io::Result<()> {
    tokio::time::sleep(round_trip).await;
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // How far each side is: the handshake of TCP was the first round trip of both.
    let client_at = Arc::new(AtomicU64::new(1));
    let server_at = Arc::new(AtomicU64::new(1));
    let (up_counter, up_client, up_server) = (counter.clone(), client_at.clone(), server_at.clone());
    let up = Pump {
        from: from_client,
        to: to_server,
        way: round_trip / 2,
        on_read: move |length: usize| {
            up_counter.sent.fetch_add(length as u64, Ordering::Relaxed);
            up_client.load(Ordering::Relaxed)
        },
        on_write: move |at| {
            up_server.fetch_max(at, Ordering::Relaxed);
        },
    };
    let down_counter = counter.clone();
    let down = Pump {
        from: from_server,
        to: to_client,
        way: round_trip / 2,
        on_read: move |length: usize| {
            counter.received.fetch_add(length as u64, Ordering::Relaxed);
            server_at.load(Ordering::Relaxed) + 1
        },
        on_write: move |at| {
            let before = client_at.fetch_max(at, Ordering::Relaxed);
            down_counter.round_trips.fetch_add(at.saturating_sub(before), Ordering::Relaxed);
        },
    };
    let (up, down) = tokio::join!(up.run(), down.run());
    up.and(down)
}

/// One direction of a connection.
struct Pump<R, W> {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    way: Duration,
    /// Is told how much came; its answer travels with it.
    on_read: R,
    on_write: W,
}

impl<R, W> Pump<R, W> {
    async fn run<T>(self) -> io::Result<()>
    where
        R: Fn(usize) -> T,
        W: Fn(T),
    {
        let Pump { mut from, mut to, way, on_read, on_write } = self;
        let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>, T)>();
        let read = async move {
            let mut buffer = vec![0; 64 << 10];
            loop {
                let length = from.read(&mut buffer).await?;
                if length == 0 {
                    return io::Result::Ok(());
                }
                let tag = on_read(length);
                // The writer is gone when the other side does not listen any more.
                if sender.send((Instant::now() + way, buffer[..length].to_vec(), tag)).is_err() {
                    return Ok(());
                }
            }
        };
        let write = async move {
            while let Some((due, bytes, tag)) = receiver.recv().await {
                tokio::time::sleep_until(due).await;
                on_write(tag);
                to.write_all(&bytes).await?;
            }
            to.shutdown().await
        };
        let (read, written) = tokio::join!(read, write);
        read.and(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers every byte with the same byte.
    async fn echo() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
        address
    }

    #[tokio::test]
    async fn questions_are_counted_and_take_their_time() {
        let round_trip = Duration::from_millis(20);
        let proxy = Proxy::open("127.0.0.1:0".parse().unwrap(), echo().await, round_trip).await.unwrap();
        let started = Instant::now();
        let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
        for _ in 0..3 {
            stream.write_all(b"x").await.unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
        }
        assert!(started.elapsed() >= round_trip * 4, "{:?}", started.elapsed());
        let counts = proxy.take_counts();
        assert_eq!(counts, Counts { connections: 1, round_trips: 4, sent: 3, received: 3 });
        assert_eq!(proxy.take_counts(), Counts::default());
    }
}
