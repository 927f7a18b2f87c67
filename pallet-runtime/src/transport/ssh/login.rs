//! Logging in: what is offered to a node, and in which order.

use super::client::{Agent, AgentKey, Answer, Method, Session};
use crate::credentials::{Credentials, Identity, Proof};
use crate::transport::{Stage, TransportError};
use pallet::Secret;

/// Offers the node one credential after the other until it lets us in.
///
/// What the user named explicitly comes first, because nodes allow few attempts: a password if that is all there
/// is, else the named key; then what the agent holds, then the key files found, then the password.
pub(super) async fn log_in(session: &mut Session, credentials: &Credentials) -> Result<(), TransportError> {
    let mut login = Login {
        session,
        credentials,
        allowed: None,
        partial: false,
        tried: Vec::new(),
        offered: Vec::new(),
        agent: None,
    };
    login.connect_agent().await;
    match login.offer_all().await? {
        End::LoggedIn => Ok(()),
        End::Exhausted => Err(login.refused()),
        End::HungUp => Err(login.hung_up()),
    }
}

/// An attempt to log in, so far.
struct Login<'a> {
    session: &'a mut Session,
    credentials: &'a Credentials,
    /// What the node still accepts, once it has said so.
    allowed: Option<Vec<Method>>,
    /// Whether something was right and more was asked for.
    partial: bool,
    /// What it refused, for people.
    tried: Vec<String>,
    /// The public halves of the keys that had their turn, because the same key may be in a file and the agent.
    offered: Vec<Vec<u8>>,
    agent: Option<(Agent, Vec<AgentKey>)>,
}

/// How an attempt ended, or has not yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    LoggedIn,
    HungUp,
    /// Nothing is left to offer; inside an attempt: go on.
    Exhausted,
}

