//! Our reading of OpenSSH's client configuration, compared with OpenSSH's own: `ssh -G`.

mod common;

use pallet_runtime::ssh_config::{Jump, LocalUser, Settings, SshConfig};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

fn main() -> ExitCode {
    let present = Command::new("ssh").arg("-V").output().is_ok();
    let missing = (!present).then(|| "needs ssh: apt-get install openssh-client".to_owned());
    common::run_tests(missing, tests![every_case_is_read_as_ssh_reads_it, what_ssh_refuses_is_refused])
}

/// Configuration, then the hosts to ask for. `DIR` is a folder with the files of [`FILES`].
const CASES: &[(&str, &str, &[&str])] = &[
    ("nothing", "", &["a", "Upper.Case", "10.0.0.1", "::1"]),
    ("plain", "Host a\nHostName b\nUser u\nPort 2022\n", &["a", "b", "A"]),
    ("first wins", "Host a\nPort 1\nHost *\nPort 2\nUser all\n", &["a", "b"]),
    ("before any host", "User early\nHost a\nUser late\n", &["a", "b"]),
    ("equals sign", "Host=a\nHostName=b\nPort = 2022\nUser =u\n", &["a"]),
    ("tabs and trailing blanks", "\tHost\ta  \n\t HostName\tb \t\n", &["a"]),
    ("letter case of keywords", "hOST a\nHOSTNAME b\npOrT 3\n", &["a"]),
    ("letter case of patterns", "Host Web\nUser upper\nHost web\nUser lower\n", &["web", "Web", "WEB"]),
    ("comments", "# Host a\nHost a # b\nUser u # not v\nPort 22 #x\n", &["a", "b", "#"]),
    ("quotes", "Host \"a b\" 'c'\nUser \"two words\"\n", &["c", "a"]),
    ("quotes inside", "Host a\nIdentityFile /k/\"x y\"/z\nIdentityFile \"/k/\\\"q\\\"\"\n", &["a"]),
    ("escaped blank", "Host a\nIdentityFile /k/x\\ y\n", &["a"]),
    ("several patterns", "Host a b? c*\nUser u\n", &["a", "b", "b1", "c", "cat", "dog"]),
    ("negation", "Host *.x !db.x\nUser u\n", &["web.x", "db.x", "x"]),
    ("negation alone", "Host !a\nUser u\n", &["a", "b"]),
    ("negation later", "Host *\nUser u\nHost !a *\nPort 4\n", &["a", "b"]),
    ("question marks", "Host 10.0.0.?\nUser u\n", &["10.0.0.1", "10.0.0.12"]),
    ("host name with token", "Host *\nHostName %h.example.org\n", &["web", "WEB"]),
    ("host name with percent", "Host a\nHostName %%h\n", &["a"]),
    ("match host sees HostName", "Host a\nHostName b\nMatch host b\nUser u\n", &["a", "b", "c"]),
    ("match host before HostName", "Match host b\nUser u\nHost a\nHostName b\n", &["a", "b"]),
    ("match originalhost", "Host a\nHostName b\nMatch originalhost a\nUser u\n", &["a", "b"]),
    ("match lists", "Match host web*,db*,!db2\nUser u\n", &["web1", "db1", "db2", "x"]),
    ("match host in capitals", "Match host WEB\nUser u\n", &["web", "Web"]),
    ("match user", "Host a\nUser u\nMatch user u\nPort 5\nMatch user root\nPort 6\n", &["a", "b"]),
    ("match localuser", "Match localuser root,nobody\nPort 7\nMatch localuser !root\nPort 8\n", &["a"]),
    ("match several", "Match host a user root\nPort 9\nMatch host a user other\nUser never\n", &["a", "b"]),
    ("match negated", "Match !host a\nUser u\n", &["a", "b"]),
    ("match all", "Host a\nUser u\nMatch all\nPort 10\n", &["a", "b"]),
    ("match equals", "Match host=a\nUser u\n", &["a", "b"]),
    ("match exec", "Match exec \"test %h = a\"\nUser u\nMatch exec false\nPort 11\n", &["a", "b"]),
    ("match exec negated", "Match !exec \"test %n = a\"\nUser u\n", &["a", "b"]),
    (
        "match exec tokens",
        "Host a\nHostName b\nPort 12\nMatch exec \"test %h%n%p%r = ba12root\"\nUser u\n",
        &["a"],
    ),
    (
        "match exec only if the rest fits",
        "Match host b exec \"false\"\nUser u\nMatch host a exec true\nPort 13\n",
        &["a", "b"],
    ),
    (
        "match final",
        "Match final host b.example\nUser u\nHost a\nHostName b.example\nHost b.example\nPort 14\n",
        &["a", "b.example"],
    ),
    ("match final alone", "Host a\nHostName b\nMatch final\nPort 15\nHost b\nUser u\n", &["a", "b", "c"]),
    ("match not final", "Match !final\nPort 16\nHost *\nPort 17\n", &["a"]),
    ("final repeats no key", "IdentityFile /k/one\nMatch final all\nIdentityFile /k/two\n", &["a"]),
    (
        "several keys",
        "Host a\nIdentityFile /k/1\nHost *\nIdentityFile /k/2\nIdentityFile /k/1\n",
        &["a", "b"],
    ),
    ("no keys", "Host a\nIdentityFile none\nHost *\nIdentityFile ~/.ssh/x_%h\n", &["a", "b"]),
    (
        "agent",
        "Host a\nIdentityAgent none\nHost b\nIdentityAgent ~/agent\nHost c\nIdentityAgent SSH_AUTH_SOCK\n",
        &["a", "b", "c", "d"],
    ),
    ("agent of a variable", "IdentityAgent $SOME_SOCKET\n", &["a"]),
    (
        "identities only",
        "Host a\nIdentitiesOnly yes\nHost b\nIdentitiesOnly no\nHost *\nIdentitiesOnly true\n",
        &["a", "b", "c"],
    ),
    (
        "jump",
        "Host a\nProxyJump gate\nHost b\nProxyJump u@gate:2022\nHost c\nProxyJump none\n",
        &["a", "b", "c", "gate"],
    ),
    ("jumps", "Host a\nProxyJump one,u@two:3,[::1]:4\n", &["a"]),
    ("jump by address", "Host a\nProxyJump 10.0.0.1:5\nHost b\nProxyJump ssh://u@gate:6\n", &["a", "b"]),
    ("jump before command", "Host a\nProxyJump gate\nHost *\nProxyCommand nc %h %p\n", &["a", "b"]),
    ("command before jump", "Host a\nProxyCommand nc %h %p\nHost *\nProxyJump gate\n", &["a", "b"]),
    ("no jump for one", "Host a\nProxyJump none\nHost *\nProxyJump gate\n", &["a", "b"]),
    ("command with quotes", "Host a\nProxyCommand sh -c \"nc '%h' %p\" # kept\n", &["a"]),
    ("no command", "Host a\nProxyCommand none\nHost *\nProxyCommand nc %h %p\n", &["a", "b"]),
    (
        "known hosts",
        "Host a\nUserKnownHostsFile ~/one /two \"/thr ee\"\nHost b\nUserKnownHostsFile none\n",
        &["a", "b", "c"],
    ),
    (
        "times",
        "Host a\nConnectTimeout 1m30s\nServerAliveInterval 2m\nHost b\nConnectTimeout none\nServerAliveInterval 1h\nHost c\nConnectTimeout 7\n",
        &["a", "b", "c", "d"],
    ),
    ("counts", "Host a\nServerAliveCountMax 9\nServerAliveInterval 30\n", &["a", "b"]),
    ("alias", "Host a\nHostKeyAlias other\n", &["a", "b"]),
    ("options not for us", "Host a\nForwardAgent yes\nCompression yes\nCiphers aes256-ctr\nUser u\n", &["a"]),
    ("include", "Include DIR/plain\nHost *\nUser after\n", &["in", "out"]),
    ("include in a block", "Host a\nInclude DIR/bare\nPort 20\nHost *\nPort 21\n", &["a", "b"]),
    ("include does not select beyond itself", "Host a\nInclude DIR/plain\nPort 22\n", &["a", "in"]),
    (
        "include inside a block that does not fit",
        "Host a\nInclude DIR/plain\nHost *\nPort 23\n",
        &["in", "a"],
    ),
    ("include of a pattern", "Include DIR/part*\n", &["a"]),
    ("include of several", "Include DIR/part2 DIR/part1\n", &["a"]),
    ("include of nothing", "Include DIR/no-such-file DIR/none*\nUser u\n", &["a"]),
    ("include in include", "Include DIR/nested\n", &["in", "a"]),
    (
        "include in match",
        "Match host a\nInclude DIR/bare\nMatch host b\nInclude DIR/bare2\n",
        &["a", "b", "c"],
    ),
    ("no line end", "Host a\nUser u", &["a"]),
    ("carriage returns", "Host a\r\nUser u\r\n", &["a"]),
    (
        "host key checking",
        "Host a\nStrictHostKeyChecking yes\nHost b\nStrictHostKeyChecking accept-new\n",
        &["a", "b", "c"],
    ),
];

