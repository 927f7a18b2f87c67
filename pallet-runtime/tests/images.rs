//! `images` and `image …`: what is asked of a provider, and how its answers are shown. What the provider of VirtualBox
//! does is tested on the real thing, in `tests/vbox`.

mod support;

use pallet::compute::{
    BoxFuture, Compute, ComputeError, CreateRequest, ImageRecord, Images, NewImage, NodeId, NodeRecord,
    Progress, Provider, Ranked, ServiceConfig, Verdict,
};
use pallet::spec::{Attach, ImageMatch};
use pallet_runtime::cli::Main;
use std::sync::{Arc, Mutex};
use support::{FakeEngine, Outcome, Place};

/// A provider that keeps images and has no nodes.
#[derive(Clone, Default)]
struct Shelf {
    added: Arc<Mutex<Vec<NewImage>>>,
    removed: Arc<Mutex<Vec<String>>>,
}

fn good() -> ImageRecord {
    ImageRecord {
        id: "debian-12".to_owned(),
        path: Some("/m/debian-12.vdi".into()),
        uuid: Some("64a43b38-92a2-4fd0-87c9-a24f2b4707b2".to_owned()),
        registered: true,
        kind: Some("multiattach".to_owned()),
        children: 2,
        os_family: "debian".parse().ok(),
        os_version: Some("12".to_owned()),
        source: "/m/debian-12.toml:2:2".to_owned(),
        ..ImageRecord::default()
    }
}

fn bad() -> ImageRecord {
    ImageRecord {
        id: "old".to_owned(),
        source: "pallet.toml:7:1".to_owned(),
        problems: vec!["no file /m/old.vdi that can be read".to_owned()],
        ..ImageRecord::default()
    }
}

impl Images for Shelf {
    fn list(&self) -> BoxFuture<'_, Result<Vec<ImageRecord>, ComputeError>> {
        Box::pin(async { Ok(vec![good(), bad()]) })
    }

    fn check<'a>(&'a self, progress: Progress<'a>) -> BoxFuture<'a, Result<Vec<ImageRecord>, ComputeError>> {
        progress("reading debian-12");
        Images::list(self)
    }

    fn add<'a>(
        &'a self,
        image: &'a NewImage,
        progress: Progress<'a>,
    ) -> BoxFuture<'a, Result<ImageRecord, ComputeError>> {
        for words in ["downloading, 1 % of 9 MiB", "downloading, 70 % of 9 MiB", "converting the disk"] {
            progress(words);
        }
        self.added.lock().expect("nobody panicked").push(image.clone());
        Box::pin(async { Ok(good()) })
    }

    fn remove<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), ComputeError>> {
        self.removed.lock().expect("nobody panicked").push(id.to_owned());
        Box::pin(async move {
            match id {
                "old" => {
                    Err(ComputeError::input("the image `old` is in use").hint("destroy its nodes first"))
                }
                _ => Ok(()),
            }
        })
    }

    fn rank(&self, wanted: &ImageMatch) -> Vec<Ranked> {
        vec![Ranked { id: "debian-12".to_owned(), verdict: Verdict::Chosen, because: wanted.to_string() }]
    }
}

impl Provider for Shelf {
    fn name(&self) -> &'static str {
        "shelf"
    }

    fn open(&self, _: ServiceConfig) -> BoxFuture<'_, Result<Arc<dyn Compute>, ComputeError>> {
        Box::pin(async { Ok(Arc::new(self.clone()) as Arc<dyn Compute>) })
    }
}

fn no_nodes<T: Send + 'static>() -> BoxFuture<'static, Result<T, ComputeError>> {
    Box::pin(async { Err(ComputeError::failed("a shelf has no nodes")) })
}

impl Compute for Shelf {
    fn images(&self) -> Option<&dyn Images> {
        Some(self)
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<NodeRecord>, ComputeError>> {
        no_nodes()
    }

    fn check<'a>(&'a self, _: &'a [CreateRequest]) -> BoxFuture<'a, Result<(), ComputeError>> {
        no_nodes()
    }

    fn create<'a>(
        &'a self,
        _: &'a CreateRequest,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        no_nodes()
    }

    fn start<'a>(
        &'a self,
        _: &'a NodeId,
        _: Progress<'a>,
    ) -> BoxFuture<'a, Result<NodeRecord, ComputeError>> {
        no_nodes()
    }

    fn stop<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        no_nodes()
    }

    fn destroy<'a>(&'a self, _: &'a NodeId) -> BoxFuture<'a, Result<(), ComputeError>> {
        no_nodes()
    }

    fn tag<'a>(
        &'a self,
        _: &'a NodeId,
        _: &'a str,
        _: Option<&'a str>,
    ) -> BoxFuture<'a, Result<(), ComputeError>> {
        no_nodes()
    }
}

