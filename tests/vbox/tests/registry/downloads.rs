//! Images are fetched over HTTP, also over connections that break, by the real curl.

use crate::Test;
use crate::formats::{chain, images, models, new_image, raw_disk};
use pallet::compute::{ComputeError, ErrorKind, ImageRecord, NewImage};
use pallet_tests_vbox::web::{Server, Site};
use pallet_tests_vbox::world::{World, quietly};
use std::sync::Mutex;
use tokio::runtime::Runtime;

pub(crate) const TESTS: &[(&str, Test)] = &[
    ("downloads::a_download_that_breaks_goes_on_where_it_was", goes_on),
    ("downloads::a_download_goes_on_in_the_next_run", next_run),
    ("downloads::what_was_replaced_meanwhile_is_fetched_from_the_start", replaced),
    ("downloads::a_wrong_checksum_leaves_nothing", wrong_checksum),
    ("downloads::an_address_that_leads_nowhere_is_the_users_mistake", nowhere),
];

const TAG: &str = "\"one\"";

fn site(content: &[u8]) -> Site {
    Site { content: content.to_vec(), tag: Some(TAG.to_owned()), ranges: true, ..Site::default() }
}

fn sha256(content: &[u8]) -> String {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child =
        Command::new("sha256sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("sha256sum");
    child.stdin.take().expect("a pipe").write_all(content).expect("written");
    let output = child.wait_with_output().expect("an answer");
    String::from_utf8_lossy(&output.stdout).split(' ').next().expect("a checksum").to_owned()
}

fn with_checksum(id: &str, url: String, content: &[u8]) -> NewImage {
    NewImage { checksum: Some(sha256(content).parse().expect("a checksum")), ..new_image(id, url) }
}

async fn add(world: &World, new: &NewImage) -> Result<ImageRecord, ComputeError> {
    let service = world.open("lab", &[]).await.expect("a service");
    images(&*service).add(new, &quietly).await
}

/// The first connection breaks, and after that there is nothing any more.
fn break_and_fail(site: &mut Site) {
    (site.breaks, site.status) = (vec![500_000], Some(404));
}

fn recover(site: &mut Site) {
    (site.breaks, site.status) = (vec![], None);
}

fn goes_on(world: World, runtime: Runtime) {
    let disk = raw_disk();
    let server = Server::start(Site { breaks: vec![700_000, 0, 700_000], ..site(&disk) });
    runtime.block_on(async {
        let service = world.open("lab", &[]).await.expect("a service");
        let said = Mutex::new(Vec::new());
        let note = |words: &str| said.lock().expect("no panic").push(words.to_owned());
        let url = server.url("my%20disk.img?token=secret").replace("http://", "http://me:pw@");
        let record = images(&*service).add(&new_image("a", url), &note).await;
        let record = record.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(server.asked(), [0, 700_000, 700_000, 1_400_000]);
        assert_eq!(server.sent(), disk.len(), "no byte twice");
        // What may be secret is neither shown nor written down.
        assert_eq!(record.origin, Some(server.url("my%20disk.img")));
        let said = said.into_inner().expect("no panic");
        assert!(said.iter().any(|words| words == "the connection broke; going on"), "{said:?}");
        let written = std::fs::read_to_string(models(&world).join("a.toml")).expect("a definition");
        let shown = format!("{said:?} {written} {:?}", world.runner.calls());
        assert!(!shown.contains("me:pw") && !shown.contains("secret"), "{shown}");
    });
}

fn next_run(world: World, runtime: Runtime) {
    let disk = raw_disk();
    // Breaks until nobody tries any more.
    let server = Server::start(Site { breaks: [vec![500_000], vec![0; 20]].concat(), ..site(&disk) });
    let url = server.url("d.img");
    runtime.block_on(async {
        let error = add(&world, &new_image("a", url.clone())).await.expect_err("it breaks");
        assert_eq!(error.kind, ErrorKind::Failed);
        assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("the same command")), "{error}");
        server.change(|site| site.breaks.clear());
        add(&world, &new_image("a", url.clone())).await.expect("the rest");
        assert_eq!(server.asked(), [500_000]);
        // Of another address nothing is taken over; nor is anything where nobody can tell that it is the same.
        server.change(break_and_fail);
        add(&world, &new_image("b", url.clone())).await.expect_err("it breaks");
        server.change(recover);
        add(&world, &new_image("b", server.url("other.img"))).await.expect("all of it");
        assert_eq!(server.asked(), [0]);
        server.change(|site| site.tag = None);
        server.change(break_and_fail);
        add(&world, &new_image("c", url.clone())).await.expect_err("it breaks");
        server.change(recover);
        add(&world, &new_image("c", url.clone())).await.expect("all of it");
        assert_eq!(server.asked(), [0]);
        server.change(break_and_fail);
        add(&world, &with_checksum("d", url.clone(), &disk)).await.expect_err("it breaks");
        server.change(recover);
        add(&world, &with_checksum("d", url, &disk)).await.expect("the rest");
        assert_eq!(server.asked(), [500_000], "the checksum tells");
    });
}

