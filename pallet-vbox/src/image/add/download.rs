//! Fetches a file to the host with `curl`, which is there or quickly installed, goes through the user's proxies, and
//! works as well where the host is another machine than the controller.
//!
//! A download that breaks off goes on where it was, in the same run or in the next. That the rest belongs to the same
//! file is known by its checksum, or else by the entity tag that the server gave it.

use super::Work;
use super::source::Url;
use crate::host;
use pallet::Secret;
use pallet::compute::{Checksum, CommandOutput, ComputeError, HostCommand, Progress, RunError};
use std::path::PathBuf;
use std::time::Duration;

/// How often it is tried again without a byte having come.
const TRIES: u32 = 3;

/// Fetches the file and returns where it is.
pub(super) async fn download(
    work: &Work<'_>,
    url: &Url,
    checksum: Option<&Checksum>,
    progress: Progress<'_>,
) -> Result<PathBuf, ComputeError> {
    let part = work.path("part");
    let begun = begin(work, url, checksum).await?;
    let fetch =
        Fetch { work, url, part: part.clone(), checksum, progress, total: head(work, url).await?.length };
    fetch.check_room(begun.size).await?;
    if begun.size == 0 || fetch.total != Some(begun.size) {
        fetch.run(begun).await?;
    }
    Ok(part)
}

/// Forgets what was downloaded: it is not what it should be.
pub(super) async fn forget(work: &Work<'_>) -> Result<(), ComputeError> {
    let folder = work.folder.display().to_string();
    let command = host::script(r#"cd -- "$1" && rm -f -- part part.etag part.url"#, [folder.as_str()]);
    host::run(work.runner, "remove the download", &command).await.map(drop)
}

/// What was downloaded before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Begun {
    size: u64,
    /// The server's word for this very content.
    tag: Option<String>,
}

/// Looks for an earlier download of this URL, and forgets one that cannot be gone on with.
async fn begin(work: &Work<'_>, url: &Url, checksum: Option<&Checksum>) -> Result<Begun, ComputeError> {
    const SCRIPT: &str = r#"
cd -- "$1" || exit 1
if [ -f part ] && [ "$(cat part.url 2>/dev/null)" = "$2" ] && { [ "$3" = checked ] || [ -s part.etag ]; }; then
    wc -c <part
    head -n 1 part.etag 2>/dev/null
    exit 0
fi
rm -f -- part part.etag
printf '%s\n' "$2" >part.url && echo 0
"#;
    let folder = work.folder.display().to_string();
    let checked = if checksum.is_some() { "checked" } else { "unchecked" };
    let command = host::script(SCRIPT, [folder.as_str(), &url.shown(), checked]);
    let stdout = host::run(work.runner, "begin the download", &command).await?;
    let begun = parse_begun(&String::from_utf8_lossy(&stdout));
    match (&begun.tag, checksum) {
        (None, None) if begun.size > 0 => forget(work).await.map(|()| Begun::default()),
        _ => Ok(begun),
    }
}

fn parse_begun(text: &str) -> Begun {
    let mut lines = text.lines();
    let size = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
    Begun { size, tag: lines.next().and_then(strong_tag) }
}

/// A weak tag says only that two contents mean the same. Nothing else may get into a header.
fn strong_tag(line: &str) -> Option<String> {
    let inner = line.trim().strip_prefix('"')?.strip_suffix('"')?;
    let is_plain = inner.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    (is_plain && inner.len() <= 200).then(|| format!("\"{inner}\""))
}

/// What a server says about a file before it is fetched.
struct Head {
    length: Option<u64>,
}

/// A server that does not answer this is not asked again: the download itself will tell.
async fn head(work: &Work<'_>, url: &Url) -> Result<Head, ComputeError> {
    let output = match work.runner.run(&curl(url, &["--head", "--max-time", "60"], &[])).await {
        Err(RunError::NotFound(_)) => {
            return Err(ComputeError::input("there is no `curl` on the host, which fetches images")
                .hint("install curl, or fetch the file yourself and name it"));
        }
        Err(error) => return Err(ComputeError::failed(format!("cannot fetch {}", url.shown())).source(error)),
        Ok(output) => output,
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Head { length: (output.code == Some(0)).then(|| content_length(&text)).flatten() })
}

