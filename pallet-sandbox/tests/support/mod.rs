//! A service of its own for each test, and a look at the host before and after.

use libtest_mimic::{Failed, Trial};
use pallet::compute::{
    BoxFuture, CommandOutput, CommandRunner, Compute, ComputeError, CreateRequest, Endpoint, HostCommand,
    NodeId, NodeRecord, Provider as _, RunError, ServiceConfig,
};
use pallet::name::{GroupName, NodeName, ServiceName};
use pallet::options::Options;
use pallet::spec::{ImageDefinition, NodeSpec};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A sandbox service in a folder of its own.
pub(crate) struct Lab {
    pub(crate) runtime: Runtime,
    pub(crate) compute: Arc<dyn Compute>,
    /// The option of that name.
    pub(crate) init: &'static str,
    pub(crate) state_dir: PathBuf,
    _folder: TempDir,
}

/// The sandbox asks nothing of a runner: its nodes are on this very machine.
struct NoRunner;

impl CommandRunner for NoRunner {
    fn run<'a>(&'a self, command: &'a HostCommand) -> BoxFuture<'a, Result<CommandOutput, RunError>> {
        Box::pin(async move { Err(RunError::NotFound(command.program.clone())) })
    }
}

impl Lab {
    pub(crate) fn new(init: &'static str) -> Self {
        let folder =
            tempfile::Builder::new().prefix("pallet-sandbox-").tempdir().expect("a temporary folder");
        let state_dir = folder.path().join("state");
        let runtime = Runtime::new().expect("a runtime");
        let compute = runtime.block_on(open(options(init), state_dir.clone())).expect("the service opens");
        Lab { runtime, compute, init, state_dir, _folder: folder }
    }

    /// Creates nodes side by side.
    pub(crate) fn create(&self, names: &[&str]) -> Vec<NodeRecord> {
        let requests: Vec<CreateRequest> = names.iter().map(|name| request(name, NodeSpec::new())).collect();
        self.runtime.block_on(async {
            self.compute.check(&requests).await.expect("the nodes are possible");
            let tasks: Vec<_> = requests
                .into_iter()
                .map(|request| {
                    let compute = Arc::clone(&self.compute);
                    tokio::spawn(async move { compute.create(&request, &|_| {}).await })
                })
                .collect();
            let mut nodes = Vec::new();
            for task in tasks {
                nodes.push(task.await.expect("no panic").expect("the node is made"));
            }
            nodes
        })
    }

    pub(crate) fn list(&self) -> Vec<NodeRecord> {
        self.runtime.block_on(self.compute.list()).expect("the list")
    }

    /// Creates a node from an image at a path.
    pub(crate) fn create_from(&self, name: &str, image: &Path) -> NodeRecord {
        let definition = ImageDefinition { path: image.to_owned(), ..ImageDefinition::default() };
        let request = request(name, NodeSpec::new().image(definition));
        self.runtime.block_on(self.compute.create(&request, &|_| {})).expect("the node is made")
    }

    pub(crate) fn try_create(&self, name: &str) -> Result<NodeRecord, ComputeError> {
        self.runtime.block_on(self.compute.create(&request(name, NodeSpec::new()), &|_| {}))
    }

