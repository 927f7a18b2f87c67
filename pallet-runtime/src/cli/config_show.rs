//! `config show`: the configuration as it counts, each value with the place where it was written.

use super::service::choose_and_say;
use super::{Session, Stop, exit, listing};
use crate::config::{Service, names_secret};
use pallet::name::ServiceName;
use pallet::options::{OptionValue, Options};
use serde::Serialize;

/// Prints every value that counts, and where it comes from.
pub(crate) fn show(session: &Session<'_>) -> Result<u8, Stop> {
    let rows: Vec<Row> = [chosen(session)]
        .into_iter()
        .chain(
            session
                .config
                .admin
                .entries()
                .into_iter()
                .map(|(key, value, from)| Row::new(format!("admin-user.{key}"), value, from)),
        )
        .chain(session.config.services.iter().flat_map(|(name, service)| of_service(name, service)))
        .collect();
    let cells = rows.iter().map(|row| vec![row.key.clone(), row.value.clone(), row.from.clone()]).collect();
    listing::print(&session.globals, session.world, &["KEY", "VALUE", "FROM"], cells, &rows);
    session.say(&files(session));
    Ok(exit::OK)
}

#[derive(Serialize)]
struct Row {
    key: String,
    value: String,
    from: String,
}

impl Row {
    fn new(key: impl Into<String>, value: impl Into<String>, from: impl Into<String>) -> Row {
        Row { key: key.into(), value: value.into(), from: from.into() }
    }
}

/// The service that is used, or why none is: here that is worth telling, not an error.
fn chosen(session: &Session<'_>) -> Row {
    match choose_and_say(session) {
        Ok((name, from)) => Row::new("default-service", name.as_str(), from),
        Err(error) => Row::new("default-service", "-", error.to_string()),
    }
}

fn of_service(name: &ServiceName, service: &Service) -> Vec<Row> {
    let prefix = format!("services.{name}");
    let provider = &service.provider;
    let mut rows =
        vec![Row::new(format!("{prefix}.provider"), provider.value.as_str(), provider.at.place.as_str())];
    add_options(&prefix, &service.options, &mut rows);
    rows
}

/// Tables are gone into, lists are shown whole.
fn add_options(prefix: &str, options: &Options, rows: &mut Vec<Row>) {
    for key in options.keys() {
        let path = format!("{prefix}.{key}");
        match options.value(key) {
            Some(OptionValue::Table(table)) => add_options(&path, table, rows),
            Some(value) => rows.push(Row::new(path, shown(key, value), options.place(key))),
            None => {}
        }
    }
}

fn shown(key: &str, value: &OptionValue) -> String {
    match value {
        _ if names_secret(key) => "***".to_owned(),
        OptionValue::Bool(flag) => flag.to_string(),
        OptionValue::Integer(number) => number.to_string(),
        OptionValue::Float(number) => number.to_string(),
        OptionValue::String(text) => text.clone(),
        OptionValue::List(items) => {
            format!("[{}]", items.iter().map(|item| shown(key, item)).collect::<Vec<_>>().join(", "))
        }
        OptionValue::Table(table) => {
            let entries = table.keys().filter_map(|key| Some((key, table.value(key)?)));
            let entries: Vec<String> =
                entries.map(|(key, value)| format!("{key} = {}", shown(key, value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// The files that were read, first the one that wins.
fn files(session: &Session<'_>) -> String {
    let read: Vec<&str> = session.config.sources.iter().map(|source| source.shown()).collect();
    match read.as_slice() {
        [] => format!(
            "no configuration: there is no pallet.toml here or above, and none in {}",
            session.home.config().display()
        ),
        read => format!("read, the first wins: {}", read.join(", ")),
    }
}
