//! Specs: what servers, groups of nodes and clusters are.

mod node;

pub use node::{
    Adapter, Attachment, Forward, Hardware, Image, ImageDefinition, ImageMatch, Login, Mib, Network, NodeSpec,
};
