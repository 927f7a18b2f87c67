//! A web server for one file, whose connections can be made to break.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// How the server behaves. It can be changed between requests.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The file.
    pub content: Vec<u8>,
    /// Its entity tag, with its quotes.
    pub tag: Option<String>,
    /// Whether a part of the file can be asked for.
    pub ranges: bool,
    /// After how many bytes of an answer a connection breaks, for the next connections, one each.
    pub breaks: Vec<usize>,
    /// Answers every request with this address.
    pub moved_to: Option<String>,
    /// Answers every request with this status, once no connection is left that is to break.
    pub status: Option<u16>,
}

/// A server that ends with the process.
#[derive(Debug, Clone)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    site: Site,
    /// Method and range of each request.
    requests: Vec<(String, Option<usize>)>,
    sent: usize,
}

impl Server {
    /// Starts a server.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub fn start(site: Site) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = Server { address, shared: Arc::new(Mutex::new(Shared { site, ..Shared::default() })) };
        let serving = server.clone();
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A client that goes away is the client's business.
                let _ = serving.serve(&connection);
            }
        });
        server
    }

    /// Returns the address of a file; any name will do.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}", self.address)
    }

    /// Lets the server behave differently from now on, and forgets what was asked.
    pub fn change(&self, change: impl FnOnce(&mut Site)) {
        let mut shared = self.shared();
        change(&mut shared.site);
        (shared.requests, shared.sent) = (Vec::new(), 0);
    }

    /// Returns the first bytes that were asked for, of each request for content.
    pub fn asked(&self) -> Vec<usize> {
        let shared = self.shared();
        let gets = shared.requests.iter().filter(|(method, _)| method == "GET");
        gets.map(|(_, from)| from.unwrap_or(0)).collect()
    }

    /// Returns how many bytes of content were sent.
    pub fn sent(&self) -> usize {
        self.shared().sent
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, mut connection: &TcpStream) -> std::io::Result<()> {
        let mut lines = BufReader::new(connection).lines();
        let request = lines.next().transpose()?.unwrap_or_default();
        let mut headers = Vec::new();
        for line in lines {
            let line = line?;
            if line.is_empty() {
                break;
            }
            headers.push(line.to_ascii_lowercase());
        }
        let method = request.split(' ').next().unwrap_or_default().to_owned();
        let (head, body, limit) = self.answer(&method, &headers);
        connection.write_all(head.as_bytes())?;
        if method == "GET" {
            let body = &body[..limit.min(body.len())];
            self.shared().sent += body.len();
            connection.write_all(body)?;
        }
        Ok(())
    }

    fn answer(&self, method: &str, headers: &[String]) -> (String, Vec<u8>, usize) {
        let mut shared = self.shared();
        let value = |name: &str| headers.iter().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let site = shared.site.clone();
        let tag = site.tag.clone().map(|tag| format!("ETag: {tag}\r\n")).unwrap_or_default();
        if let Some(target) = &site.moved_to {
            return (
                format!("HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"),
                vec![],
                0,
            );
        }
        let wanted = value("range: bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok());
        let is_same = value("if-range:").is_none_or(|given| {
            Some(given.to_owned()) == site.tag.as_ref().map(|tag| tag.to_ascii_lowercase())
        });
        shared.requests.push((method.to_owned(), wanted));
        if let (Some(status), true) = (site.status, site.breaks.is_empty()) {
            return (format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n"), vec![], 0);
        }
        let limit = match method == "GET" && !shared.site.breaks.is_empty() {
            true => shared.site.breaks.remove(0),
            false => usize::MAX,
        };
        let whole = site.content.len();
        match wanted.filter(|_| site.ranges && is_same) {
            Some(from) if from >= whole => (
                format!("HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */{whole}\r\n\r\n"),
                vec![],
                0,
            ),
            Some(from) => {
                let rest = site.content[from..].to_vec();
                let length = rest.len();
                let range = format!("Content-Range: bytes {from}-{}/{whole}\r\n", whole - 1);
                (format!("HTTP/1.1 206 Part\r\n{tag}{range}Content-Length: {length}\r\n\r\n"), rest, limit)
            }
            None => (format!("HTTP/1.1 200 OK\r\n{tag}Content-Length: {whole}\r\n\r\n"), site.content, limit),
        }
    }
}
