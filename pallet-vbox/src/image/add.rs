//! Adds a model: brings a file to the host, finds the disk in it, makes a VDI of it, and writes the definition.
//!
//! ```text
//! URL ─download─▶ file ─checksum─▶ file ─unpack─▶ disk ─convert─▶ VDI ─place─▶ model ─▶ held by a machine
//! ```
//!
//! All of it happens in a folder of its own beside the models. What fails leaves there what was downloaded so far, and
//! nothing else anywhere. What comes from elsewhere is not trusted: its kind is read from its bytes, what it could make
//! a program read besides itself is refused, and no path in it is ever used as one.

mod convert;
mod definition;
mod download;
mod kind;
mod source;
mod unpack;

use super::list;
use crate::service::Service;
use crate::{holder, host, lock};
use pallet::compute::{CommandRunner, ComputeError, ImageRecord, NewImage, Progress};
use pallet::spec::Login;
use source::Source;
use std::path::{Path, PathBuf};

/// What stays free on the host's disk whatever is unpacked.
const RESERVE: u64 = 256 << 20;

/// Adds the model.
pub(crate) async fn add(
    service: &Service,
    image: &NewImage,
    progress: Progress<'_>,
) -> Result<ImageRecord, ComputeError> {
    definition::check_id(&image.id)?;
    let source = Source::parse(&image.from)?;
    let models = service.read_images().await?;
    if let Some(defined) = models.all().get(&image.id) {
        return Err(ComputeError::input(format!(
            "there is an image `{}` already, in {}",
            image.id, defined.source
        ))
        .hint(format!("give it another id, or remove that one with `image remove {}`", image.id)));
    }
    let _lock =
        lock::acquire(&service.state_dir.join("locks").join(format!("add-{}.lock", image.id))).await?;
    let work = Work::begin(service, &image.id).await?;
    let made = make(service, &work, image, &source, progress).await;
    work.clean_up(made.is_ok()).await?;
    made?;
    register(service, &image.id, progress).await
}

async fn make(
    service: &Service,
    work: &Work<'_>,
    image: &NewImage,
    source: &Source,
    progress: Progress<'_>,
) -> Result<(), ComputeError> {
    let file = match source {
        Source::File(path) => path.clone(),
        Source::Url(url) => download::download(work, url, image.checksum.as_ref(), progress).await?,
    };
    if let Some(wanted) = &image.checksum {
        progress("comparing the checksum");
        let found = host::digest(work.runner, wanted.algorithm(), &file).await?;
        if found != wanted.digest() {
            download::forget(work).await?;
            return Err(wrong_checksum(source, &wanted.to_string(), &found));
        }
    }
    let disk = unpack::unpack(work, &file, progress).await?;
    progress("converting the disk");
    convert::to_vdi(service, work, &disk).await?;
    let digest = host::sha256(work.runner, &work.path("disk.vdi")).await?;
    let mut definition = image.definition.clone();
    if definition.login.is_none() && !definition.cloud_init && disk.is_of_vagrant {
        // What every box has, so that `vagrant ssh` works.
        let vagrant =
            Login { username: "vagrant".into(), password: Some("vagrant".into()), ..Login::default() };
        definition.login = Some(vagrant);
    }
    let text = definition::text(&image.id, &definition, &source.shown(), &digest);
    work.place(&image.id, text).await
}

/// Reads the folder again, and makes the disk one that nodes can be attached to, so that the first node does not wait.
async fn register(service: &Service, id: &str, progress: Progress<'_>) -> Result<ImageRecord, ComputeError> {
    let models = service.read_images().await?;
    let model = models
        .get(id)
        .ok_or_else(|| ComputeError::failed(format!("the image `{id}` was added and cannot be found")))?;
    progress("making the disk one that is never written to");
    holder::ready(service, model).await.map_err(|error| {
        ComputeError::failed(format!(
            "the image `{id}` was added, and its disk is not protected yet: {error}"
        ))
        .hint("the first node that is made of it tries again")
        .source(error)
    })?;
    let record = list::one(service, id).await?;
    record.ok_or_else(|| ComputeError::failed(format!("the image `{id}` was added and is gone already")))
}

fn wrong_checksum(source: &Source, wanted: &str, found: &str) -> ComputeError {
    ComputeError::input(format!("{} has another checksum: {found}, not {wanted}", source.shown())).hint(
        "if the file was replaced where it comes from, take the new checksum from there; else somebody has changed it",
    )
}