/// The length in the last of the answers, which is that after all redirections.
fn content_length(headers: &str) -> Option<u64> {
    let lines = headers.lines().rev().skip_while(|line| line.trim().is_empty());
    lines.take_while(|line| !line.trim().is_empty()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok()).flatten()
    })
}

/// A command that gets the URL and its headers on its standard input: the URL may hold a password, and arguments can be
/// seen by everybody on the host.
fn curl(url: &Url, args: &[&str], headers: &[String]) -> HostCommand {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut config = format!("url = \"{}\"\n", quoted(url.as_given()));
    for header in headers {
        config.push_str(&format!("header = \"{}\"\n", quoted(header)));
    }
    let mut command = HostCommand::new("curl")
        .args(["--config", "-", "--silent", "--show-error", "--fail", "--location", "--max-redirs", "10"])
        // A redirection must not lead to a file of the host.
        .args(["--proto", "=http,https", "--proto-redir", "=http,https", "--connect-timeout", "30"])
        // Brackets in a URL are brackets, and not a hundred URLs.
        .arg("--globoff")
        .args(args.iter().copied());
    command.stdin = Some(Secret::new(config.into_bytes()));
    command.timeout = Duration::from_secs(24 * 60 * 60);
    command
}

struct Fetch<'a> {
    work: &'a Work<'a>,
    url: &'a Url,
    part: PathBuf,
    checksum: Option<&'a Checksum>,
    progress: Progress<'a>,
    total: Option<u64>,
}

/// What comes after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Done,
    /// It goes on where it broke off.
    Again,
    /// What is there is no part of what the server has now.
    FromTheStart,
    GiveUp,
}

impl Fetch<'_> {
    async fn check_room(&self, have: u64) -> Result<(), ComputeError> {
        let (room, Some(total)) = (self.work.room().await?, self.total) else { return Ok(()) };
        match total.saturating_sub(have) {
            missing if missing > room => Err(no_room(&self.url.shown(), missing, room)),
            _ => Ok(()),
        }
    }

    async fn run(&self, begun: Begun) -> Result<(), ComputeError> {
        let mut begun = begun;
        let (mut tries, mut restarted) = (0, false);
        loop {
            let output = self.attempt(&begun).await?;
            let size = host::size(self.work.runner, &self.part).await.unwrap_or(0);
            match self.next(&output, size) {
                Next::Done => return Ok(()),
                Next::FromTheStart if !restarted => {
                    restarted = true;
                    forget(self.work).await?;
                    begun = begin(self.work, self.url, self.checksum).await?;
                }
                Next::Again if size > begun.size || tries < TRIES => {
                    tries = if size > begun.size { 0 } else { tries + 1 };
                    (self.progress)("the connection broke; going on");
                    tokio::time::sleep(Duration::from_millis(250 << tries)).await;
                    begun = begin(self.work, self.url, self.checksum).await?;
                }
                _ => return Err(self.failure(&output).await),
            }
        }
    }

    async fn attempt(&self, begun: &Begun) -> Result<CommandOutput, ComputeError> {
        let limit = begun.size.saturating_add(self.work.room().await?).to_string();
        let (part, tag) =
            (self.part.display().to_string(), self.work.path("part.etag").display().to_string());
        let mut args = vec!["--output", &part, "--etag-save", &tag, "--continue-at", "-"];
        args.extend(["--max-filesize", &limit, "--speed-limit", "1", "--speed-time", "60"]);
        args.extend(["--write-out", "%{http_code}"]);
        let headers: Vec<String> = match (&begun.tag, self.checksum) {
            // The checksum will tell, and tags may differ between the mirrors of a site.
            (Some(tag), None) if begun.size > 0 => vec![format!("If-Range: {tag}")],
            _ => vec![],
        };
        let show = |size: u64| (self.progress)(&downloading(size, self.total));
        let run = self.work.watch(&curl(self.url, &args, &headers), &self.part, &show).await;
        run.map_err(|error| ComputeError::failed(format!("cannot fetch {}", self.url.shown())).source(error))
    }

    /// By curl's exit codes, and the server's answer.
    fn next(&self, output: &CommandOutput, size: u64) -> Next {
        let status: u32 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
        match (output.code, status) {
            (Some(0), _) => Next::Done,
            // Nothing is missing.
            (Some(22), 416) if self.total == Some(size) => Next::Done,
            // No ranges, or none of this content.
            (Some(33 | 36), _) | (Some(22), 412 | 416) => Next::FromTheStart,
            (Some(22), 408 | 429 | 500..) => Next::Again,
            (Some(7 | 18 | 28 | 52 | 55 | 56 | 92), _) => Next::Again,
            _ => Next::GiveUp,
        }
    }

    async fn failure(&self, output: &CommandOutput) -> ComputeError {
        let shown = self.url.shown();
        let stderr = String::from_utf8_lossy(&output.stderr);
        // The message names hosts and codes, never the URL; what it could quote is masked all the same.
        let said = stderr.lines().next().unwrap_or("no message").replace(self.url.as_given(), &shown);
        match output.code {
            Some(63 | 23) => {
                let room = self.work.room().await.unwrap_or(0);
                no_room(&shown, self.total.unwrap_or(room), room)
            }
            Some(22) => ComputeError::input(format!("cannot fetch {shown}: {said}"))
                .hint("look whether the address is right, in a browser for example"),
            _ => ComputeError::failed(format!("cannot fetch {shown}: {said}"))
                .hint("what has come so far is kept: the same command goes on there"),
        }
    }
}

