//! A site: its names, its ports, and what is served where.

use crate::syntax::{self, Config};
use crate::tls::Tls;
use pallet::prelude::*;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// One site: a `server` block, with its upstreams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    name: String,
    server_names: Vec<String>,
    port: Option<u16>,
    default: bool,
    tls: Option<Tls>,
    http2: bool,
    redirect_http: bool,
    locations: Vec<Location>,
    extra: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Location {
    path: String,
    serves: Serves,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Serves {
    Files(String),
    Proxy(Upstream),
    Redirect(String),
    Text(String),
    Directives(String),
}

/// The servers that a reverse proxy passes requests to.
///
/// ```
/// use pallet_nginx::Upstream;
///
/// let apps = Upstream::new(["10.0.0.5:8080".parse().unwrap(), "10.0.0.6:8080".parse().unwrap()]);
/// assert_eq!(apps.servers().len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    servers: Vec<SocketAddr>,
    keepalive: u32,
    sticky: bool,
}

impl Upstream {
    /// Returns an upstream of these servers, which take turns. Their order does not matter.
    pub fn new(servers: impl IntoIterator<Item = SocketAddr>) -> Self {
        let mut servers: Vec<SocketAddr> = servers.into_iter().collect();
        // Nodes may come in any order; the configuration shall not change for that.
        servers.sort_unstable();
        servers.dedup();
        Upstream { servers, keepalive: 16, sticky: false }
    }

    /// Returns an upstream of a port of nodes, such as those of another group. For a node that does not exist yet, the
    /// plan ends at this line.
    #[track_caller]
    pub fn nodes<'a>(nodes: impl IntoIterator<Item = &'a Node>, port: u16) -> Self {
        let address = |node: &Node| -> IpAddr { node.private_ip() };
        Upstream::new(nodes.into_iter().map(|node| SocketAddr::new(address(node), port)).collect::<Vec<_>>())
    }

    /// Sets how many idle connections to the servers each process keeps; 0 for none. Without this, 16.
    #[must_use]
    pub fn keepalive(self, connections: u32) -> Self {
        Upstream { keepalive: connections, ..self }
    }

    /// Sends requests of one address always to the same server.
    #[must_use]
    pub fn sticky(self) -> Self {
        Upstream { sticky: true, ..self }
    }

    /// Returns the servers, sorted.
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }
}

impl Site {
    /// Returns a site of this name, which is that of its file. It listens on port 80, or 443 with TLS, and answers to
    /// all names.
    pub fn new(name: impl Into<String>) -> Self {
        Site {
            name: name.into(),
            server_names: Vec::new(),
            port: None,
            default: false,
            tls: None,
            http2: false,
            redirect_http: true,
            locations: Vec::new(),
            extra: String::new(),
        }
    }