impl Login<'_> {
    async fn offer_all(&mut self) -> Result<End, TransportError> {
        let credentials = self.credentials;
        let password = credentials.password.as_ref();
        let early = password.filter(|_| credentials.first.is_empty());
        if let Some(end) = over(self.offer_password(early).await?) {
            return Ok(end);
        }
        for identity in &credentials.first {
            if let Some(end) = over(self.offer_identity(identity).await?) {
                return Ok(end);
            }
        }
        if let Some(end) = over(self.offer_agent_keys().await?) {
            return Ok(end);
        }
        for identity in &credentials.then {
            if let Some(end) = over(self.offer_identity(identity).await?) {
                return Ok(end);
            }
        }
        // After a first proof the password may be the second, even if it was no first one.
        let late = password.filter(|_| early.is_none() || self.partial);
        if let Some(end) = over(self.offer_password(late).await?) {
            return Ok(end);
        }
        if self.tried.is_empty() { self.offer_nothing().await } else { Ok(End::Exhausted) }
    }

    async fn connect_agent(&mut self) {
        let Some(socket) = &self.credentials.agent else { return };
        match Agent::connect(socket).await {
            Ok(agent) => self.agent = Some(agent),
            Err(words) => self.tried.push(format!("the agent at {} ({words})", socket.display())),
        }
    }

    async fn offer_identity(&mut self, identity: &Identity) -> Result<End, TransportError> {
        let blob = identity.proof.blob();
        if !self.allows(Method::PublicKey) || self.offered.contains(&blob) {
            return Ok(End::Exhausted);
        }
        let user = &self.credentials.username;
        let answer = match &identity.proof {
            Proof::Key(key) => self.session.offer_key(user, key).await?,
            Proof::InAgent(_) => {
                let Some((agent, keys)) = &mut self.agent else { return Ok(End::Exhausted) };
                let Some(key) = keys.iter().find(|key| key.blob() == blob) else {
                    return Ok(End::Exhausted);
                };
                self.session.offer_agent_key(user, agent, key).await?
            }
        };
        self.offered.push(blob);
        Ok(self.note(answer, format!("key {}", identity.name)))
    }

    /// Offers the agent's keys that were not offered by name.
    async fn offer_agent_keys(&mut self) -> Result<End, TransportError> {
        if self.credentials.identities_only {
            return Ok(End::Exhausted);
        }
        let Some((mut agent, keys)) = self.agent.take() else { return Ok(End::Exhausted) };
        let mut end = End::Exhausted;
        for key in &keys {
            let blob = key.blob();
            if end != End::Exhausted || !self.allows(Method::PublicKey) {
                break;
            }
            if self.offered.contains(&blob) {
                continue;
            }
            self.offered.push(blob);
            let answer = self.session.offer_agent_key(&self.credentials.username, &mut agent, key).await?;
            end = self.note(answer, format!("key {} of the agent", key.comment));
        }
        self.agent = Some((agent, keys));
        Ok(end)
    }

    async fn offer_password(&mut self, password: Option<&Secret>) -> Result<End, TransportError> {
        let Some(password) = password else { return Ok(End::Exhausted) };
        let user = &self.credentials.username;
        if self.allows(Method::Password) {
            let answer = self.session.offer_password(user, password).await?;
            let end = self.note(answer, "the password".to_owned());
            // A node that takes passwords and refused this one would refuse it again under another name.
            if end != End::Exhausted || self.allows(Method::Password) {
                return Ok(end);
            }
        }
        if !self.allows(Method::Interactive) {
            return Ok(End::Exhausted);
        }
        let answer = self.session.offer_answers(user, password).await?;
        Ok(self.note(answer, "the password, as an answer".to_owned()))
    }

    async fn offer_nothing(&mut self) -> Result<End, TransportError> {
        let answer = self.session.offer_nothing(&self.credentials.username).await?;
        Ok(self.note(answer, String::new()))
    }

    /// Keeps what the node said in mind.
    fn note(&mut self, answer: Answer, what: String) -> End {
        match answer {
            Answer::Welcome => return End::LoggedIn,
            Answer::HungUp => {
                self.tried.push(what);
                return End::HungUp;
            }
            Answer::Refused { methods, partial } => {
                self.allowed = Some(methods);
                self.partial |= partial;
                if !partial && !what.is_empty() {
                    self.tried.push(what);
                }
            }
        }
        End::Exhausted
    }

    fn allows(&self, method: Method) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&method))
    }

    fn refused(&self) -> TransportError {
        let user = &self.credentials.username;
        let tried = if self.tried.is_empty() { "nothing to offer".to_owned() } else { self.tried.join(", ") };
        TransportError {
            stage: Stage::Authenticate,
            message: format!("login as {user} refused; tried: {tried}; accepted there: {}", self.accepted()),
            hint: Some(self.advice()),
            transient: self.says_it_boots(),
        }
    }

    fn hung_up(&self) -> TransportError {
        let user = &self.credentials.username;
        let banner = self.session.banner();
        let words = if banner.is_empty() { String::new() } else { format!(", saying: {banner}") };
        let too_many = self.tried.len() > 1;
        let hint = too_many.then(|| {
            "the node allows few attempts: name the key to use, or set `IdentitiesOnly yes` in ~/.ssh/config"
                .to_owned()
        });
        TransportError {
            stage: Stage::Authenticate,
            message: format!("connection closed at login as {user}{words}; tried: {}", self.tried.join(", ")),
            hint,
            transient: !too_many || self.says_it_boots(),
        }
    }

    /// Returns whether the node lets nobody in yet: pam_nologin, and systemd's word for it.
    fn says_it_boots(&self) -> bool {
        let banner = self.session.banner();
        banner.contains("booting up") || banner.contains("not permitted to log in yet")
    }

    fn accepted(&self) -> String {
        let name = |method: &Method| match method {
            Method::PublicKey => "keys",
            Method::Password => "passwords",
            Method::Interactive => "answers to questions",
            Method::Other => "other ways",
        };
        let names = self.allowed.iter().flatten().map(name).collect::<Vec<_>>();
        if names.is_empty() { "unknown".to_owned() } else { names.join(", ") }
    }

    fn advice(&self) -> String {
        let mut advice = self.credentials.notes.clone();
        // Most nodes accept passwords, too; that is no advice for somebody who has given none.
        if self.credentials.password.is_none() && self.allows(Method::PublicKey) {
            let user = &self.credentials.username;
            advice.push(format!(
                "add the public key to ~{user}/.ssh/authorized_keys there, or name another key"
            ));
        } else {
            advice.push("check the user name, the key and the password".to_owned());
        }
        advice.join("; ")
    }
}

fn over(end: End) -> Option<End> {
    (end != End::Exhausted).then_some(end)
}