fn replaced(world: World, runtime: Runtime) {
    let disk = raw_disk();
    let server = Server::start(Site { breaks: vec![500_000], status: Some(404), ..site(&disk) });
    let url = server.url("d.img");
    runtime.block_on(async {
        add(&world, &new_image("a", url.clone())).await.expect_err("it breaks");
        let mut other = raw_disk();
        other[4096..8192].fill(7);
        server.change(|site| {
            (site.status, site.content, site.tag) = (None, other.clone(), Some("\"two\"".to_owned()));
        });
        let record = add(&world, &new_image("a", url.clone())).await;
        record.unwrap_or_else(|error| panic!("{}", chain(&error)));
        let service = world.open("lab", &[]).await.expect("a service");
        let copy = models(&world).join("a.vdi").display().to_string();
        let raw = world.folder().join("out.img").display().to_string();
        crate::formats::run(world.folder(), &["qemu-img", "convert", "-f", "vdi", "-O", "raw", &copy, &raw]);
        assert!(std::fs::read(&raw).expect("a file") == other, "two halves of two files");
        // A server without ranges sends all of it again.
        server.change(|site| (site.ranges, site.breaks) = (false, vec![500_000]));
        let record = images(&*service).add(&new_image("b", url), &quietly).await;
        record.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert_eq!(server.asked().last(), Some(&0));
    });
}

fn wrong_checksum(world: World, runtime: Runtime) {
    let disk = raw_disk();
    let server = Server::start(site(&disk));
    runtime.block_on(async {
        let new = with_checksum("a", server.url("d.img"), b"something else");
        let error = add(&world, &new).await.expect_err("wrong");
        assert!(error.message.contains("has another checksum"), "{error}");
        assert_eq!(error.kind, ErrorKind::Input);
        assert!(World::files(&models(&world)).is_empty());
        let right = with_checksum("a", server.url("d.img"), &disk);
        add(&world, &right).await.expect("an image");
        let long = format!("sha512:{}", "0".repeat(128));
        let wrong = NewImage { checksum: long.parse().ok(), id: "b".to_owned(), ..right };
        let error = add(&world, &wrong).await.expect_err("wrong");
        assert!(error.message.contains("not sha512:0000"), "{error}");
    });
}

fn nowhere(world: World, runtime: Runtime) {
    let server = Server::start(Site { status: Some(404), ..site(b"") });
    runtime.block_on(async {
        let failure = |new: NewImage| {
            let world = &world;
            async move { add(world, &new).await.expect_err("nothing there") }
        };
        let error = failure(new_image("a", server.url("d.img"))).await;
        assert_eq!(error.kind, ErrorKind::Input, "{error}");
        assert!(error.message.contains("404"), "{error}");
        server.change(|site| {
            (site.status, site.moved_to) = (None, Some("file:///etc/passwd".to_owned()));
        });
        let error = failure(new_image("a", server.url("d.img"))).await;
        assert!(error.message.starts_with("cannot fetch http://"), "{error}");
        let error = failure(new_image("a", "ftp://example.org/d.img")).await;
        assert_eq!(error.message, "images are not fetched by ftp");
        assert!(World::files(&models(&world)).is_empty());
    });
}
