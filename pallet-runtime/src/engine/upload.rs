//! Brings contents to a node that are too large for the script that expects them.
//!
//! They go beside the open shell, as the login user, into a folder that root makes for the user and for this one
//! script. Root checks their hashes when it takes them from there. What an interrupted run leaves is removed by the
//! next.

mod pack;

use super::connect::shell_failure;
use super::nodes::Live;
use crate::event::Failure;
use crate::shell::{Traffic, random_token};
use crate::transport::{Outcome, Output, Terminal, TransportError};
use pallet::script::{Payload, Script, UPLOADS, Upload};
use std::collections::BTreeSet;

/// Uploads all that a script expects. The shell knows the folder afterwards.
pub(super) async fn send(live: &mut Live, uploads: &[Upload], traffic: &Traffic) -> Result<(), Failure> {
    let folder = landing(live).await?;
    let mut sent = BTreeSet::new();
    for upload in uploads {
        if sent.insert(upload.hash()) {
            let path = format!("{folder}/{}", upload.hash());
            send_one(live, upload, &path).await?;
            traffic.count_bytes(upload.size());
        }
    }
    Ok(())
}

/// Returns a script that runs another and removes what was uploaded for it, however it ends.
pub(super) fn around(script: &[u8]) -> Vec<u8> {
    let end = b"\n}\np_uploaded\nrm -rf -- \"$p_incoming\"\n";
    [b"p_uploaded() {\n:\n", script, end].concat()
}

async fn landing(live: &mut Live) -> Result<String, Failure> {
    let user = login_user(live).await?;
    let name = random_token().map_err(|error| Failure::new(error.to_string()))?;
    let script =
        Script::new().library(&UPLOADS).code("p_frame landing\n").call("p_landing", [user, name.clone()]);
    let sections = live.shell.run(&script.render()).await.map_err(|error| shell_failure(&error))?;
    let said = sections.iter().find(|section| section.header == "landing");
    let said =
        said.map(|section| String::from_utf8_lossy(&section.body).trim().to_owned()).unwrap_or_default();
    if said.ends_with(&format!("-{name}")) && !said.contains(char::is_whitespace) {
        return Ok(said);
    }
    let message = format!("cannot make a folder for uploads: {}", crate::shell::visible(&said));
    Err(Failure::new(message).hint("is the disk full or mounted read-only?"))
}

/// Returns the number of the user whose files uploads will be.
async fn login_user(live: &Live) -> Result<String, Failure> {
    let mut channel = live.transport.open("id -u", Terminal::None).await.map_err(failure)?;
    let mut answer = Vec::new();
    while let Some(output) = channel.output.recv().await {
        match output {
            Output::Stdout(bytes) if answer.len() < 64 => answer.extend_from_slice(&bytes),
            Output::End(Outcome::Exited(0)) => break,
            Output::End(outcome) => return Err(Failure::new(format!("`id -u` on the node {outcome}"))),
            Output::Stdout(_) | Output::Stderr(_) => {}
        }
    }
    let answer = String::from_utf8_lossy(&answer).trim().to_owned();
    match answer.parse::<u32>() {
        Ok(_) => Ok(answer),
        Err(_) => Err(Failure::new("the node does not say who its login user is")),
    }
}

async fn send_one(live: &Live, upload: &Upload, path: &str) -> Result<(), Failure> {
    match upload.payload() {
        Payload::Text(_) => {
            let bytes = upload.payload().bytes().unwrap_or_default();
            live.transport.upload(path, &mut bytes.as_slice()).await.map_err(failure)
        }
        Payload::File(local) => {
            let file = tokio::fs::File::open(local).await;
            let mut file = file.map_err(|error| {
                Failure::new(format!("cannot read {} on the controller: {error}", local.display()))
            })?;
            live.transport.upload(path, &mut file).await.map_err(failure)
        }
        Payload::Pack(files) => {
            live.transport.upload(path, &mut pack::Pack::new(files)).await.map_err(failure)
        }
    }
}

fn failure(error: TransportError) -> Failure {
    Failure::new(&error.message).maybe_hint(error.hint)
}
