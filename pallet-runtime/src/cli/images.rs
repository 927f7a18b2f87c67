//! `images` and `image …`: the image models of a service.

use super::args::{ImageAddArgs, ImageCommand, ImagesArgs};
use super::service::{self, OpenService, explain};
use super::{Session, Stop, exit, listing};
use crate::error::InputError;
use crate::report::{text, write};
use pallet::Secret;
use pallet::compute::{ComputeError, ErrorKind, ImageRecord, Images, NewImage, Progress, Ranked, Verdict};
use pallet::spec::{ImageDefinition, ImageMatch, Login};
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Lists the image models, or the order in which they would be chosen where conditions are given.
pub(crate) async fn list(session: &Session<'_>, args: &ImagesArgs) -> Result<u8, Stop> {
    let service = open(session).await?;
    let wanted = ImageMatch {
        os_family: args.os_family,
        os_version: args.os_version.clone(),
        os_64_bit: args.os_64_bit.then_some(true),
    };
    if wanted != ImageMatch::default() {
        let ranked: Vec<RankRow> = service.images()?.rank(&wanted).into_iter().map(RankRow::from).collect();
        let rows = ranked.iter().map(RankRow::cells).collect();
        listing::print(&session.globals, session.world, &["IMAGE", "VERDICT", "BECAUSE"], rows, &ranked);
        return Ok(exit::OK);
    }
    match service.images()?.list().await {
        Ok(records) => {
            print(session, &records);
            Ok(exit::OK)
        }
        Err(error) => failed(session, error),
    }
}

/// Adds, removes or checks image models.
pub(crate) async fn change(session: &Session<'_>, command: ImageCommand) -> Result<u8, Stop> {
    let service = open(session).await?;
    let images = service.images()?;
    let steps = Steps::new(session);
    let progress = |words: &str| steps.tell(words);
    match command {
        ImageCommand::Add(args) => {
            let new = new_image(session, *args, service.is_elsewhere());
            add(session, images, &new, &progress).await
        }
        ImageCommand::Remove { id } => remove(session, images, &id).await,
        ImageCommand::Check => match images.check(&progress).await {
            Ok(records) => {
                print(session, &records);
                let is_well = records.iter().all(|record| record.problems.is_empty());
                Ok(if is_well { exit::OK } else { exit::FAILED })
            }
            Err(error) => failed(session, error),
        },
    }
}

async fn add(
    session: &Session<'_>,
    images: &dyn Images,
    new: &NewImage,
    progress: Progress<'_>,
) -> Result<u8, Stop> {
    match images.add(new, progress).await {
        Ok(record) => {
            print(session, std::slice::from_ref(&record));
            Ok(exit::OK)
        }
        Err(error) => failed(session, error),
    }
}

fn new_image(session: &Session<'_>, args: ImageAddArgs, is_elsewhere: bool) -> NewImage {
    let world = session.world;
    let login = args.username.map(|username| Login {
        username,
        password: world.var("PALLET_IMAGE_PASSWORD").map(Secret::from),
        private_key_path: args.private_key.map(|path| world.cwd.join(path)),
        no_sudo: args.no_sudo,
        ..Login::default()
    });
    // A file is one of the service's host; where that is this machine, people name it from where they are.
    let from = match is_elsewhere || args.from.contains("://") {
        true => args.from,
        false => world.cwd.join(&args.from).display().to_string(),
    };
    NewImage {
        id: args.id,
        from,
        checksum: args.checksum,
        definition: ImageDefinition {
            path: PathBuf::new(),
            description: args.description,
            os_type: args.os_type,
            os_family: args.os_family,
            os_version: args.os_version,
            os_64_bit: args.os_64_bit,
            login,
            attach: args.attach,
            cloud_init: args.cloud_init,
        },
    }
}

async fn remove(session: &Session<'_>, images: &dyn Images, id: &str) -> Result<u8, Stop> {
    if !agreed(session, &format!("Remove the image {id} and its disk?")) {
        return Ok(exit::FAILED);
    }
    match images.remove(id).await {
        Ok(()) => {
            session.say(&format!("removed {}", text::clean(id)));
            Ok(exit::OK)
        }
        Err(error) => failed(session, error),
    }
}

fn agreed(session: &Session<'_>, question: &str) -> bool {
    let (prompts, question) = (&session.world.prompts, text::clean(question));
    if session.globals.yes {
        return true;
    }
    if !prompts.interactive() {
        session
            .say(&format!("{question}\nnobody is there to answer: `--yes` answers every question with yes"));
        return false;
    }
    let answer = prompts.ask(&format!("{question} [y/N]")).unwrap_or_default();
    matches!(answer.to_lowercase().as_str(), "y" | "yes")
}

