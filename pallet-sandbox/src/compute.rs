//! The sandbox as pallet sees it: each call of [`Compute`] on a thread that may block.

use crate::error::{Context, Result};
use crate::image::{self, Source};
use crate::node::init::{self, Init};
use crate::probe;
use crate::resolver;
use crate::service::Service;
use crate::tools::Rights;
use pallet::compute::{BoxFuture, Compute, ComputeError, CreateRequest, NodeId, NodeRecord, Progress};
use pallet::spec::Network;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};

/// One sandbox service, opened.
pub(crate) struct Sandbox(Arc<Service>);

impl Sandbox {
    pub(crate) fn new(service: Service) -> Self {
        Sandbox(Arc::new(service))
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Service) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let service = Arc::clone(&self.0);
        Box::pin(async move { outcome(spawn_blocking(move || work(&service))).await })
    }

    /// Like [`run`](Sandbox::run), for work that says what it is doing.
    fn run_reporting<'a, T: Send + 'static>(
        &self,
        progress: Progress<'a>,
        work: impl FnOnce(&Service, &dyn Fn(&str)) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'a, Result<T>> {
        let service = Arc::clone(&self.0);
        Box::pin(async move {
            let (sender, mut reports) = mpsc::unbounded_channel::<String>();
            let task = spawn_blocking(move || {
                work(&service, &|text| {
                    // Nobody listens any more once the caller has given up; the work is finished all the same.
                    let _ = sender.send(text.to_owned());
                })
            });
            while let Some(text) = reports.recv().await {
                progress(&text);
            }
            outcome(task).await
        })
    }
}

impl Compute for Sandbox {
    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>>> {
        self.run(Service::list)
    }

    fn check<'a>(&'a self, requests: &'a [CreateRequest]) -> BoxFuture<'a, Result<()>> {
        let requests = requests.to_vec();
        self.run(move |service| check(service, &requests))
    }

    fn create<'a>(
        &'a self,
        request: &'a CreateRequest,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord>> {
        let request = request.clone();
        self.run_reporting(progress, move |service, report| service.create(&request, report))
    }

    fn start<'a>(&'a self, id: &'a NodeId, progress: Progress<'a>) -> BoxFuture<'a, Result<NodeRecord>> {
        let id = id.clone();
        self.run_reporting(progress, move |service, report| service.start(&id, report))
    }

    fn stop<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<()>> {
        let id = id.clone();
        self.run(move |service| service.stop(&id))
    }

    fn destroy<'a>(&'a self, id: &'a NodeId) -> BoxFuture<'a, Result<()>> {
        let id = id.clone();
        self.run(move |service| service.destroy(&id))
    }

    fn tag<'a>(&'a self, id: &'a NodeId, key: &'a str, value: Option<&'a str>) -> BoxFuture<'a, Result<()>> {
        let (id, key, value) = (id.clone(), key.to_owned(), value.map(str::to_owned));
        self.run(move |service| service.tag(&id, &key, value.as_deref()))
    }
}

async fn outcome<T>(task: JoinHandle<Result<T>>) -> Result<T> {
    match task.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(std::io::Error::from(error)).context(|| "the run was ended".to_owned()),
    }
}

fn check(service: &Service, requests: &[CreateRequest]) -> Result<()> {
    if requests.is_empty() {
        return Ok(());
    }
    for request in requests {
        check_request(service, request)?;
    }
    resolver::for_nodes()?;
    if service.tools.rights == Rights::User {
        probe::subordinate_ids()?;
        probe::tunnel_device()?;
    }
    probe::kernel(&service.tools)?;
    service.check_network(requests.len())
}

fn check_request(service: &Service, request: &CreateRequest) -> Result<()> {
    /// `sethostname(2)` takes no more.
    const HOSTNAME_LIMIT: usize = 64;
    if request.name.as_str().len() > HOSTNAME_LIMIT {
        let message = format!("node name {} is longer than {HOSTNAME_LIMIT} characters", request.name);
        return Err(ComputeError::input(message).hint("give the group a shorter name"));
    }
    if let Some(network @ (Network::Bridged(_) | Network::Adapters(_))) = request.spec.get_network() {
        let message = format!("node {}: the sandbox has no network \"{network}\"", request.name);
        return Err(ComputeError::input(message).hint("use `network: local`, or a provider of real machines"));
    }
    if let Some(options) = request.spec.get_provider_options() {
        options.finish()?;
    }
    let source = image::select(&service.settings, service.tools.rights, request.spec.get_image())?;
    check_init(service, &source)
}

/// Only when systemd was asked for can it be missing. What is in an archive is known once it is unpacked.
fn check_init(service: &Service, source: &Source) -> Result<()> {
    if service.settings.init != Some(Init::Systemd) {
        return Ok(());
    }
    init::check_host(&service.tools)?;
    match source {
        Source::Host => init::check_root(Path::new("/")),
        Source::Folder(path) => init::check_root(path),
        Source::Archive(_) | Source::Built => Ok(()),
    }
}
