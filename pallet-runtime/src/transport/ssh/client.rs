//! The SSH library, wrapped: the only file that names it.
//!
//! `async_ssh2_tokio::Client` connects, checks and logs in with one method in one call, which leaves no room
//! for learning host keys, for trying several keys on one connection, for a jump host's own name resolution, for
//! signals, or for telling a lost connection from a silent one. So its configuration and errors are used here,
//! and for the rest the `russh` that it stands on. Nothing of either shows outside.
//!
//! A command whose output nobody reads holds up the other commands of its connection once [`QUEUE`] messages
//! wait: the library reads one stream for all.

use super::stream::Guarded;
use super::{HostCheck, Timing};
use crate::known_hosts::{HostKey, KnownHostsError};
use crate::transport::{Channel, Outcome, Output, Stage, Terminal, TransportError};
use async_ssh2_tokio::{Config, Error};
use pallet::Secret;
use russh::client::{self, AuthResult, DisconnectReason, KeyboardInteractiveAuthResponse, Msg};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKeyWithHashAlg, PublicKey, PublicKeyBase64};
use russh::{
    ChannelMsg, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, MethodKind, MethodSet, Pty, Sig,
};
use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};

/// Messages that may wait on either side of a command before its writer has to.
const QUEUE: usize = 64;
/// How long the streams of a command that has ended may be silent before its end is reported. Only a process
/// that it left behind with its streams open lets this pass.
const SILENCE_AFTER_END: Duration = Duration::from_secs(1);
/// How long a connection that we end may take to say so.
const FAREWELL: Duration = Duration::from_secs(2);

/// A bidirectional stream of bytes to a node.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection whose host key was checked.
pub(super) struct Session {
    handle: client::Handle<Watcher>,
    story: Arc<Story>,
    patience: Duration,
}

/// What a node said to an attempt to log in.
#[derive(Debug)]
pub(super) enum Answer {
    Welcome,
    /// Not with this; perhaps with one of these. `partial` when this was right and more is asked for.
    Refused {
        methods: Vec<Method>,
        partial: bool,
    },
    /// It closed the connection.
    HungUp,
}

/// Ways to log in, as nodes offer them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    PublicKey,
    Password,
    Interactive,
    Other,
}

impl Session {
    /// Shakes hands over a stream and checks the host key.
    pub(super) async fn start(
        stream: impl Stream + 'static,
        host: HostCheck,
        timing: &Timing,
    ) -> Result<Session, TransportError> {
        let story = Arc::new(Story::new());
        let config = Arc::new(config(&host, timing)?);
        let watcher = Watcher { host, story: Arc::clone(&story) };
        let stream = Guarded::new(stream, timing.silence());
        match client::connect_stream(config, stream, watcher).await {
            Ok(handle) => Ok(Session { handle, story, patience: timing.connect }),
            Err(error) => Err(story.take_refusal().unwrap_or_else(|| no_handshake(&error))),
        }
    }

    /// Tries a private key.
    pub(super) async fn offer_key(&mut self, user: &str, key: &PrivateKey) -> Result<Answer, TransportError> {
        let hash = self.rsa_hash(&key.0.algorithm()).await?;
        let key = PrivateKeyWithHashAlg::new(Arc::clone(&key.0), hash);
        self.handle
            .authenticate_publickey(user, key)
            .await
            .map(Answer::from)
            .map_err(|error| self.broken(&error))
    }

    /// Tries a key that the agent holds.
    pub(super) async fn offer_agent_key(
        &mut self,
        user: &str,
        agent: &mut Agent,
        key: &AgentKey,
    ) -> Result<Answer, TransportError> {
        let hash = self.rsa_hash(&key.public.algorithm()).await?;
        let signer = &mut Careful(&mut agent.0);
        let answer = self.handle.authenticate_publickey_with(user, key.public.clone(), hash, signer).await;
        answer.map(Answer::from).map_err(|error| self.broken(&error))
    }

    /// Tries a password.
    pub(super) async fn offer_password(
        &mut self,
        user: &str,
        password: &Secret,
    ) -> Result<Answer, TransportError> {
        let answer = self.handle.authenticate_password(user, password.expose().as_str()).await;
        answer.map(Answer::from).map_err(|error| self.broken(&error))
    }

