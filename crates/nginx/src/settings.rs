//! What is set for nginx as a whole.

use crate::layout::Layout;
use crate::site::Site;
use crate::syntax::{Config, Unwritable};
use std::collections::BTreeSet;
use std::fmt;

/// How nginx is configured on a node: what holds for all sites, and the sites.
///
/// | setting | default |
/// |---|---|
/// | [`workers`](Settings::workers) | one for each processor |
/// | [`worker_connections`](Settings::worker_connections) | 1024 |
/// | [`client_max_body_mib`](Settings::client_max_body_mib) | 1 |
/// | [`keepalive_seconds`](Settings::keepalive_seconds) | 65 |
/// | [`gzip`](Settings::gzip) | on |
/// | [`server_tokens`](Settings::server_tokens) | off: the version is told to nobody |
/// | [`default_site`](Settings::default_site) | the one that the distribution brings is not served |
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    workers: Workers,
    worker_connections: u32,
    client_max_body_mib: u32,
    keepalive_seconds: u32,
    gzip: bool,
    server_tokens: bool,
    default_site: bool,
    http_extra: String,
    sites: Vec<Site>,
    without: BTreeSet<String>,
}

/// How many processes of nginx serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// As many as the node has processors.
    PerProcessor,
    /// So many.
    Exactly(u32),
}

/// Why settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingsError {
    /// A number is outside of what nginx takes.
    OutOfRange {
        /// Which setting.
        setting: &'static str,
        /// What is possible.
        expected: &'static str,
    },
    /// Two sites have one name, or a site is declared and unwanted.
    SiteTwice(String),
    /// Something about a site is wrong.
    Site {
        /// Its name.
        site: String,
        /// What is wrong.
        mistake: String,
    },
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::OutOfRange { setting, expected } => {
                write!(f, "{setting} of nginx: expected {expected}")
            }
            SettingsError::SiteTwice(site) => write!(f, "the site {site:?} of nginx is declared twice"),
            SettingsError::Site { site, mistake } => write!(f, "the site {site:?} of nginx: {mistake}"),
        }
    }
}

impl std::error::Error for SettingsError {}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            workers: Workers::PerProcessor,
            worker_connections: 1024,
            client_max_body_mib: 1,
            keepalive_seconds: 65,
            gzip: true,
            server_tokens: false,
            default_site: false,
            http_extra: String::new(),
            sites: Vec::new(),
            without: BTreeSet::new(),
        }
    }
}

impl Settings {
    /// Returns the defaults, without any site.
    pub fn new() -> Self {
        Settings::default()
    }

    /// Sets how many processes serve.
    #[must_use]
    pub fn workers(self, workers: Workers) -> Self {
        Settings { workers, ..self }
    }

    /// Sets how many connections each process may have open, those to upstreams counted.
    #[must_use]
    pub fn worker_connections(self, count: u32) -> Self {
        Settings { worker_connections: count, ..self }
    }

    /// Sets how large the body of a request may be, in MiB; 0 for any size.
    #[must_use]
    pub fn client_max_body_mib(self, mib: u32) -> Self {
        Settings { client_max_body_mib: mib, ..self }
    }

    /// Sets for how many seconds a connection without requests is kept open.
    #[must_use]
    pub fn keepalive_seconds(self, seconds: u32) -> Self {
        Settings { keepalive_seconds: seconds, ..self }
    }

    /// Sets whether texts are compressed.
    #[must_use]
    pub fn gzip(self, on: bool) -> Self {
        Settings { gzip: on, ..self }
    }

    /// Sets whether answers and error pages tell the version of nginx.
    #[must_use]
    pub fn server_tokens(self, on: bool) -> Self {
        Settings { server_tokens: on, ..self }
    }

    /// Sets whether the site that the distribution brings is served.
    #[must_use]
    pub fn default_site(self, on: bool) -> Self {
        Settings { default_site: on, ..self }
    }

