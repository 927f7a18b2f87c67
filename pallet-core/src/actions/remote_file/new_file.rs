//! A file whose content is still to be given, and the ways to give it.

use super::source::Source;
use super::{Download, NewDownload, RemoteFile};
use crate::actions::attributes::{GivenPath, never_runs};
use crate::graph::Handle;
use crate::text::Text;
use std::path::PathBuf;

/// A file whose content has not been given yet: the type of what [`remote_file`] returns.
///
/// Its methods give the content, and exactly one of them must be called.
#[derive(Debug)]
pub enum NewFile {}

impl Handle<NewFile> {
    /// Gives the content: a text, bytes, a secret, a value of an earlier action, or several of those in a
    /// [`Text`].
    #[track_caller]
    pub fn content(self, content: impl Into<Text>) -> Handle<RemoteFile> {
        self.with_source(Source::Text(content.into()))
    }

    /// Gives the content of a file on the controller. A relative path is resolved against the folder in which
    /// the program runs.
    #[track_caller]
    pub fn local_file(self, path: impl Into<PathBuf>) -> Handle<RemoteFile> {
        self.with_source(Source::local(path.into()))
    }

    /// Gives the content of a Jinja template, filled in on the controller. A variable that the context lacks is
    /// a mistake, and so is a template that cannot be parsed. There is no such method without pallet's feature
    /// `template`, which a program asks for in its `Cargo.toml`: `pallet = { …, features = ["template"] }`.
    #[cfg(feature = "template")]
    #[track_caller]
    pub fn template(self, template: &str, context: impl Into<minijinja::Value>) -> Handle<RemoteFile> {
        let location = crate::location::Location::caller();
        let mut environment = minijinja::Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        // A file that ends with a newline is meant to.
        let syntax = minijinja::syntax::SyntaxConfig::builder().keep_trailing_newline(true).build();
        environment.set_syntax(syntax.expect("the default delimiters are valid"));
        let rendered = environment
            .add_template("template", template)
            .and_then(|()| environment.get_template("template"))
            .and_then(|template| template.render(context.into()));
        let text = rendered.unwrap_or_else(|error| {
            crate::graph::refuse(location, template_mistake(&error, template), None);
            String::new()
        });
        self.with_source(Source::Text(Text::from(text)))
    }

    /// Gives the content of another file on the node, which must be a file itself and not a link.
    #[track_caller]
    pub fn copy_of(self, path: impl AsRef<str>) -> Handle<RemoteFile> {
        self.with_source(Source::Copy(GivenPath::new(path)))
    }

    /// Gives what the node downloads from a URL (`http`, `https` or `ftp`), with `curl` or else with `wget`. Say next
    /// how it is checked. A proxy is taken from the usual variables of the node's environment.
    #[track_caller]
    #[must_use = "say how the download is checked: call `sha256`, `sha256_url`, `signature` or `unverified`"]
    pub fn url(self, url: impl Into<String>) -> Handle<NewDownload> {
        self.with_source(Source::Url(Download::new(url))).cast()
    }

    #[track_caller]
    fn with_source(self, source: Source) -> Handle<RemoteFile> {
        self.cast::<RemoteFile>().edit(|file| file.source = Some(source))
    }
}

never_runs!(NewFile);

/// Returns what is wrong with a template, and its line.
#[cfg(feature = "template")]
fn template_mistake(error: &minijinja::Error, template: &str) -> String {
    let kind = error.kind();
    let what = error.detail().map_or_else(|| kind.to_string(), |detail| format!("{kind}: {detail}"));
    let line = error.line().and_then(|number| Some((number, template.lines().nth(number.checked_sub(1)?)?)));
    match line {
        Some((number, text)) => format!("template, line {number}: {what}, in `{}`", text.trim()),
        None => format!("template: {what}"),
    }
}