    /// Answers the questions of a node that asks for the password in its own way.
    ///
    /// Only hidden answers are the password; a question whose answer would be shown is answered with nothing.
    pub(super) async fn offer_answers(
        &mut self,
        user: &str,
        password: &Secret,
    ) -> Result<Answer, TransportError> {
        let mut reply = self.handle.authenticate_keyboard_interactive_start(user, None::<String>).await;
        loop {
            match reply.map_err(|error| self.broken(&error))? {
                KeyboardInteractiveAuthResponse::Success => return Ok(Answer::Welcome),
                KeyboardInteractiveAuthResponse::Failure { remaining_methods, partial_success } => {
                    return Ok(refused(&remaining_methods, partial_success));
                }
                KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                    let answer = |echo: bool| if echo { String::new() } else { password.expose().clone() };
                    let answers = prompts.iter().map(|prompt| answer(prompt.echo)).collect();
                    reply = self.handle.authenticate_keyboard_interactive_respond(answers).await;
                }
            }
        }
    }

    /// Asks to be let in with nothing, which also tells what would be accepted.
    pub(super) async fn offer_nothing(&mut self, user: &str) -> Result<Answer, TransportError> {
        self.handle.authenticate_none(user).await.map(Answer::from).map_err(|error| self.broken(&error))
    }

    /// Returns what the node said to everybody who logs in, so far.
    pub(super) fn banner(&self) -> String {
        lock(&self.story.banner).trim().to_owned()
    }

    /// Starts a command.
    pub(super) async fn open(&self, command: &str, terminal: Terminal) -> Result<Channel, TransportError> {
        let opening = self.open_session(command, terminal);
        let limit = tokio::time::timeout(self.patience, opening);
        let channel = limit.await.unwrap_or_else(|_| Err(not_opened("no answer in time")))?;
        let (read, write) = channel.split();
        Ok(pump(read, write, Arc::clone(&self.story)))
    }

    /// Opens a stream to a subsystem, if the node has it.
    pub(super) async fn subsystem(
        &self,
        name: &str,
    ) -> Result<Option<impl Stream + 'static>, TransportError> {
        let fail = |error: russh::Error| not_opened(&self.words(&error));
        let opening = async {
            let mut channel = self.handle.channel_open_session().await.map_err(fail)?;
            channel.request_subsystem(true, name).await.map_err(fail)?;
            let granted = self.granted(&mut channel, name).await;
            Ok(granted.is_ok().then(|| channel.into_stream()))
        };
        let limit = tokio::time::timeout(self.patience, opening);
        limit.await.unwrap_or_else(|_| Err(not_opened("no answer in time")))
    }

    /// Opens a stream from the node to another host; the node finds its address.
    pub(super) async fn tunnel(
        &self,
        host: &str,
        port: u16,
    ) -> Result<impl Stream + 'static, TransportError> {
        let opened = self.handle.channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0).await;
        opened.map(russh::Channel::into_stream).map_err(|error| {
            let prohibited = ChannelOpenFailure::AdministrativelyProhibited;
            let refused = matches!(&error, russh::Error::ChannelOpenFailure(why) if *why == prohibited);
            TransportError {
                stage: Stage::Connect,
                message: format!("the jump host does not reach {host} port {port}: {}", self.words(&error)),
                hint: refused.then(|| "allow it there: `AllowTcpForwarding yes` in sshd_config".to_owned()),
                transient: !refused,
            }
        })
    }

    /// Tells whether the connection has ended.
    pub(super) fn is_over(&self) -> bool {
        self.handle.is_closed()
    }

    /// Ends the connection and returns when it is over, or soon after.
    pub(super) async fn close(&self) {
        let farewell = self.handle.disconnect(russh::Disconnect::ByApplication, "", "en");
        // A connection that is gone already is closed.
        let _ = farewell.await;
        let mut fate = self.story.fate.subscribe();
        let over = fate.wait_for(Option::is_some);
        let _ = tokio::time::timeout(FAREWELL, over).await;
    }

    async fn open_session(
        &self,
        command: &str,
        terminal: Terminal,
    ) -> Result<russh::Channel<Msg>, TransportError> {
        let fail = |error: russh::Error| not_opened(&self.words(&error));
        let mut channel = self.handle.channel_open_session().await.map_err(fail)?;
        if terminal == Terminal::Pseudo {
            channel.request_pty(true, "dumb", 80, 24, 0, 0, &RAW).await.map_err(fail)?;
            self.granted(&mut channel, "a terminal").await?;
        }
        channel.exec(true, command).await.map_err(fail)?;
        self.granted(&mut channel, "a command").await?;
        Ok(channel)
    }

    async fn granted(&self, channel: &mut russh::Channel<Msg>, what: &str) -> Result<(), TransportError> {
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Success) => return Ok(()),
                Some(ChannelMsg::Failure) => return Err(not_opened(&format!("the node refuses {what}"))),
                Some(ChannelMsg::WindowAdjusted { .. }) => {}
                Some(_) | None => return Err(not_opened(&self.story.outcome().to_string())),
            }
        }
    }

    /// Returns the hash that the node wants under signatures of an RSA key.
    async fn rsa_hash(&self, algorithm: &Algorithm) -> Result<Option<HashAlg>, TransportError> {
        if !matches!(algorithm, Algorithm::Rsa { .. }) {
            return Ok(None);
        }
        // Asked for RSA alone: a node that announces nothing costs a second here.
        let announced = self.handle.best_supported_rsa_hash().await.map_err(|error| self.broken(&error))?;
        Ok(announced.unwrap_or(Some(HashAlg::Sha512)))
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> TransportError {
        TransportError {
            stage: Stage::Authenticate,
            message: format!("the connection broke while logging in: {}", self.words(error)),
            hint: None,
            transient: true,
        }
    }

    /// Returns how the connection ended, if it has, or the library's words.
    fn words(&self, error: &dyn std::fmt::Display) -> String {
        match &*self.story.fate.borrow() {
            Some(outcome) => outcome.to_string(),
            None => error.to_string(),
        }
    }
}