fn no_room(what: &str, bytes: u64, room: u64) -> ComputeError {
    ComputeError::input(format!(
        "{what} does not fit on the host: {} are needed, {} left",
        mib(bytes),
        mib(room)
    ))
    .hint("make room, or name another folder with `model-path`; a reserve stays free")
}

/// Returns an amount for people.
pub(super) fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn downloading(size: u64, total: Option<u64>) -> String {
    match total {
        Some(total) if total > 0 => {
            format!("downloading, {} % of {}", size.saturating_mul(100) / total, mib(total))
        }
        _ => format!("downloading, {}", mib(size)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::Source;
    use super::*;

    #[test]
    fn only_a_strong_tag_is_a_promise() {
        let begun = |text: &str| parse_begun(text);
        assert_eq!(begun("12\n\"a-b\"\n"), Begun { size: 12, tag: Some("\"a-b\"".to_owned()) });
        for weak in ["", "\n", "W/\"a\"\n", "\"a\\\"b\"\n", "\"a\nHost: x\"\n", "a\n"] {
            assert_eq!(begun(&format!("12\n{weak}")).tag, None, "{weak:?}");
        }
        assert_eq!(begun("nonsense"), Begun::default());
    }

    #[test]
    fn the_length_is_that_of_the_last_answer() {
        let headers =
            "HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nHTTP/2 200\r\ncontent-length: 77\r\n\r\n";
        assert_eq!(content_length(headers), Some(77));
        assert_eq!(
            content_length("HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nHTTP/2 200\r\nx: y\r\n\r\n"),
            None
        );
        assert_eq!(content_length(""), None);
    }

    #[test]
    fn the_url_is_no_argument() {
        let Ok(Source::Url(url)) = Source::parse("https://me:p\"w@x.org/[1-3]") else { panic!("a URL") };
        let command = curl(&url, &["--head"], &["If-Range: \"a\"".to_owned()]);
        assert!(!command.args.iter().any(|arg| arg.contains("x.org")));
        let stdin = command.stdin.expect("a configuration");
        let text = String::from_utf8_lossy(stdin.expose()).into_owned();
        assert_eq!(text, "url = \"https://me:p\\\"w@x.org/[1-3]\"\nheader = \"If-Range: \\\"a\\\"\"\n");
    }

    #[test]
    fn progress_is_told_in_percent_where_the_length_is_known() {
        assert_eq!(downloading(512 << 20, Some(1 << 30)), "downloading, 50 % of 1024 MiB");
        assert_eq!(downloading(1, None), "downloading, 1 MiB");
    }
}