    /// Adds directives to the `http` block, as they are.
    #[must_use]
    pub fn http_directives(mut self, directives: impl AsRef<str>) -> Self {
        self.http_extra.push_str(directives.as_ref());
        self.http_extra.push('\n');
        self
    }

    /// Adds a site.
    #[must_use]
    pub fn site(mut self, site: Site) -> Self {
        self.sites.push(site);
        self
    }

    /// Has a site no longer served, which earlier settings declared.
    #[must_use]
    pub fn without_site(mut self, name: impl Into<String>) -> Self {
        self.without.insert(name.into());
        self
    }

    /// Returns the sites.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// Returns the names of the sites that shall not be served.
    pub(crate) fn unwanted_sites(&self) -> impl Iterator<Item = &str> {
        let theirs = (!self.default_site && !self.sites.iter().any(|site| site.name() == "default"))
            .then_some("default");
        theirs.into_iter().chain(self.without.iter().map(String::as_str))
    }

    /// Checks what can be checked without a node.
    ///
    /// # Errors
    ///
    /// With the first mistake.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let range = |holds: bool, setting, expected| match holds {
            true => Ok(()),
            false => Err(SettingsError::OutOfRange { setting, expected }),
        };
        let workers = !matches!(self.workers, Workers::Exactly(0));
        range(workers, "workers", "at least 1")?;
        range((1..=1_000_000).contains(&self.worker_connections), "worker_connections", "1 to 1000000")?;
        range(self.keepalive_seconds <= 86_400, "keepalive_seconds", "at most 86400, a day")?;
        let mut names: BTreeSet<&str> = self.without.iter().map(String::as_str).collect();
        for site in &self.sites {
            let wrong = |mistake| SettingsError::Site { site: site.name().to_owned(), mistake };
            site.check().map_err(wrong)?;
            if !names.insert(site.name()) {
                return Err(SettingsError::SiteTwice(site.name().to_owned()));
            }
        }
        for name in &self.without {
            crate::site::check_name(name)
                .map_err(|mistake: String| SettingsError::Site { site: name.clone(), mistake })?;
        }
        Ok(())
    }

    /// Returns the text of `nginx.conf`.
    pub(crate) fn main_config(&self, layout: &Layout) -> String {
        let on = |on| if on { "on" } else { "off" };
        let mut config = Config::default();
        config.line(format_args!("user {};", layout.user));
        match self.workers {
            Workers::PerProcessor => config.line("worker_processes auto;"),
            Workers::Exactly(count) => config.line(format_args!("worker_processes {count};")),
        }
        config.line(format_args!("pid {};", layout.pid));
        config.line("error_log /var/log/nginx/error.log;");
        config.line(format_args!("include {};", layout.modules));
        config.block("events", |events| {
            events.line(format_args!("worker_connections {};", self.worker_connections));
        });
        config.block("http", |http| {
            http.line("include /etc/nginx/mime.types;");
            http.line("default_type application/octet-stream;");
            http.line("access_log /var/log/nginx/access.log;");
            http.line("sendfile on;");
            http.line("tcp_nopush on;");
            http.line("types_hash_max_size 2048;");
            http.line("server_names_hash_bucket_size 128;");
            http.line(format_args!("keepalive_timeout {};", self.keepalive_seconds));
            http.line(format_args!("client_max_body_size {}m;", self.client_max_body_mib));
            http.line(format_args!("server_tokens {};", on(self.server_tokens)));
            http.line(format_args!("gzip {};", on(self.gzip)));
            if self.gzip {
                http.line("gzip_vary on;");
                http.line("gzip_proxied any;");
                http.line(
                    "gzip_types text/plain text/css text/xml application/json application/javascript \
                     application/xml image/svg+xml;",
                );
            }
            http.line("ssl_protocols TLSv1.2 TLSv1.3;");
            http.line("ssl_session_cache shared:TLS:10m;");
            http.raw(&self.http_extra);
            for pattern in layout.includes() {
                http.line(format_args!("include {pattern};"));
            }
        });
        config.finish()
    }
}

impl From<Unwritable> for String {
    fn from(error: Unwritable) -> String {
        error.to_string()
    }
}