impl From<AuthResult> for Answer {
    fn from(result: AuthResult) -> Self {
        match result {
            AuthResult::Success => Answer::Welcome,
            AuthResult::Failure { remaining_methods, partial_success } => {
                refused(&remaining_methods, partial_success)
            }
        }
    }
}

/// The library reports a closed connection as a refusal that leaves no methods.
fn refused(methods: &MethodSet, partial: bool) -> Answer {
    if methods.is_empty() {
        return Answer::HungUp;
    }
    let method = |kind: &MethodKind| match kind {
        MethodKind::PublicKey => Method::PublicKey,
        MethodKind::Password => Method::Password,
        MethodKind::KeyboardInteractive => Method::Interactive,
        _ => Method::Other,
    };
    Answer::Refused { methods: methods.iter().map(method).collect(), partial }
}

/// What is known of a connection beside its streams: the library's callbacks write it.
struct Story {
    fate: watch::Sender<Option<Outcome>>,
    refusal: Mutex<Option<TransportError>>,
    banner: Mutex<String>,
}

impl Story {
    fn new() -> Self {
        Story { fate: watch::Sender::new(None), refusal: Mutex::default(), banner: Mutex::default() }
    }

    fn take_refusal(&self) -> Option<TransportError> {
        lock(&self.refusal).take()
    }