    /// Looks at the nodes until they are as they should be, for a minute at most.
    pub(crate) fn wait_until(&self, done: impl Fn(&[NodeRecord]) -> bool) {
        let start = Instant::now();
        while !done(&self.list()) {
            assert!(start.elapsed() < Duration::from_secs(60), "{:?}", self.list());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn stop_all(&self) {
        for node in self.list() {
            self.runtime.block_on(self.compute.stop(&node.id)).expect("stopped");
        }
    }

    pub(crate) fn start_all(&self) -> Vec<NodeRecord> {
        let start = |node: NodeRecord| self.runtime.block_on(self.compute.start(&node.id, &|_| {}));
        self.list().into_iter().map(|node| start(node).expect("started")).collect()
    }

    pub(crate) fn tag(&self, id: &NodeId, key: &str, value: Option<&str>) {
        self.runtime.block_on(self.compute.tag(id, key, value)).expect("tagged");
    }

    pub(crate) fn destroy(&self, id: &NodeId) {
        self.runtime.block_on(self.compute.destroy(id)).expect("destroyed");
    }

    pub(crate) fn destroy_all(&self) {
        self.list().iter().for_each(|node| self.destroy(&node.id));
    }

    pub(crate) fn destroy_side_by_side(&self) {
        let nodes = self.list();
        self.runtime.block_on(async {
            let destroy = |node: NodeRecord| {
                let compute = Arc::clone(&self.compute);
                tokio::spawn(async move { compute.destroy(&node.id).await })
            };
            let tasks: Vec<_> = nodes.into_iter().map(destroy).collect();
            for task in tasks {
                task.await.expect("no panic").expect("destroyed");
            }
        });
    }

    /// Changes what is remembered of a node, behind the service's back.
    pub(crate) fn edit_state(&self, name: &str, edit: impl FnOnce(&mut serde_json::Value)) {
        let file = self.state_dir.join("nodes").join(name).join("node.json");
        let mut state = serde_json::from_slice(&fs::read(&file).expect("readable")).expect("JSON");
        edit(&mut state);
        fs::write(&file, state.to_string()).expect("writable");
    }
}

fn options(init: &str) -> Options {
    let mut options = Options::new("service \"test\"", None);
    options.set("init", init, "");
    options
}

pub(crate) async fn open(options: Options, state_dir: PathBuf) -> Result<Arc<dyn Compute>, ComputeError> {
    let config = ServiceConfig {
        name: ServiceName::new("test").expect("a name"),
        options,
        state_dir,
        runner: Arc::new(NoRunner),
        admin: None,
    };
    pallet_sandbox::provider().open(config).await
}

pub(crate) fn request(name: &str, spec: NodeSpec) -> CreateRequest {
    let (group, _) = name.rsplit_once('-').expect("group and index");
    CreateRequest {
        group: GroupName::new(group).expect("a group name"),
        name: NodeName::new(name).expect("a node name"),
        spec,
    }
}

/// Runs a command line in a node and returns all about how it ended.
pub(crate) fn try_sh(node: &NodeRecord, line: &str) -> Output {
    let Some(Endpoint::Command { program, args }) = &node.endpoint else {
        panic!("{node:?} has no endpoint")
    };
    Command::new(program).args(args).args(["sh", "-c", line]).output().expect("nsenter runs")
}

/// Runs a command line in a node that must succeed, and returns what it printed.
#[track_caller]
pub(crate) fn sh(node: &NodeRecord, line: &str) -> String {
    let output = try_sh(node, line);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {line}: {:?}\n{stdout}\n{stderr}", node.name, output.status);
    stdout
}

/// Serves a text to one caller, in the background of a node. Returns when it listens.
pub(crate) fn serve_once(node: &NodeRecord, port: u16, text: &str) {
    let serve = format!(
        "perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in({port}, INADDR_ANY)) or die $!; \
         listen(S, 1); fork and exit; open STDOUT, q(>/dev/null); open STDERR, q(>/dev/null); accept(C, S); \
         send(C, q({text}), 0)'"
    );
    sh(node, &serve);
}

/// A controller that can be killed: this test program, started again to create one node.
pub(crate) struct Controller;

const CONTROLLER: &str = "PALLET_SANDBOX_TEST_CONTROLLER";

impl Controller {
    pub(crate) fn is_asked_for() -> bool {
        std::env::var_os(CONTROLLER).is_some()
    }

    /// Creates the node and says what it is doing, then that it is made.
    pub(crate) fn run() {
        let asked = std::env::var(CONTROLLER).expect("a folder, a name and an init");
        let [folder, name, init] = asked.lines().collect::<Vec<_>>()[..] else { panic!("three lines") };
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let compute = open(options(init), folder.into()).await.expect("the service opens");
            let request = request(name, NodeSpec::new());
            compute.create(&request, &|text| eprintln!("{text}")).await.expect("the node is made");
            eprintln!("made");
        });
    }

