//! What image models there are, and what is wrong with them.

use super::{Defined, Disk, Model, Models};
use crate::command::list;
use crate::command::medium::{self, Medium, MediumKind};
use crate::service::Service;
use crate::{holder, host};
use pallet::compute::{ComputeError, ImageRecord, Progress};
use std::collections::BTreeMap;
use std::path::Path;

/// Answers a letter for each file: `y` if it can be read.
const READABLE: &str = r#"for file; do if [ -r "$file" ]; then printf y; else printf n; fi; done"#;

/// Returns all models, at the cost of a list of the disks and a look at the files that VirtualBox does not know.
pub(crate) async fn list(service: &Service) -> Result<Vec<ImageRecord>, ComputeError> {
    let models = service.read_images().await?;
    let disks = list::disks(&service.vbox).await?;
    let files = unknown_files(service, &models, &disks).await?;
    let records = models.all().iter().map(|(id, defined)| record(id, defined, &disks, &files));
    Ok(with_unreadable(records.collect(), &models))
}

/// Returns the record of one model, as it is now.
pub(crate) async fn one(service: &Service, id: &str) -> Result<Option<ImageRecord>, ComputeError> {
    Ok(list(service).await?.into_iter().find(|record| record.id == id))
}

/// Returns all models after a closer look: their disks are opened, and those that were added are read to their end.
pub(crate) async fn check(
    service: &Service,
    progress: Progress<'_>,
) -> Result<Vec<ImageRecord>, ComputeError> {
    let mut records = list(service).await?;
    let models = service.images();
    for record in records.iter_mut().filter(|record| record.problems.is_empty()) {
        let Some(model) = models.get(&record.id) else { continue };
        progress(&format!("reading {}", record.id));
        record.problems.extend(closer_look(service, model, record.registered).await?);
    }
    Ok(records)
}

async fn closer_look(
    service: &Service,
    model: &Model,
    registered: bool,
) -> Result<Option<String>, ComputeError> {
    if registered {
        // Not of disks that VirtualBox does not know: it would know them from then on.
        let disk = medium::show(&service.vbox, &model.disk.argument()).await?;
        if let Err(error) = holder::usable(model, &disk) {
            return Ok(Some(error.message));
        }
    }
    let (Some(added), Disk::File(path)) = (&model.added, &model.disk) else { return Ok(None) };
    let digest = host::sha256(service.vbox.runner(), path).await?;
    Ok((digest != added.digest).then(|| "its disk was written to since it was added".to_owned()))
}

/// The files of models that are no disks of the registry, and whether they can be read.
async fn unknown_files(
    service: &Service,
    models: &Models,
    disks: &[Medium],
) -> Result<BTreeMap<String, bool>, ComputeError> {
    let usable = models.all().values().filter_map(|defined| defined.model.as_ref().ok());
    let files: Vec<String> = usable
        .filter(|model| matches!(model.disk, Disk::File(_)) && known(model, disks).is_none())
        .map(|model| model.disk.argument())
        .collect();
    if files.is_empty() {
        return Ok(BTreeMap::new());
    }
    let look = host::script(READABLE, files.iter().map(String::as_str));
    let answer = host::run(service.vbox.runner(), "look for the disks of the image models", &look).await?;
    Ok(files.into_iter().zip(answer.into_iter().map(|letter| letter == b'y')).collect())
}

/// Returns what VirtualBox knows about the disk of a model.
pub(crate) fn known<'a>(model: &Model, disks: &'a [Medium]) -> Option<&'a Medium> {
    disks.iter().find(|disk| match &model.disk {
        Disk::Known(id) => disk.id == *id,
        Disk::File(path) => same_file(path, &disk.location),
    })
}

fn same_file(a: &Path, b: &Path) -> bool {
    // By components: `/m//d.vdi` is the file that VirtualBox calls `/m/d.vdi`.
    a == b
}

/// Returns how many disks are differences to this one.
pub(crate) fn children(disk: &Medium, disks: &[Medium]) -> usize {
    disks.iter().filter(|other| other.parent.as_ref() == Some(&disk.id)).count()
}

fn record(id: &str, defined: &Defined, disks: &[Medium], files: &BTreeMap<String, bool>) -> ImageRecord {
    let base =
        ImageRecord { id: id.to_owned(), source: defined.source.to_string(), ..ImageRecord::default() };
    let model = match &defined.model {
        Ok(model) => model,
        Err(mistake) => return ImageRecord { problems: vec![mistake.to_string()], ..base },
    };
    let disk = known(model, disks);
    let file = match &model.disk {
        Disk::File(path) => Some(path.clone()),
        Disk::Known(_) => None,
    };
    let mut problems = defined.notes.clone();
    problems.extend(problem(model, disk, files));
    ImageRecord {
        description: model.description.clone(),
        path: file.or_else(|| disk.map(|disk| disk.location.clone())),
        uuid: disk.map(|disk| disk.id.to_string()),
        registered: disk.is_some(),
        kind: disk.map(|disk| disk.kind.as_str().to_owned()),
        children: disk.map_or(0, |disk| children(disk, disks)),
        os_family: model.os_family,
        os_version: model.os_version.clone(),
        os_64_bit: model.os_64_bit,
        origin: model.added.as_ref().map(|added| added.origin.clone()),
        problems,
        ..base
    }
}

fn problem(model: &Model, disk: Option<&Medium>, files: &BTreeMap<String, bool>) -> Option<String> {
    let argument = model.disk.argument();
    match (disk, &model.disk) {
        (Some(disk), _) if !disk.accessible => Some(format!("VirtualBox cannot read {argument}")),
        (Some(disk), _) => holder::unfit(model, disk),
        (None, Disk::Known(_)) => Some(format!("VirtualBox knows no disk {argument}")),
        (None, Disk::File(_)) => match files.get(&argument) {
            Some(true) => None,
            _ => Some(format!("no file {argument} that can be read")),
        },
    }
}

/// Files of the folder that could not be read have no ids; they are listed by their names.
fn with_unreadable(mut records: Vec<ImageRecord>, models: &Models) -> Vec<ImageRecord> {
    records.extend(models.unreadable.iter().map(|(path, why)| ImageRecord {
        id: path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        source: path.display().to_string(),
        problems: vec![why.clone()],
        ..ImageRecord::default()
    }));
    records
}

/// Whether a disk has the type that its model asks for, or will get it with the first node.
pub(crate) fn wanted_kind(model: &Model) -> Option<MediumKind> {
    use pallet::spec::Attach;
    match model.attach {
        // The difference of a linked clone is made by hand; the type keeps others from writing to its base.
        Attach::MultiAttach | Attach::LinkedClone => Some(MediumKind::MultiAttach),
        Attach::Immutable => Some(MediumKind::Immutable),
        Attach::FullCopy => None,
    }
}
