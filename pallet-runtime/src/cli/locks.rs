//! The right to change nodes, which one command at a time has: of each service and, where that is on another host, of the
//! service there.

use super::Session;
use super::service::OpenService;
use crate::error::InputError;
use crate::event::Failure;
use crate::hosts::{HostLock, NotLocked};
use crate::lock::{self, ServiceLock};
use pallet::name::ServiceName;

/// The rights to change the nodes of a service, and of those that it consists of.
pub(super) struct Locks {
    _here: Vec<ServiceLock>,
    _there: Vec<HostLock>,
}

/// Takes the locks for a command, or says who has them.
pub(super) async fn take(
    session: &Session<'_>,
    service: &OpenService,
    verb: &str,
) -> Result<Locks, InputError> {
    let mut locks = Locks { _here: Vec::new(), _there: Vec::new() };
    for part in &service.parts {
        locks._here.push(ServiceLock::take(session.home.state(), &part.name, verb)?);
        if let Some(host) = &part.host {
            locks._there.push(lock_there(session, &part.name, host, verb).await?);
        }
    }
    Ok(locks)
}

async fn lock_there(
    session: &Session<'_>,
    service: &ServiceName,
    host: &str,
    verb: &str,
) -> Result<HostLock, InputError> {
    let taken = HostLock::take(&*session.hosts()?, host, service, &lock::holder(verb)).await;
    taken.map_err(|error| match error {
        NotLocked::Busy(who) => lock::in_use(service, &lock::described(&who)),
        NotLocked::Failed(error) => InputError::from(Failure::new(error.message).maybe_hint(error.hint)),
    })
}