const FILES: &[(&str, &str)] = &[
    ("plain", "Host in\nHostName inside\nUser included\n"),
    ("bare", "User bare\nIdentityFile /k/bare\n"),
    ("bare2", "User bare2\nHost other\nPort 30\n"),
    ("part1", "User one\nPort 31\n"),
    ("part2", "User two\n"),
    ("nested", "Host *\nInclude DIR/plain DIR/part1\nPort 32\n"),
];

/// What neither of us accepts.
const REFUSED: &[&str] = &[
    "Host a\nPort nothing\n",
    "Host a\nPort 70000\n",
    "Host a\nUser\n",
    "Host a\nUser two words\n",
    "Host a\nHostName \"open\n",
    "Match\nUser u\n",
    "Match nonsense a\nUser u\n",
    "Match host\nUser u\n",
    "Host a\nIdentitiesOnly perhaps\n",
    "Host a\nConnectTimeout soon\n",
    "Host a\nProxyJump u@:22\n",
    "Host a\nServerAliveCountMax many\n",
    "Include DIR/round\n",
];

async fn every_case_is_read_as_ssh_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    let mut wrong = Vec::new();
    for (name, text, hosts) in CASES {
        let file = folder.path().join("config");
        write(&file, text, folder.path());
        for host in *hosts {
            let (ours, theirs) = (ours(&file, host).unwrap(), theirs(&file, host).unwrap());
            let differences = theirs.iter().filter(|line| !ours.contains(line)).collect::<Vec<_>>();
            let extra = ours.iter().filter(|line| !theirs.contains(line)).collect::<Vec<_>>();
            if ours != theirs {
                wrong.push(format!("{name}, host {host}: ssh has {differences:?}, we have {extra:?}"));
            }
        }
    }
    assert!(CASES.len() >= 40 && wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn what_ssh_refuses_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_files(folder.path());
    write(&folder.path().join("round"), "Include DIR/round\n", folder.path());
    for text in REFUSED {
        let file = folder.path().join("config");
        write(&file, text, folder.path());
        assert!(theirs(&file, "a").is_err(), "ssh accepts {text:?}");
        let error = ours(&file, "a").unwrap_err();
        assert!(error.contains(&format!("{}/", folder.path().display())), "{text:?}: {error}");
    }
}