/// A service, for what it keeps of images.
struct Service(OpenService);

async fn open(session: &Session<'_>) -> Result<Service, Stop> {
    let groups: Vec<_> = session.catalogue.groups.iter().map(|group| group.name.clone()).collect();
    let service = service::open(session, &groups).await?;
    Ok(Service(service))
}

impl Service {
    fn images(&self) -> Result<&dyn Images, Stop> {
        let OpenService { name, compute, .. } = &self.0;
        compute.images().ok_or_else(|| {
            InputError::new(format!("the service {name} keeps no image models"))
                .hint(
                    self.0.choose_instead("choose one that does, such as VirtualBox, with `--service NAME`"),
                )
                .into()
        })
    }

    fn is_elsewhere(&self) -> bool {
        self.0.parts.iter().any(|part| part.host.is_some())
    }
}

fn failed(session: &Session<'_>, error: ComputeError) -> Result<u8, Stop> {
    let kind = error.kind;
    let error = explain(session, error);
    if kind == ErrorKind::Input {
        return Err(error.into());
    }
    session.say(error.render(session.paint()).trim_end());
    Ok(exit::FAILED)
}

/// Tells what is being done: on a terminal in one line that changes, else a line for each thing that is done.
struct Steps<'a> {
    session: &'a Session<'a>,
    last: Mutex<String>,
}

impl<'a> Steps<'a> {
    fn new(session: &'a Session<'a>) -> Self {
        Steps { session, last: Mutex::default() }
    }

    fn tell(&self, words: &str) {
        let words = text::clean(words);
        if self.session.world.stderr.terminal {
            write(&self.session.world.stderr.sink, &format!("\r\u{1b}[K{words} …"));
            return;
        }
        // What follows the comma is how far it is.
        let what = words.split(',').next().unwrap_or_default();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != what {
            self.session.say(what);
            what.clone_into(&mut last);
        }
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        if self.session.world.stderr.terminal {
            write(&self.session.world.stderr.sink, "\r\u{1b}[K");
        }
    }
}

fn print(session: &Session<'_>, records: &[ImageRecord]) {
    let rows: Vec<ImageRow> = records.iter().map(ImageRow::new).collect();
    let cells = rows.iter().map(ImageRow::cells).collect();
    let head = ["IMAGE", "SYSTEM", "TYPE", "CHILDREN", "PATH", "SOURCE", "PROBLEMS"];
    listing::print(&session.globals, session.world, &head, cells, &rows);
}

#[derive(Serialize)]
struct ImageRow {
    image: String,
    description: Option<String>,
    path: Option<String>,
    uuid: Option<String>,
    registered: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    children: usize,
    os_family: Option<String>,
    os_version: Option<String>,
    os_64_bit: Option<bool>,
    source: String,
    origin: Option<String>,
    problems: Vec<String>,
}

impl ImageRow {
    fn new(record: &ImageRecord) -> Self {
        ImageRow {
            image: record.id.clone(),
            description: record.description.clone(),
            path: record.path.as_ref().map(|path| path.display().to_string()),
            uuid: record.uuid.clone(),
            registered: record.registered,
            kind: record.kind.clone(),
            children: record.children,
            os_family: record.os_family.map(|family| family.to_string()),
            os_version: record.os_version.clone(),
            os_64_bit: record.os_64_bit,
            source: record.source.clone(),
            origin: record.origin.clone(),
            problems: record.problems.clone(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let words: Vec<String> = [&self.os_family, &self.os_version].into_iter().flatten().cloned().collect();
        let kind = match (&self.kind, self.registered) {
            (Some(kind), _) => kind.clone(),
            (None, true) => "-".to_owned(),
            (None, false) => "not registered".to_owned(),
        };
        vec![
            self.image.clone(),
            if words.is_empty() { "-".to_owned() } else { words.join(" ") },
            kind,
            self.children.to_string(),
            or_none(&self.path),
            self.source.clone(),
            if self.problems.is_empty() { "-".to_owned() } else { self.problems.join("; ") },
        ]
    }
}

#[derive(Serialize)]
struct RankRow {
    image: String,
    verdict: &'static str,
    because: String,
}

impl From<Ranked> for RankRow {
    fn from(ranked: Ranked) -> Self {
        let verdict = match ranked.verdict {
            Verdict::Chosen => "chosen",
            Verdict::Tied => "as good, and later by id",
            Verdict::Behind => "behind",
            Verdict::Refused => "refused",
        };
        RankRow { image: ranked.id, verdict, because: ranked.because }
    }
}

impl RankRow {
    fn cells(&self) -> Vec<String> {
        vec![self.image.clone(), self.verdict.to_owned(), self.because.clone()]
    }
}
