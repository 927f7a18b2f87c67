//! The models of a service as they were last read, for those who cannot wait for the host.

use super::Models;
use super::library::Library;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// The models of a service.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// Those of the program and of the configuration.
    fixed: Models,
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    all: Arc<Models>,
    folder: PathBuf,
}

impl Catalogue {
    /// Returns a catalogue of what the program and the configuration define.
    pub(crate) fn new(fixed: Models) -> Catalogue {
        Catalogue { fixed, state: RwLock::default() }
    }

    /// Takes up what the folder of models holds now, and returns all models.
    pub(crate) fn update(&self, library: &Library) -> Arc<Models> {
        let all = Arc::new(self.fixed.clone().with_library(library));
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        *state = State { all: Arc::clone(&all), folder: library.folder.clone() };
        all
    }

    /// Returns all models.
    pub(crate) fn models(&self) -> Arc<Models> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner).all)
    }

    /// Returns the folder of models on the host.
    pub(crate) fn folder(&self) -> PathBuf {
        self.state.read().unwrap_or_else(PoisonError::into_inner).folder.clone()
    }
}