    /// Lets a controller create a node and kills it as soon as it says this.
    pub(crate) fn kill_at(lab: &Lab, name: &str, stage: &str) {
        let this = std::env::current_exe().expect("this program");
        let mut command = Command::new(this);
        command
            .env(CONTROLLER, format!("{}\n{name}\n{}", lab.state_dir.display(), lab.init))
            .stderr(Stdio::piped());
        let mut controller = command.spawn().expect("it starts");
        let said = BufReader::new(controller.stderr.take().expect("a pipe")).lines();
        let reached = said.map_while(Result::ok).any(|line| line == stage);
        controller.kill().expect("killed");
        controller.wait().expect("reaped");
        assert!(reached, "the controller never said {stage:?}");
    }
}

/// All of the host that a sandbox could leave a trace in.
#[derive(Debug, PartialEq)]
pub(crate) struct Snapshot(Vec<(&'static str, String)>);

impl Snapshot {
    pub(crate) fn take() -> Self {
        let look = |name, script: &str| (name, host_sh(script));
        // Only what has our names: others may be at work on this host.
        Snapshot(vec![
            look("mounts", "grep -e ' pallet ' -e pallet-sandbox /proc/self/mountinfo || :"),
            look("interfaces", "ls /sys/class/net | grep -E '^(pallet-|pl[0-9a-f]{8}-)' || :"),
            look("firewall", "! command -v nft >/dev/null || nft list tables | grep pallet- || :"),
            look(
                "settings",
                "cd /proc/sys/net/ipv4 && grep . ip_forward conf/all/accept_redirects conf/lo/forwarding",
            ),
            look(
                "processes",
                "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -oa 'sh [b]oot.sh\\|sh [n]spawn.sh\\|--settings=[n]o --keep-unit\\|/run/pallet/[i]nit' || :",
            ),
            look("cgroups", "find /sys/fs/cgroup -type d | grep -E 'pallet-[0-9a-f]{32}$' || :"),
            look("machines", "find /run/systemd/nspawn /run/systemd/machines -type f 2>/dev/null || :"),
            look("record", "ls -d /run/pallet-sandbox 2>/dev/null || :"),
        ])
    }

    fn difference(&self, after: &Snapshot) -> String {
        let pairs = self.0.iter().zip(&after.0).filter(|(before, after)| before != after);
        pairs
            .map(|(before, after)| format!("{}: before:\n{}after:\n{}", before.0, before.1, after.1))
            .collect()
    }
}

pub(crate) fn host_sh(script: &str) -> String {
    let output = Command::new("sh").args(["-c", script]).output().expect("sh runs");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns a test that gets a lab, and that checks that destroying its nodes leaves no trace.
///
/// `init` is the service's option.
pub(crate) fn trial(name: &str, init: &'static str, test: fn(&Lab)) -> Trial {
    let root = host_sh("id -u").trim() == "0";
    let required = std::env::var_os("PALLET_TEST_REQUIRE").is_some_and(|value| value == "1");
    let run = move || if root { traceless(init, test) } else { Err("needs root".into()) };
    let trial = Trial::test(format!("{init}::{name}"), run).with_ignored_flag(!root && !required);
    if root { trial } else { trial.with_kind("needs root") }
}

fn traceless(init: &'static str, test: fn(&Lab)) -> Result<(), Failed> {
    let before = Snapshot::take();
    let lab = Lab::new(init);
    let outcome = catch_unwind(AssertUnwindSafe(|| test(&lab)));
    lab.destroy_all();
    outcome.map_err(|panic| Failed::from(message(&*panic)))?;
    if lab.state_dir.exists() {
        return Err(format!("left behind: {}", host_sh(&format!("find {}", lab.state_dir.display()))).into());
    }
    let after = Snapshot::take();
    if before == after { Ok(()) } else { Err(before.difference(&after).into()) }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