    /// Adds a name that the site answers to, such as `www.example.org` or `*.example.org`.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_names.push(name.into());
        self
    }

    /// Sets the port.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        Site { port: Some(port), ..self }
    }

    /// Lets the site answer requests to names that no site has.
    #[must_use]
    pub fn default_server(self) -> Self {
        Site { default: true, ..self }
    }

    /// Serves over TLS. Requests to port 80 are sent there, unless [`no_redirect`](Site::no_redirect) is said.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Site { tls: Some(tls), ..self }
    }

    /// Speaks HTTP/2 as well. Only over TLS.
    #[must_use]
    pub fn http2(self) -> Self {
        Site { http2: true, ..self }
    }

    /// Leaves port 80 alone where the site has TLS.
    #[must_use]
    pub fn no_redirect(self) -> Self {
        Site { redirect_http: false, ..self }
    }

    /// Serves the files of a directory of the node below this path: `/a/b` is the file `directory/a/b` for
    /// `/`, and `directory/b` for `/a/`.
    #[must_use]
    pub fn static_files(self, path: impl Into<String>, directory: impl Into<String>) -> Self {
        self.location(path, Serves::Files(directory.into()))
    }

    /// Passes requests below this path on to other servers, with the headers that tell who asked.
    #[must_use]
    pub fn proxy(self, path: impl Into<String>, upstream: Upstream) -> Self {
        self.location(path, Serves::Proxy(upstream))
    }

    /// Answers requests below this path with a permanent redirect to an address.
    #[must_use]
    pub fn redirect(self, path: impl Into<String>, to: impl Into<String>) -> Self {
        self.location(path, Serves::Redirect(to.into()))
    }

    /// Answers requests below this path with a text: for health checks.
    #[must_use]
    pub fn text(self, path: impl Into<String>, text: impl Into<String>) -> Self {
        self.location(path, Serves::Text(text.into()))
    }

    /// Adds a `location` block with these directives, as they are.
    #[must_use]
    pub fn location_directives(self, path: impl Into<String>, directives: impl Into<String>) -> Self {
        self.location(path, Serves::Directives(directives.into()))
    }

    /// Adds directives to the `server` block, as they are.
    #[must_use]
    pub fn directives(mut self, directives: impl AsRef<str>) -> Self {
        self.extra.push_str(directives.as_ref());
        self.extra.push('\n');
        self
    }

    /// Returns the name of the site.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn server_names(&self) -> &[String] {
        &self.server_names
    }

    pub(crate) fn tls_of(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    fn location(mut self, path: impl Into<String>, serves: Serves) -> Self {
        self.locations.push(Location { path: path.into(), serves });
        self
    }

    pub(crate) fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        if self.port == Some(0) {
            return Err("a port is 1 to 65535".to_owned());
        }
        if self.http2 && self.tls.is_none() {
            return Err("browsers speak HTTP/2 over TLS only: add `.tls(..)`".to_owned());
        }
        for name in &self.server_names {
            check_server_name(name)?;
        }
        if let Some(tls) = &self.tls {
            tls.check()?;
        }
        let mut paths: Vec<&str> = self.locations.iter().map(|location| location.path.as_str()).collect();
        paths.sort_unstable();
        if let Some(twice) = paths.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("{:?} is served twice", twice[0]));
        }
        self.render().map(|_| ())
    }

    /// Returns the text of the site's file. Only of a site that passed its check.
    pub(crate) fn config(&self) -> String {
        self.render().unwrap_or_default()
    }

    fn render(&self) -> Result<String, String> {
        let mut config = Config::default();
        for (index, location) in self.locations.iter().enumerate() {
            if let Serves::Proxy(upstream) = &location.serves {
                self.upstream(index, upstream, &mut config)?;
            }
        }
        let mut failed = None;
        if self.tls.is_some() && self.redirect_http {
            config.block("server", |server| {
                self.listen(server, 80, "");
                self.names(server);
                let port =
                    self.port.filter(|port| *port != 443).map_or(String::new(), |port| format!(":{port}"));
                server.line(format_args!("return 301 https://$host{port}$request_uri;"));
            });
        }
        config.block("server", |server| failed = self.server(server).err());
        failed.map_or_else(|| Ok(config.finish()), Err)
    }

    fn server(&self, server: &mut Config) -> Result<(), String> {
        match &self.tls {
            None => self.listen(server, self.port.unwrap_or(80), ""),
            Some(tls) => {
                let protocols = if self.http2 { " ssl http2" } else { " ssl" };
                self.listen(server, self.port.unwrap_or(443), protocols);
                let (certificate, key) = tls.paths(&self.name);
                server.line(format_args!("ssl_certificate {};", syntax::path("certificate", &certificate)?));
                server.line(format_args!("ssl_certificate_key {};", syntax::path("key", &key)?));
            }
        }
        self.names(server);
        server.raw(&self.extra);
        for (index, location) in self.locations.iter().enumerate() {
            let head = format!("location {}", syntax::path("location", &location.path)?);
            let mut failed = None;
            server.block(head, |block| failed = self.serve(index, location, block).err());
            failed.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn listen(&self, server: &mut Config, port: u16, protocols: &str) {
        let default = if self.default { " default_server" } else { "" };
        server.line(format_args!("listen {port}{protocols}{default};"));
        server.line(format_args!("listen [::]:{port}{protocols}{default};"));
    }

    fn names(&self, server: &mut Config) {
        let names = if self.server_names.is_empty() { "_".to_owned() } else { self.server_names.join(" ") };
        server.line(format_args!("server_name {names};"));
    }

    fn serve(&self, index: usize, location: &Location, block: &mut Config) -> Result<(), String> {
        match &location.serves {
            Serves::Files(directory) => {
                let directory = directory.trim_end_matches('/');
                let directory = if directory.is_empty() { "/" } else { directory };
                if location.path == "/" {
                    block.line(format_args!("root {};", syntax::path("directory", directory)?));
                } else {
                    // With `alias`, a path that ends in a slash needs a directory that does so too.
                    let slash = if location.path.ends_with('/') { "/" } else { "" };
                    let alias = format!("{directory}{slash}");
                    block.line(format_args!("alias {};", syntax::path("directory", &alias)?));
                }
                block.line("index index.html index.htm;");
            }
            Serves::Proxy(_) => {
                block.line(format_args!("proxy_pass http://{};", self.upstream_name(index)));
                block.line("proxy_http_version 1.1;");
                for (header, value) in [
                    ("Connection", "\"\""),
                    ("Host", "$host"),
                    ("X-Real-IP", "$remote_addr"),
                    ("X-Forwarded-For", "$proxy_add_x_forwarded_for"),
                    ("X-Forwarded-Proto", "$scheme"),
                ] {
                    block.line(format_args!("proxy_set_header {header} {value};"));
                }
            }
            Serves::Redirect(to) => {
                block.line(format_args!("return 301 {};", syntax::quoted("address", to)?));
            }
            Serves::Text(text) => {
                block.line("default_type text/plain;");
                block.line(format_args!("return 200 {};", syntax::quoted("text", text)?));
            }
            Serves::Directives(directives) => block.raw(directives),
        }
        Ok(())
    }

    fn upstream(&self, index: usize, upstream: &Upstream, config: &mut Config) -> Result<(), String> {
        if upstream.servers.is_empty() {
            let path = &self.locations[index].path;
            return Err(format!("no server to pass {path:?} to: does the group have nodes in this run?"));
        }
        config.block(format_args!("upstream {}", self.upstream_name(index)), |block| {
            if upstream.sticky {
                block.line("ip_hash;");
            }
            for server in &upstream.servers {
                block.line(format_args!("server {server};"));
            }
            if upstream.keepalive > 0 {
                block.line(format_args!("keepalive {};", upstream.keepalive));
            }
        });
        Ok(())
    }

    /// Upstreams of all sites share one name space.
    fn upstream_name(&self, index: usize) -> String {
        let mut name = String::new();
        for b in self.name.bytes() {
            match b {
                b if b.is_ascii_alphanumeric() => name.push(char::from(b)),
                // Writing to a String does not fail.
                b => _ = write!(name, "_{b:02x}"),
            }
        }
        format!("{name}_{index}")
    }
}

/// Checks the name of a site, which becomes that of a file.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if name.is_empty() || name.starts_with('.') || name.len() > 200 || !name.bytes().all(fits) {
        return Err("the name of a site has letters, digits, `-`, `_` and `.`, and does not begin with `.`"
            .to_owned());
    }
    Ok(())
}

fn check_server_name(name: &str) -> Result<(), String> {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if bare.split('.').all(label) {
        return Ok(());
    }
    Err(format!("{name:?} is no host name: expected one like `www.example.org` or `*.example.org`"))
}