fn write_files(folder: &Path) {
    for (name, text) in FILES {
        write(&folder.join(name), text, folder);
    }
}

fn write(file: &Path, text: &str, folder: &Path) {
    std::fs::write(file, text.replace("DIR", &folder.display().to_string())).unwrap();
}

/// Returns the lines of `ssh -G` that are about the options we read.
fn theirs(file: &Path, host: &str) -> Result<Vec<String>, String> {
    let output = Command::new("ssh").arg("-G").arg("-F").arg(file).arg(host).output().unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).unwrap();
    let is_read = |line: &&str| READ.contains(&line.split(' ').next().unwrap_or_default());
    let mut lines: Vec<String> = text.lines().filter(is_read).map(normal).collect();
    lines.sort_by_key(|line| order(line));
    Ok(lines)
}

const READ: [&str; 14] = [
    "hostname",
    "user",
    "port",
    "identityfile",
    "identityagent",
    "identitiesonly",
    "proxyjump",
    "proxycommand",
    "userknownhostsfile",
    "connecttimeout",
    "serveraliveinterval",
    "serveralivecountmax",
    "hostkeyalias",
    "stricthostkeychecking",
];

fn order(line: &str) -> usize {
    READ.iter().position(|name| *name == line.split(' ').next().unwrap_or_default()).unwrap_or(READ.len())
}