fn run(shelf: &Shelf, place: &Place, line: &str) -> Outcome {
    place.run_main(Main::new(FakeEngine::untouched()).provider(shelf.clone()), line)
}

#[test]
fn images_are_a_table_for_people_and_lines_for_programs() {
    let (shelf, place) = (Shelf::default(), Place::new());
    let outcome = run(&shelf, &place, "images");
    assert_eq!(outcome.code, 0);
    assert_eq!(
        outcome.stdout,
        "\
IMAGE      SYSTEM     TYPE            CHILDREN  PATH              SOURCE                 PROBLEMS
debian-12  debian 12  multiattach     2         /m/debian-12.vdi  /m/debian-12.toml:2:2  -
old        -          not registered  0         -                 pallet.toml:7:1        no file /m/old.vdi that can be read
"
    );
    let outcome = run(&shelf, &place, "images -o json");
    let first: serde_json::Value =
        serde_json::from_str(outcome.stdout.lines().next().expect("a line")).expect("JSON");
    for (key, value) in [("image", "debian-12"), ("type", "multiattach"), ("os_family", "debian")] {
        assert_eq!(first[key], value);
    }
    assert_eq!((&first["children"], &first["registered"]), (&2.into(), &true.into()));
}

#[test]
fn conditions_ask_for_the_order_and_its_reasons() {
    let outcome =
        run(&Shelf::default(), &Place::new(), "images --os-family debian --os-version >=12 --os-64-bit");
    assert_eq!(outcome.stdout, "IMAGE      VERDICT  BECAUSE\ndebian-12  chosen   debian >= 12 64-bit\n");
}

#[test]
fn a_check_that_finds_something_fails() {
    let outcome = run(&Shelf::default(), &Place::new(), "image check");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, "reading debian-12\n"));
    assert!(outcome.stdout.contains("no file /m/old.vdi"));
}

#[test]
fn what_is_told_of_a_new_image_gets_to_the_provider() {
    let (shelf, place) = (Shelf::default(), Place::new().var("PALLET_IMAGE_PASSWORD", "secret"));
    let checksum = format!("sha256:{}", "0f".repeat(32));
    let line = format!(
        "image add debian-12 d.vdi --checksum {checksum} --os-family debian --os-version 12 --os-64-bit --attach \
         linked-clone --username me --private-key k"
    );
    let outcome = run(&shelf, &place, &line);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stderr, "downloading\nconverting the disk\n", "each thing once");
    let outcome =
        run(&shelf, &place, "image add ubuntu https://example.org/u.img --cloud-init --os-64-bit=false");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let added = shelf.added.lock().expect("nobody panicked");
    let [file, url] = &added[..] else { panic!("two images") };
    assert_eq!(file.from, place.project().join("d.vdi").display().to_string());
    assert_eq!(file.checksum.as_ref().map(ToString::to_string), Some(checksum));
    let login = file.definition.login.as_ref().expect("a login");
    assert_eq!((login.username.as_str(), &login.private_key_path), ("me", &Some(place.project().join("k"))));
    assert_eq!(login.password.as_ref().map(|password| password.expose().as_str()), Some("secret"));
    assert_eq!((file.definition.attach, file.definition.os_64_bit), (Some(Attach::LinkedClone), Some(true)));
    assert_eq!(url.from, "https://example.org/u.img");
    assert!(url.definition.cloud_init && url.definition.login.is_none());
    assert_eq!(url.definition.os_64_bit, Some(false));
}

#[test]
fn an_image_is_removed_after_a_question() {
    let (shelf, place) = (Shelf::default(), Place::new());
    let outcome = run(&shelf, &place, "image remove debian-12");
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("`--yes` answers every question with yes"), "{}", outcome.stderr);
    assert!(shelf.removed.lock().expect("nobody panicked").is_empty());
    let outcome = run(&shelf, &place, "image remove debian-12 --yes");
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, "removed debian-12\n"));
    let outcome = run(&shelf, &place, "image remove old --yes");
    let refusal = "error: the image `old` is in use\n  hint: destroy its nodes first\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (2, refusal));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_asked() {
    for (line, expected) in [
        ("image add x f --checksum 12", "is no checksum"),
        ("image add x f --attach copy", "expected one of `multi-attach`"),
        ("image add x f --os-family debain", "debain"),
        ("image add x f --cloud-init --username me", "cannot be used with"),
        ("image add x", "URL|FILE"),
    ] {
        let shelf = Shelf::default();
        let outcome = run(&shelf, &Place::new(), line);
        assert_eq!(outcome.code, 2, "{line}");
        assert!(outcome.stderr.contains(expected), "{line}: {}", outcome.stderr);
        assert!(shelf.added.lock().expect("nobody panicked").is_empty());
    }
    // A service without images says so.
    let outcome = Place::new().run(&FakeEngine::untouched(), "images");
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.starts_with("error: the service bench keeps no image models"),
        "{}",
        outcome.stderr
    );
}
