//! What is waited for, and how a node looks whether it is so.

use super::super::attributes::GivenPath;
use crate::name::RemotePath;
use crate::probe::{PathKind, PathState};
use crate::script::Script;
use crate::text::Text;
use crate::world::World;

#[derive(Debug)]
pub(super) enum Test {
    File {
        path: GivenPath,
        absent: bool,
    },
    Port {
        port: u16,
        host: Option<String>,
    },
    Http {
        url: String,
        status: u16,
        text: Option<String>,
    },
    Command(Text),
    /// A method that is not for this kind of wait was called.
    Wrong(&'static str),
}

const ONLY_FILES: &str = "`absent` is for files: `wait_for_file`";
const ONLY_PORTS: &str = "`on_host` is for ports: `wait_for_port`";
const ONLY_HTTP: &str = "`status` and `containing` are for HTTP: `wait_for_http`";

impl Test {
    pub(super) fn file(path: &str) -> Self {
        Test::File { path: GivenPath::new(path), absent: false }
    }

    pub(super) fn port(port: u16) -> Self {
        Test::Port { port, host: None }
    }

    pub(super) fn http(url: String) -> Self {
        Test::Http { url, status: 200, text: None }
    }

    pub(super) fn expect_absent(&mut self) {
        match self {
            Test::File { absent, .. } => *absent = true,
            other => *other = Test::Wrong(ONLY_FILES),
        }
    }

    pub(super) fn on_host(&mut self, name: String) {
        match self {
            Test::Port { host, .. } => *host = Some(name),
            other => *other = Test::Wrong(ONLY_PORTS),
        }
    }

    pub(super) fn expect_status(&mut self, code: u16) {
        match self {
            Test::Http { status, .. } => *status = code,
            other => *other = Test::Wrong(ONLY_HTTP),
        }
    }

    pub(super) fn expect_text(&mut self, wanted: String) {
        match self {
            Test::Http { text, .. } => *text = Some(wanted),
            other => *other = Test::Wrong(ONLY_HTTP),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Test::File { path, .. } => path.check(),
            Test::Port { port: 0, .. } => Err("a port is a number from 1 to 65535".to_owned()),
            Test::Port { host: Some(host), .. } if !is_host(host) => Err(format!("{host:?} is no host")),
            Test::Http { url, .. } if !url.starts_with("http://") && !url.starts_with("https://") => {
                Err(format!("{url:?} does not begin with http:// or https://"))
            }
            Test::Wrong(message) => Err((*message).to_owned()),
            Test::Port { .. } | Test::Http { .. } | Test::Command(_) => Ok(()),
        }
    }

    /// Returns what is waited for, in words.
    pub(super) fn subject(&self) -> String {
        match self {
            Test::File { path, absent: false } => path.subject(),
            Test::File { path, absent: true } => format!("until {} is gone", path.subject()),
            Test::Port { port, host: None } => format!("port {port}"),
            Test::Port { port, host: Some(host) } => format!("port {port} of {host}"),
            Test::Http { url, status, text: None } => format!("{url} to answer with {status}"),
            Test::Http { url, status, text: Some(text) } => {
                format!("{url} to answer with {status} and {text:?}")
            }
            Test::Command(command) => format!("until {}", super::super::exec::in_short(command)),
            Test::Wrong(_) => "for something else".to_owned(),
        }
    }

    /// Returns the path whose kind decides, if that is all.
    pub(super) fn path(&self) -> Option<&RemotePath> {
        match self {
            Test::File { path, .. } => Some(path.get()),
            _ => None,
        }
    }

    pub(super) fn command(&self) -> Option<&Text> {
        match self {
            Test::Command(command) => Some(command),
            _ => None,
        }
    }

    pub(super) fn holds_with(&self, kind: &PathKind) -> bool {
        let absent = matches!(self, Test::File { absent: true, .. });
        (*kind == PathKind::Absent) == absent
    }

    pub(super) fn predict(&self, world: &mut World) {
        if let Test::File { path, absent: true } = self {
            world.set_path(path.get(), PathState::absent());
        }
    }

    /// Returns code that defines `p_holds`.
    pub(super) fn script(&self) -> Script {
        let script = Script::new().code("p_holds() {\n");
        let script = match self {
            Test::File { path, absent: false } => script.call("p_look_file", [path.get().as_str()]),
            Test::File { path, absent: true } => script.call("p_look_no_file", [path.get().as_str()]),
            Test::Port { port, host: None } => script.call("p_look_listening", [format!("{port:04X}")]),
            Test::Port { port, host: Some(host) } => script.call("p_look_port", [host, &port.to_string()]),
            Test::Http { url, status, text } => {
                let text = text.clone().unwrap_or_default();
                script.call("p_look_http", [url, &status.to_string(), &text])
            }
            Test::Command(command) => script
                .code("p_seen=$( (unset p_token\ncd / || exit\neval ")
                .word(command.clone())
                .code("\n) 2>&1 )\n"),
            Test::Wrong(_) => script.code("false\n"),
        };
        script.code("}\n")
    }
}

/// A name or an address, and nothing that a program would take for an option.
fn is_host(host: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
    !host.is_empty() && !host.starts_with('-') && host.bytes().all(plain)
}