/// A jump host without a user, port or brackets is written in more than one way; `none` and nothing are the same.
fn normal(line: &str) -> String {
    match line.strip_prefix("stricthostkeychecking ") {
        Some(how) => format!("stricthostkeychecking {}", if how == "true" { "yes" } else { "no" }),
        None => line.replace(['[', ']'], ""),
    }
}

/// Returns the same lines, from our reading.
fn ours(file: &Path, host: &str) -> Result<Vec<String>, String> {
    let local = LocalUser::current();
    let config = SshConfig::from_file(local.clone(), file);
    let settings = config.settings(host, Settings::default()).map_err(|error| error.to_string())?;
    Ok(lines(&settings, &local))
}

fn lines(settings: &Settings, local: &LocalUser) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: String| lines.push(format!("{name} {value}"));
    add("hostname", settings.hostname.clone().unwrap());
    add("user", settings.user.clone().unwrap_or_else(|| local.name.clone()));
    add("port", settings.port.unwrap_or(22).to_string());
    let usual = ["rsa", "ecdsa", "ecdsa_sk", "ed25519", "ed25519_sk", "xmss", "dsa"]
        .map(|n| format!("~/.ssh/id_{n}"));
    let keys =
        if settings.identity_files.is_empty() { usual.to_vec() } else { settings.identity_files.clone() };
    keys.into_iter().for_each(|key| add("identityfile", key));
    if let Some(agent) = &settings.identity_agent {
        add("identityagent", at_home(agent, local));
    }
    add("identitiesonly", if settings.identities_only == Some(true) { "yes" } else { "no" }.to_owned());
    if !settings.proxy_jump().is_empty() {
        add(
            "proxyjump",
            settings.proxy_jump().iter().map(jump).collect::<Vec<_>>().join(",").replace(['[', ']'], ""),
        );
    }
    if let Some(command) = settings.proxy_command() {
        add("proxycommand", command.replace(['[', ']'], ""));
    }
    let usual = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"].map(str::to_owned).to_vec();
    let known_hosts = settings.known_hosts.clone().unwrap_or(usual);
    let known_hosts: Vec<String> = known_hosts.iter().map(|file| at_home(file, local)).collect();
    add("userknownhostsfile", known_hosts.join(" "));
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs().to_string());
    add("connecttimeout", seconds(settings.connect_timeout).unwrap_or_else(|| "none".to_owned()));
    add("serveraliveinterval", seconds(settings.keepalive).unwrap_or_else(|| "0".to_owned()));
    add("serveralivecountmax", settings.keepalive_max.unwrap_or(3).to_string());
    if let Some(alias) = &settings.host_key_alias {
        add("hostkeyalias", alias.clone());
    }
    add("stricthostkeychecking", if settings.strict == Some(true) { "yes" } else { "no" }.to_owned());
    lines.sort_by_key(|line| order(line));
    lines
}

/// `ssh -G` shows some paths with the home directory put in.
fn at_home(path: &str, local: &LocalUser) -> String {
    local.expand_home(Path::new(path)).display().to_string()
}

fn jump(jump: &Jump) -> String {
    let user = jump.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    let port = jump.port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("{user}{}{port}", jump.host)
}