/// A folder for the work on one model, beside the models.
pub(super) struct Work<'a> {
    runner: &'a dyn CommandRunner,
    models: PathBuf,
    folder: PathBuf,
}

impl Work<'_> {
    async fn begin<'a>(service: &'a Service, id: &str) -> Result<Work<'a>, ComputeError> {
        // 3: the definition is there, though nothing of it was read; 4: the disk is.
        const SCRIPT: &str = r#"
models=$1 folder=$2 id=$3
mkdir -p -- "$models" && (umask 077 && mkdir -p -- "$folder") || exit 1
[ ! -e "$models/$id.toml" ] || exit 3
[ ! -e "$models/$id.vdi" ] || exit 4
"#;
        let runner = service.vbox.runner();
        let models = service.library_folder();
        let folder = models.join(".adding").join(id);
        let work = Work { runner, models, folder };
        let paths = [work.models.display().to_string(), work.folder.display().to_string(), id.to_owned()];
        let doing = format!("begin in {}", work.folder.display());
        let taken = |name: String| {
            ComputeError::input(format!("there is a file {} already", work.models.join(&name).display()))
                .hint("give the image another id, or look whether that file is still needed")
        };
        match host::try_run(runner, &doing, &host::script(SCRIPT, paths.iter().map(String::as_str))).await? {
            Ok(_) => Ok(work),
            Err(failure) if failure.code == Some(3) => Err(taken(format!("{id}.toml"))),
            Err(failure) if failure.code == Some(4) => Err(taken(format!("{id}.vdi"))),
            Err(failure) => Err(failure.cannot(&doing)),
        }
    }

    /// Returns a file of this folder.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns how many bytes may be written here.
    async fn room(&self) -> Result<u64, ComputeError> {
        Ok(host::free_space(self.runner, &self.folder).await?.saturating_sub(RESERVE))
    }

    /// Runs a script and shows meanwhile how large a file of this folder has become.
    async fn watch(
        &self,
        command: &pallet::compute::HostCommand,
        file: &Path,
        show: &(dyn Fn(u64) + Send + Sync),
    ) -> Result<pallet::compute::CommandOutput, pallet::compute::RunError> {
        const PAUSE: std::time::Duration = std::time::Duration::from_secs(1);
        let mut work = self.runner.run(command);
        loop {
            match tokio::time::timeout(PAUSE, &mut work).await {
                Ok(ended) => return ended,
                Err(_) => {
                    if let Some(size) = host::size(self.runner, file).await {
                        show(size);
                    }
                }
            }
        }
    }

    /// Puts disk and definition to where models are. Nothing that is there is replaced.
    async fn place(&self, id: &str, definition: String) -> Result<(), ComputeError> {
        const SCRIPT: &str = r#"
models=$1 folder=$2 id=$3
(umask 077 && cat >"$folder/model.toml") || exit 1
[ ! -e "$models/$id.vdi" ] || exit 3
ln -- "$folder/disk.vdi" "$models/$id.vdi" || exit 1
ln -- "$folder/model.toml" "$models/$id.toml" || { rm -f -- "$models/$id.vdi"; exit 1; }
"#;
        let paths = [self.models.display().to_string(), self.folder.display().to_string(), id.to_owned()];
        let mut command = host::script(SCRIPT, paths.iter().map(String::as_str));
        command.stdin = Some(pallet::Secret::new(definition.into_bytes()));
        host::run(self.runner, &format!("put the image into {}", self.models.display()), &command)
            .await
            .map(drop)
    }

    /// Removes what was made here: all of it, or all but the download.
    async fn clean_up(&self, all: bool) -> Result<(), ComputeError> {
        const SCRIPT: &str = r#"
cd -- "$1" || exit 0
rm -f -- layer-* disk.vdi model.toml
{ [ "$2" = part ] && [ -s part ]; } || rm -f -- part part.etag part.url
cd .. && { rmdir -- "$1" && rmdir -- "$(dirname -- "$1")"; } 2>/dev/null
exit 0
"#;
        let folder = self.folder.display().to_string();
        let keep = if all { "nothing" } else { "part" };
        let command = host::script(SCRIPT, [folder.as_str(), keep]);
        host::run(self.runner, &format!("clean up in {folder}"), &command).await.map(drop)
    }
}
