//! An editor with one file open: what it asks the server for, by places in the text.

use crate::server::Server;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The file that is open.
const SOURCE: &str = include_str!("../../examples/project.rs");

/// Marks the cursor in a piece of text.
const CURSOR: char = '|';

/// An editor in a project of a user's.
pub(crate) struct Editor {
    server: Server,
    file: String,
    text: String,
    version: u64,
}

impl Editor {
    /// Makes the project in a folder of its own, opens it, and returns when the server knows all of it.
    pub(crate) fn open() -> Editor {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("editor");
        let project = folder.join("project");
        make_project(&project);
        let mut server = Server::start(&folder.join("target"));
        server.request("initialize", &initialize(&project));
        server.notify("initialized", &json!({}));
        let file = uri(&project.join("src/main.rs"));
        let document = json!({ "uri": file, "languageId": "rust", "version": 0, "text": SOURCE });
        server.notify("textDocument/didOpen", &json!({ "textDocument": document }));
        let status = server.wait_for("experimental/serverStatus", |status| status["quiescent"] == true);
        assert!(status["health"] != "error", "rust-analyzer cannot read the project: {status}");
        Editor { server, file, text: SOURCE.to_owned(), version: 0 }
    }

    /// Returns what the editor offers at the cursor in `snippet`.
    #[track_caller]
    pub(crate) fn completions(&mut self, snippet: &str) -> Vec<String> {
        let at = self.place(snippet);
        let mut answer = self.server.request("textDocument/completion", &at);
        let items = if answer.is_array() { answer.take() } else { answer["items"].take() };
        let name = |item: &Value| item["filterText"].as_str().or(item["label"].as_str()).map(str::to_owned);
        items.as_array().into_iter().flatten().filter_map(name).collect()
    }

    /// Returns the lines on which what is at the cursor is defined, each with the cursor where the editor would
    /// put it.
    #[track_caller]
    pub(crate) fn definition(&mut self, snippet: &str) -> Vec<String> {
        let at = self.place(snippet);
        let answer = self.server.request("textDocument/definition", &at);
        answer.as_array().into_iter().flatten().map(|location| self.line(location)).collect()
    }

    /// Returns what the editor says about what is at the cursor.
    #[track_caller]
    pub(crate) fn hover(&mut self, snippet: &str) -> String {
        let at = self.place(snippet);
        let answer = self.server.request("textDocument/hover", &at);
        answer["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Puts `new` where `old` is in the file, as it was opened.
    #[track_caller]
    pub(crate) fn edit(&mut self, old: &str, new: &str) {
        only(SOURCE, old);
        self.show(SOURCE.replace(old, new));
    }

    /// Puts the file back as it was opened.
    pub(crate) fn restore(&mut self) {
        if self.text != SOURCE {
            self.show(SOURCE.to_owned());
        }
    }

    fn show(&mut self, text: String) {
        self.version += 1;
        let document = json!({ "uri": self.file, "version": self.version });
        let change = json!({ "textDocument": document, "contentChanges": [{ "text": text }] });
        self.server.notify("textDocument/didChange", &change);
        self.text = text;
    }

    /// Returns the cursor's place in the open file, as the protocol has it.
    #[track_caller]
    fn place(&self, snippet: &str) -> Value {
        let (before, after) = snippet.split_once(CURSOR).expect("a cursor in the piece of text");
        let offset = only(&self.text, &format!("{before}{after}")) + before.len();
        let above = &self.text[..offset];
        let line = above.matches('\n').count();
        let column = offset - above.rfind('\n').map_or(0, |end| end + 1);
        json!({ "textDocument": { "uri": self.file }, "position": { "line": line, "character": column } })
    }
}

impl Editor {
    /// Returns the line at a place, with the cursor there.
    fn line(&self, location: &Value) -> String {
        let start = &location["range"]["start"];
        let number = |key: &str| start[key].as_u64().and_then(|number| usize::try_from(number).ok());
        let (line, column) = number("line").zip(number("character")).expect("a place in a file");
        let text =
            if location["uri"] == self.file.as_str() { self.text.clone() } else { read(&location["uri"]) };
        let (before, after) = text.lines().nth(line).expect("a line of the file").split_at(column);
        format!("{before}{CURSOR}{after}").trim().to_owned()
    }
}

fn read(uri: &Value) -> String {
    let path = uri.as_str().and_then(|uri| uri.strip_prefix("file://")).expect("a file");
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns where `piece` stands in the text.
#[track_caller]
fn only(text: &str, piece: &str) -> usize {
    let mut places = text.match_indices(piece);
    match (places.next(), places.next()) {
        (Some((at, _)), None) => at,
        (Some(_), Some(_)) => panic!("`{piece}` is in the file more than once"),
        (None, _) => panic!("`{piece}` is not in the file"),
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("this package is two folders below the root").to_owned()
}

/// Makes a package that depends on pallet, outside of the workspace: an editor that opened that would build all
/// of it. The versions are those that are there already.
fn make_project(folder: &Path) {
    let pallet = root().join("pallet");
    let manifest = format!(
        "[package]\nname = \"project\"\nedition = \"2024\"\n\n\
         [dependencies]\npallet = {{ path = {pallet:?}, features = [\"template\"] }}\n\n[workspace]\n"
    );
    fs::create_dir_all(folder.join("src")).expect("a folder for the project");
    fs::write(folder.join("Cargo.toml"), manifest).expect("its manifest");
    fs::write(folder.join("src/main.rs"), SOURCE).expect("its source");
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("its lock file");
}

fn initialize(project: &Path) -> Value {
    json!({
        "processId": std::process::id(),
        "rootUri": uri(project),
        "capabilities": {
            "experimental": { "serverStatusNotification": true },
            "general": { "positionEncodings": ["utf-8"] },
            "textDocument": { "hover": { "contentFormat": ["markdown"] } },
        },
        "initializationOptions": {
            // What takes time and answers no question.
            "checkOnSave": false,
            "cachePriming": { "enable": false },
        },
    })
}
