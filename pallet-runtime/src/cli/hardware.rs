//! `hardware`: the hardware models that the service knows.

use super::service;
use super::{Session, Stop, exit, listing};
use crate::error::InputError;
use pallet::compute::HardwareModel;
use serde::Serialize;
use std::collections::BTreeMap;

/// Lists the hardware models that node specs can name.
pub(crate) async fn models(session: &Session<'_>) -> Result<u8, Stop> {
    let all: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let service = service::open(session, &all).await?;
    let Some(models) = service.compute.hardware_models() else {
        return Err(InputError::new(format!("the service {} has no hardware models", service.name))
            .hint(service.choose_instead("a VirtualBox service has some"))
            .into());
    };
    let rows: Vec<Row<'_>> = models.iter().map(Row::new).collect();
    let cells = rows.iter().map(Row::cells).collect();
    listing::print(&session.globals, session.world, &["MODEL", "SETTINGS", "SOURCE"], cells, &rows);
    Ok(exit::OK)
}

#[derive(Serialize)]
struct Row<'a> {
    model: &'a str,
    settings: BTreeMap<&'a str, &'a str>,
    source: &'a str,
}

impl<'a> Row<'a> {
    fn new(model: &'a HardwareModel) -> Self {
        let settings = model.settings.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Row { model: &model.name, settings: settings.collect(), source: &model.source }
    }

    fn cells(&self) -> Vec<String> {
        let settings: Vec<String> =
            self.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        vec![self.model.to_owned(), settings.join(" "), self.source.to_owned()]
    }
}
