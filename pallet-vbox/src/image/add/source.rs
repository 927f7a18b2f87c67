//! Where a disk comes from: a URL, or a file of the host.

use pallet::compute::ComputeError;
use std::path::PathBuf;

/// Where a disk comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Url(Url),
    File(PathBuf),
}

/// A URL of HTTP or HTTPS. It may hold a password, so it is never shown as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url(String);

impl Source {
    /// Tells a URL from a path.
    pub(super) fn parse(text: &str) -> Result<Source, ComputeError> {
        if text.is_empty() || text.contains(char::is_control) {
            return Err(ComputeError::input(format!("{text:?} is neither a URL nor a file")));
        }
        match text.split_once("://") {
            Some((scheme, rest)) if is_http(scheme) && !rest.is_empty() => {
                Ok(Source::Url(Url(text.to_owned())))
            }
            Some((scheme, path)) if scheme.eq_ignore_ascii_case("file") && path.starts_with('/') => {
                Ok(Source::File(path.into()))
            }
            Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+') => {
                Err(ComputeError::input(format!("images are not fetched by {scheme}"))
                    .hint("use http or https, or fetch the file yourself and name it"))
            }
            _ => Ok(Source::File(text.into())),
        }
    }

    /// Returns the source as it may be shown and written down.
    pub(super) fn shown(&self) -> String {
        match self {
            Source::Url(url) => url.shown(),
            Source::File(path) => path.display().to_string(),
        }
    }
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

impl Url {
    /// Returns the URL as `curl` needs it.
    pub(super) fn as_given(&self) -> &str {
        &self.0
    }

    /// Returns the URL without user, password, query and fragment, all of which may be secret.
    pub(super) fn shown(&self) -> String {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = host.rsplit('@').next().unwrap_or(host);
        format!("{scheme}://{host}{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_what_may_be_secret() {
        let shown = |text: &str| Source::parse(text).expect("a source").shown();
        assert_eq!(shown("https://me:pw@x.org/a@b.img?token=1#f"), "https://x.org/a@b.img");
        assert_eq!(shown("HTTP://x.org"), "HTTP://x.org");
        assert_eq!(shown("/srv/my disk.vdi"), "/srv/my disk.vdi");
        assert_eq!(Source::parse("file:///a b").expect("a file"), Source::File("/a b".into()));
    }

    #[test]
    fn only_http_is_fetched() {
        let refused = |text: &str| Source::parse(text).expect_err("refused").message;
        assert_eq!(refused("ftp://x.org/a"), "images are not fetched by ftp");
        assert_eq!(refused("https://x\n.org"), "\"https://x\\n.org\" is neither a URL nor a file");
        assert_eq!(refused(""), "\"\" is neither a URL nor a file");
    }
}