    /// Returns how a command ended whose node did not say so.
    fn outcome(&self) -> Outcome {
        let unsaid =
            || Outcome::ConnectionLost("the node closed the command's streams without a word".to_owned());
        self.fate.borrow().clone().unwrap_or_else(unsaid)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hears what the library reports about a connection.
struct Watcher {
    host: HostCheck,
    story: Arc<Story>,
}

impl client::Handler for Watcher {
    type Error = Error;

    async fn check_server_key(&mut self, key: &PublicKey) -> Result<bool, Error> {
        let key = HostKey::new(key.public_key_bytes()).ok_or(Error::ServerCheckFailed)?;
        match self.host.files.check(&self.host.name, &key) {
            Ok(()) => Ok(true),
            Err(error) => {
                *lock(&self.story.refusal) = Some(host_key_refused(&error));
                Err(Error::ServerCheckFailed)
            }
        }
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut client::Session) -> Result<(), Error> {
        lock(&self.story.banner).push_str(banner);
        Ok(())
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Error>) -> Result<(), Error> {
        let outcome = match &reason {
            DisconnectReason::ReceivedDisconnect(info) => Outcome::ConnectionLost(info.message.clone()),
            DisconnectReason::Error(error) if is_silence(error) => Outcome::TimedOut,
            DisconnectReason::Error(error) => Outcome::ConnectionLost(plain_words(error)),
        };
        self.story.fate.send_replace(Some(outcome));
        Ok(())
    }
}

fn host_key_refused(error: &KnownHostsError) -> TransportError {
    TransportError { stage: Stage::HostKey, message: error.to_string(), hint: error.hint(), transient: false }
}

fn is_silence(error: &Error) -> bool {
    match error {
        Error::SshError(russh::Error::KeepaliveTimeout) => true,
        Error::SshError(russh::Error::IO(error)) | Error::IoError(error) => {
            error.kind() == ErrorKind::TimedOut
        }
        _ => false,
    }
}

fn plain_words(error: &Error) -> String {
    match error {
        error if hung_up(error) => "closed by the node".to_owned(),
        Error::SshError(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Tells whether the node ended the connection, and did not say why.
fn hung_up(error: &Error) -> bool {
    match error {
        Error::SshError(russh::Error::HUP | russh::Error::Disconnect) => true,
        Error::SshError(russh::Error::IO(error)) => {
            matches!(
                error.kind(),
                ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
            )
        }
        _ => false,
    }
}

fn no_handshake(error: &Error) -> TransportError {
    let (words, transient) = match error {
        Error::SshError(russh::Error::NoCommonAlgo { kind, theirs, .. }) => {
            let kind = format!("{kind:?}").to_lowercase();
            (format!("it offers no {kind} algorithm that is still safe, only {}", theirs.join(", ")), false)
        }
        Error::SshError(russh::Error::Version) => ("what answers is no SSH server".to_owned(), false),
        error => (plain_words(error), true),
    };
    let message = format!("no SSH connection: {words}");
    if hung_up(error) {
        let hint = "too many log in there at once, or it does not want this machine: see `MaxStartups` in \
            sshd_config(5), or give a lower `--parallel`";
        return TransportError { stage: Stage::Greeting, message, hint: Some(hint.to_owned()), transient };
    }
    TransportError { stage: Stage::Connect, message, hint: None, transient }
}

fn not_opened(words: &str) -> TransportError {
    let message = format!("a command cannot be started: {words}");
    TransportError { stage: Stage::Open, message, hint: None, transient: false }
}

/// Returns the library's configuration for one host.
fn config(host: &HostCheck, timing: &Timing) -> Result<Config, TransportError> {
    let known = host.files.keys_of(&host.name).map_err(|error| host_key_refused(&error))?;
    let known: Vec<&str> = known.iter().map(|found| found.key.algorithm()).collect();
    let default = russh::Preferred::DEFAULT;
    // The hybrid after the plain curve: it costs a key exchange more than the rest of the login together.
    let first = [russh::kex::CURVE25519, russh::kex::CURVE25519_PRE_RFC_8731];
    let rest = default.kex.iter().filter(|name| !first.contains(name)).copied();
    Ok(Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-pallet_",
            env!("CARGO_PKG_VERSION")
        ))),
        keepalive_interval: Some(timing.keepalive),
        keepalive_max: timing.keepalive_max,
        // Asked for here too, although the stream is ours: off, every command costs 40 ms more.
        nodelay: true,
        preferred: russh::Preferred {
            kex: first.iter().copied().chain(rest).collect(),
            key: host_key_order(&known),
            ..default
        },
        ..Config::default()
    })
}

/// Puts the types of key that are known of a host first, so that it presents one of those.
fn host_key_order(known: &[&str]) -> Cow<'static, [Algorithm]> {
    let mut order = russh::Preferred::DEFAULT.key.to_vec();
    // Without a hash it would be SHA-1, which can be forged.
    order.retain(|algorithm| *algorithm != Algorithm::Rsa { hash: None });
    order.sort_by_key(|algorithm| !known.contains(&key_type(algorithm)));
    Cow::Owned(order)
}

/// Returns the type that a host key has in a file, whatever hash its signatures use.
fn key_type(algorithm: &Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 => "ssh-ed25519",
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 } => "ecdsa-sha2-nistp256",
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 } => "ecdsa-sha2-nistp384",
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 } => "ecdsa-sha2-nistp521",
        Algorithm::Rsa { .. } => "ssh-rsa",
        _ => "",
    }
}

