//! One measurement, in a process of its own: `run memory|farm|raw NODES ACTIONS FOLDER [KEY]`.

use crate::farm;
use crate::phase;
use crate::replay::Replay;
use crate::service::Listed;
use pallet::compute::Endpoint;
use pallet::name::ServiceName;
use pallet::spec::Login;
use pallet_peers::floor::{self, Connection};
use pallet_runtime::Reach;
use pallet_runtime::engine::{self, Cancel, Connector, Setup};
use pallet_runtime::event::{Event, Listener, Summary, Verb};
use pallet_runtime::request::{Confirm, Request};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The first argument of such a process.
pub(crate) const WORD: &str = "run";

/// How many nodes are worked on at once: what `--parallel` says if nobody says anything.
const PARALLEL: usize = 64;

struct Words {
    nodes: usize,
    actions: usize,
    folder: PathBuf,
    key: PathBuf,
}

/// Does what the words say.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    let (what, words) = parse(words).ok_or("a call that this program does not make itself")?;
    let runtime = Runtime::new().map_err(|error| error.to_string())?;
    match what {
        "memory" => runtime.block_on(converge(&words, Arc::new(Replay::default()), |_| Endpoint::Local)),
        "farm" => runtime.block_on(over_ssh(&words)),
        "raw" => runtime.block_on(by_hand(&words)),
        _ => Err(format!("{what} is nothing that can be run")),
    }
}

fn parse<'a>(words: &[&'a str]) -> Option<(&'a str, Words)> {
    let [what, nodes, actions, folder, key] = words else { return None };
    let words = Words {
        nodes: nodes.parse().ok()?,
        actions: actions.parse().ok()?,
        folder: folder.into(),
        key: key.into(),
    };
    Some((what, words))
}

async fn over_ssh(words: &Words) -> Result<(), String> {
    let login =
        Login { username: "root".to_owned(), private_key_path: Some(words.key.clone()), ..Login::default() };
    let known_hosts = std::env::current_dir().map_err(|error| error.to_string())?.join("known_hosts");
    let reach = Reach::new(login, None, known_hosts);
    let endpoint = |number| Endpoint::Ssh { host: farm::address(number).to_string(), port: 22 };
    converge(words, Arc::new(reach), endpoint).await
}

async fn converge(
    words: &Words,
    connector: Arc<dyn Connector>,
    endpoint: impl Fn(usize) -> Endpoint,
) -> Result<(), String> {
    let setup = Setup {
        registry: phase::registry(words.nodes, words.actions, &words.folder),
        service: Arc::new(Listed::new(words.nodes, endpoint)),
        service_name: ServiceName::new("farm").map_err(|error| error.to_string())?,
        admin: None,
        connector,
        listener: Arc::new(Complaints),
        confirm: Arc::new(Nobody),
        cancel: Cancel::never(),
    };
    let request = Request { parallel: PARALLEL, ..Request::new(Verb::Converge) };
    let summary = engine::run(setup, request).await.map_err(|error| format!("{error:?}"))?;
    println!("{}", counted(&summary));
    Ok(())
}

/// What the parent checks.
fn counted(summary: &Summary) -> String {
    format!("changed {} unchanged {}", summary.counts.changed, summary.counts.unchanged)
}

/// Says what fails, and nothing else.
struct Complaints;

impl Listener for Complaints {
    fn event(&self, event: &Event) {
        if let Event::NodeFailed { node, failure, .. } = event {
            eprintln!("{node}: {failure:?}");
        }
    }
}

struct Nobody;

impl Confirm for Nobody {
    fn confirm(&self, _: &str) -> bool {
        false
    }
}

/// The raw loop: handshake, login and one script on every node, as many at once.
async fn by_hand(words: &Words) -> Result<(), String> {
    let key = floor::load_key(&words.key).map_err(|error| error.to_string())?;
    let login = floor::Login { user: "root".to_owned(), key };
    let permits = Arc::new(Semaphore::new(PARALLEL));
    let script: Arc<str> = probe(words.actions, &words.folder).into();
    let mut tasks = JoinSet::new();
    for number in 1..=words.nodes {
        let (login, permits, script) = (login.clone(), permits.clone(), script.clone());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let connection = Connection::open(&login, farm::target(number).address).await?;
            connection.run("sh", &script).await
        });
    }
    let mut right = 0;
    while let Some(ended) = tasks.join_next().await {
        let answer = ended.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        // Two lines for each file, and one for the folder.
        right += usize::from(answer.lines().count() == 2 * words.actions - 1);
    }
    println!("changed 0 unchanged {}", right * words.actions);
    Ok(())
}

/// Asks for everything that is declared.
fn probe(actions: usize, folder: &Path) -> String {
    let folder = folder.display();
    let mut files = String::new();
    for number in 1..actions {
        let _ = write!(files, " {folder}/file-{number}");
    }
    format!("stat -c '%n %F %a %U %G' {folder}{files}\nsha256sum{files}\n")
}
