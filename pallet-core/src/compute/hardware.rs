//! The hardware models that a service knows, for listings.

/// A hardware model that node specs can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardwareModel {
    /// Its name.
    pub name: String,
    /// Where it is defined: `built in`, or a file with a line.
    pub source: String,
    /// Its settings by the provider's names, those of the model it lies over included.
    pub settings: Vec<(String, String)>,
}