/// A terminal that changes nothing on the way: no echo, no line editing, no signals, no translation.
const RAW: [(Pty, u32); 12] = [
    (Pty::ECHO, 0),
    (Pty::ECHOE, 0),
    (Pty::ECHOK, 0),
    (Pty::ECHOCTL, 0),
    (Pty::ICANON, 0),
    (Pty::ISIG, 0),
    (Pty::IEXTEN, 0),
    (Pty::OPOST, 0),
    (Pty::ICRNL, 0),
    (Pty::IXON, 0),
    (Pty::ISTRIP, 0),
    (Pty::CS8, 1),
];

/// Joins a command's streams to the queues of a channel.
fn pump(read: ChannelReadHalf, write: ChannelWriteHalf<Msg>, story: Arc<Story>) -> Channel {
    let (input, input_rx) = mpsc::channel(QUEUE);
    let (output_tx, output) = mpsc::channel(QUEUE);
    let (ended_tx, ended) = watch::channel(());
    let write = Arc::new(write);
    tokio::spawn(feed(Arc::clone(&write), input_rx, ended));
    tokio::spawn(async move {
        if drain(read, &output_tx, &story).await.is_err() {
            // Nobody listens any more. A connection that is gone needs no closing.
            let _ = write.close().await;
        }
        drop(ended_tx);
    });
    Channel { input, output }
}

/// Writes what arrives until the sender is dropped or the command is over.
async fn feed(
    write: Arc<ChannelWriteHalf<Msg>>,
    mut input: mpsc::Receiver<Vec<u8>>,
    mut ended: watch::Receiver<()>,
) {
    let copy = async {
        while let Some(bytes) = input.recv().await {
            write.data_bytes(bytes).await?;
        }
        write.eof().await
    };
    tokio::select! {
        // The reading side finds out that the connection is gone, and says so.
        _ = copy => {}
        // Without this, a writer whose window never opens again would wait for ever.
        _ = ended.changed() => {}
    }
}

/// Passes on what the command writes, then how it ended. An error means that nobody listens.
async fn drain(
    mut read: ChannelReadHalf,
    output: &mpsc::Sender<Output>,
    story: &Story,
) -> Result<(), mpsc::error::SendError<Output>> {
    let mut outcome = None;
    while let Some(message) = next(&mut read, outcome.is_some()).await {
        match message {
            ChannelMsg::Data { data } => output.send(Output::Stdout(data.into())).await?,
            ChannelMsg::ExtendedData { data, ext: 1 } => output.send(Output::Stderr(data.into())).await?,
            // The end is told before the last output may have arrived.
            ChannelMsg::ExitStatus { exit_status } => {
                outcome = Some(Outcome::Exited(i32::try_from(exit_status).unwrap_or(i32::MAX)));
            }
            ChannelMsg::ExitSignal { signal_name, .. } => {
                outcome = Some(Outcome::Killed(name_of(signal_name)))
            }
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    output.send(Output::End(outcome.unwrap_or_else(|| story.outcome()))).await
}

async fn next(read: &mut ChannelReadHalf, ended: bool) -> Option<ChannelMsg> {
    if ended {
        tokio::time::timeout(SILENCE_AFTER_END, read.wait()).await.unwrap_or(None)
    } else {
        read.wait().await
    }
}

fn name_of(signal: Sig) -> String {
    match signal {
        Sig::Custom(name) => name,
        known => format!("{known:?}"),
    }
}

/// A private key, ready for use.
#[derive(Clone)]
pub(crate) struct PrivateKey(Arc<russh::keys::PrivateKey>);

/// Why a text is no private key that we can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyError {
    /// It needs a passphrase.
    Encrypted,
    /// The passphrase does not open it, or its encryption is too old to be known.
    WrongPassphrase,
    /// It is a public key.
    Public,
    /// It is something else, in the library's words.
    Malformed(String),
}

impl PrivateKey {
    /// Reads a private key in OpenSSH's, PEM's or PKCS #8's format.
    pub(crate) fn decode(text: &str, passphrase: Option<&Secret>) -> Result<PrivateKey, KeyError> {
        if is_public(text) {
            return Err(KeyError::Public);
        }
        let encrypted = is_encrypted(text);
        if encrypted && passphrase.is_none() {
            return Err(KeyError::Encrypted);
        }
        let passphrase = passphrase.filter(|_| encrypted).map(|secret| secret.expose().as_str());
        match russh::keys::decode_secret_key(text, passphrase) {
            Ok(key) => Ok(PrivateKey(Arc::new(key))),
            Err(_) if encrypted => Err(KeyError::WrongPassphrase),
            Err(error) => Err(KeyError::Malformed(error.to_string())),
        }
    }

    /// Returns the public half as SSH sends it.
    pub(crate) fn public_blob(&self) -> Vec<u8> {
        self.0.public_key_bytes()
    }
}

fn is_public(text: &str) -> bool {
    let text = text.trim_start();
    text.contains("PUBLIC KEY-----")
        || PublicKey::from_openssh(text.lines().next().unwrap_or_default()).is_ok()
}

fn is_encrypted(text: &str) -> bool {
    let pem = text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED");
    pem || russh::keys::PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted())
}

