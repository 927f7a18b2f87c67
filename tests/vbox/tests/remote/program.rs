//! A user's program, run as from its command line in a project of its own. Its groups have no phases: nothing logs in.

use pallet::facts::OsFamily;
use pallet::spec::{ImageMatch, Network};
use pallet::{GroupSpec, Registry, Secret};
use pallet_runtime::cli::{Prompts, Stream, World as Terminal};
use pallet_tests_vbox::world::IMAGE;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The folder of a program, with its configuration.
pub(crate) struct Project {
    folder: PathBuf,
}

impl Project {
    /// Makes a project with these files.
    pub(crate) fn new(folder: &Path, files: &[(&str, &str)]) -> Project {
        fs::create_dir_all(folder.join("home")).expect("a folder of our own");
        for (name, text) in files {
            fs::write(folder.join(name), text).expect("a folder of our own");
        }
        Project { folder: folder.to_owned() }
    }

    /// Runs a command line and returns its exit code and all that it wrote.
    pub(crate) fn run(&self, line: &str) -> (u8, String) {
        let written = Written::default();
        let stream = || Stream { sink: Arc::new(Mutex::new(written.clone())), terminal: false };
        let home = self.folder.join("home").display().to_string();
        let path = std::env::var("PATH").unwrap_or_default();
        let vars = [("HOME", home), ("USER", "tester".to_owned()), ("PATH", path)];
        let terminal = Terminal {
            args: ["infra"].into_iter().chain(line.split_whitespace()).map(Into::into).collect(),
            vars: vars.map(|(name, value)| (name.to_owned(), value)).into_iter().collect::<BTreeMap<_, _>>(),
            cwd: self.folder.clone(),
            stdout: stream(),
            stderr: stream(),
            prompts: Arc::new(Nobody),
            interruptible: false,
        };
        let begun = Instant::now();
        let code = pallet_runtime::main_of(groups).provider(pallet_vbox::provider()).run_in(terminal);
        eprintln!("remote: {line}: {:.1} s", begun.elapsed().as_secs_f64());
        let written = written.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (code, String::from_utf8_lossy(&written).into_owned())
    }

    /// Runs a command line that ends with this exit code, and returns all that it wrote.
    pub(crate) fn ends(&self, expected: u8, line: &str) -> String {
        let (code, text) = self.run(line);
        assert_eq!(code, expected, "{line}: {text}");
        text
    }
}

fn groups() -> Result<Registry, pallet::registry::RegistryError> {
    let debian = ImageMatch { os_family: Some(OsFamily::Debian), ..ImageMatch::default() };
    let web = GroupSpec::new("web").count(2).image(IMAGE).hardware("tiny").network(Network::Nat);
    let twin = GroupSpec::new("twin").count(0).image(debian).network(Network::Nat);
    let old = GroupSpec::new("old").count(1);
    [web, twin, old].into_iter().fold(Registry::builder(), |builder, group| builder.group(group)).build()
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Nobody;

impl Prompts for Nobody {
    fn interactive(&self) -> bool {
        false
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        Err(io::Error::other(question.to_owned()))
    }

    fn secret(&self, question: &str) -> io::Result<Secret> {
        self.ask(question).map(Secret::new)
    }
}