/// Returns the public half of a key file: a public key's own line, or what an encrypted key shows of itself.
pub(crate) fn public_half(text: &str) -> Option<Vec<u8>> {
    let shown = || russh::keys::PrivateKey::from_openssh(text).ok().map(|key| key.public_key_bytes());
    PublicKey::from_openssh(text.lines().next()?).ok().map(|key| key.public_key_bytes()).or_else(shown)
}

/// Returns the public half of a key as a line of `authorized_keys`: of a public one itself, or of what OpenSSH's
/// private keys show without their passphrase.
pub(crate) fn public_line(text: &str) -> Option<String> {
    let shown = || Some(russh::keys::PrivateKey::from_openssh(text).ok()?.public_key().clone());
    let key = PublicKey::from_openssh(text.lines().next()?).ok().or_else(shown)?;
    key.to_openssh().ok()
}

/// A connection to a running agent.
pub(super) struct Agent(AgentClient<UnixStream>);

/// A key that an agent holds.
pub(super) struct AgentKey {
    public: PublicKey,
    /// What its owner calls it.
    pub(super) comment: String,
}

impl AgentKey {
    pub(super) fn blob(&self) -> Vec<u8> {
        self.public.public_key_bytes()
    }
}

impl Agent {
    /// Connects to the agent that listens on a socket and asks for its keys.
    pub(super) async fn connect(socket: &Path) -> Result<(Agent, Vec<AgentKey>), String> {
        let mut client = AgentClient::connect_uds(socket).await.map_err(|error| error.to_string())?;
        let identities = client.request_identities().await.map_err(|error| error.to_string())?;
        // Certificates are not offered: their hosts accept the plain key as well, or are not ours to know.
        let keys = identities.into_iter().filter_map(|identity| match identity {
            AgentIdentity::PublicKey { key, comment } => Some(AgentKey { public: key, comment }),
            AgentIdentity::Certificate { .. } => None,
        });
        let keys = keys.collect();
        Ok((Agent(client), keys))
    }
}

/// Returns whether the agent that listens on a socket holds the key with this public half.
pub(crate) async fn agent_holds(socket: &Path, blob: &[u8]) -> bool {
    Agent::connect(socket).await.is_ok_and(|(_, keys)| keys.iter().any(|key| key.blob() == blob))
}

/// An agent that answers even when it will not sign.
///
/// The library waits for a signature for ever once a node has accepted a key, also after the agent refused. An
/// invalid signature instead makes the node say no, and the next key gets its turn.
struct Careful<'a>(&'a mut AgentClient<UnixStream>);

impl russh::Signer for Careful<'_> {
    type Error = russh::AgentAuthError;

    async fn auth_sign(
        &mut self,
        key: &AgentIdentity,
        hash: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        match self.0.sign_request(key, hash, to_sign.clone()).await {
            Ok(signed) => Ok(signed),
            Err(_) => Ok(with_invalid_signature(to_sign, &key.public_key().algorithm())),
        }
    }
}

fn with_invalid_signature(mut data: Vec<u8>, algorithm: &Algorithm) -> Vec<u8> {
    let name = match algorithm {
        Algorithm::Rsa { .. } => "rsa-sha2-512",
        other => key_type(other),
    };
    let mut signature = Vec::new();
    for part in [name.as_bytes(), &[0; 64]] {
        signature.extend((part.len() as u32).to_be_bytes());
        signature.extend(part);
    }
    data.extend((signature.len() as u32).to_be_bytes());
    data.extend(signature);
    data
}
