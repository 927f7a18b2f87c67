//! Texts that are put together from literals, secrets, and values that only the node knows.

mod bytes;

pub use bytes::Bytes;

use crate::graph::{ActionId, AnyHandle, Value};
use crate::secret::Secret;
use crate::world::World;

/// A text for a node: the content of a file, a command, the value of a variable.
///
/// Made from `&str`, `String`, [`Secret`] and [`Value`] by `into()`, and from several of them with
/// [`Text::concat`]. A secret in it stays a secret wherever the text goes, and a value makes an edge in the
/// action graph and is filled in on the node.
///
/// ```
/// # use pallet::{Secret, Text};
/// let password = Secret::from("hunter2");
/// let line = Text::concat([Text::from("password="), password.into(), "\n".into()]);
/// assert_eq!(line.masked(), "password=***\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    parts: Vec<TextPart>,
}

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextPart {
    Literal(Bytes),
    Secret(Secret),
    Value(AnyHandle),
}

impl Text {
    /// Returns the texts one after the other.
    pub fn concat<T: Into<Text>>(texts: impl IntoIterator<Item = T>) -> Text {
        let mut whole = Text::default();
        texts.into_iter().for_each(|text| whole.parts.extend(text.into().parts));
        whole
    }

    /// Returns the text for people: secrets as `***`, values as `‹value of action 3›`, and what is not UTF-8 replaced.
    pub fn masked(&self) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                TextPart::Literal(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                TextPart::Secret(_) => "***".to_owned(),
                TextPart::Value(value) => format!("‹value of action {}›", value.id.0),
            })
            .collect()
    }

    /// Tells whether there is a secret in it.
    pub fn is_secret(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, TextPart::Secret(_)))
    }

    /// Returns the secrets in it.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let secret = |part: &TextPart| match part {
            TextPart::Secret(secret) => Some(secret.clone()),
            _ => None,
        };
        self.parts.iter().filter_map(secret).collect()
    }

    /// Returns bytes that may be shared as a text.
    pub(crate) fn of_bytes(bytes: Bytes) -> Text {
        Text { parts: vec![TextPart::Literal(bytes)] }
    }

    /// Returns the value of an action as a text.
    pub(crate) fn of_value(value: AnyHandle) -> Text {
        Text { parts: vec![TextPart::Value(value)] }
    }

    pub(crate) fn parts(&self) -> &[TextPart] {
        &self.parts
    }

    /// Returns the actions whose values are in the text. They are few, and most actions ask for them: an iterator
    /// would be compiled with each that does.
    pub(crate) fn values(&self) -> Vec<AnyHandle> {
        let value = |part: &TextPart| match part {
            TextPart::Value(value) => Some(*value),
            _ => None,
        };
        self.parts.iter().filter_map(value).collect()
    }

    /// Returns the text with the values filled in that are known. Secrets stay secrets.
    pub(crate) fn fill(&self, world: &World) -> Text {
        let fill = |part: &TextPart| match part {
            TextPart::Value(value) => {
                world.value(value.id).map(|bytes| TextPart::Literal(Bytes::alone(bytes)))
            }
            TextPart::Literal(_) | TextPart::Secret(_) => None,
        };
        Text { parts: self.parts.iter().map(|part| fill(part).unwrap_or_else(|| part.clone())).collect() }
    }

    /// Returns the text as bytes that can be shared, or the first action whose value is not known.
    pub(crate) fn content(&self, world: &World) -> Result<Bytes, ActionId> {
        self.literal_content().or_else(|_| self.resolve(world).map(Bytes::alone))
    }

    /// Returns the text as bytes that can be shared, if there is no value in it.
    pub(crate) fn literal_content(&self) -> Result<Bytes, ActionId> {
        match self.parts.as_slice() {
            [TextPart::Literal(bytes)] => Ok(bytes.clone()),
            _ => self.literal().map(Bytes::alone),
        }
    }

    /// Returns the text as bytes, or the first action whose value is not known.
    pub(crate) fn resolve(&self, world: &World) -> Result<Vec<u8>, ActionId> {
        self.bytes(&|id| world.value(id))
    }

    /// Returns the text as bytes, if there is no value in it.
    pub(crate) fn literal(&self) -> Result<Vec<u8>, ActionId> {
        self.bytes(&|_| None)
    }

    fn bytes<'a>(&self, known: &dyn Fn(ActionId) -> Option<&'a [u8]>) -> Result<Vec<u8>, ActionId> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            match part {
                TextPart::Literal(literal) => bytes.extend_from_slice(literal),
                TextPart::Secret(secret) => bytes.extend_from_slice(secret.expose().as_bytes()),
                TextPart::Value(value) => bytes.extend_from_slice(known(value.id).ok_or(value.id)?),
            }
        }
        Ok(bytes)
    }
}

/// Returns the actions whose values are in some texts. Compiled once, and not for each list that texts are in.
pub(crate) fn values(texts: &mut dyn Iterator<Item = &Text>) -> Vec<AnyHandle> {
    let mut values = Vec::new();
    texts.for_each(|text| values.extend(text.values()));
    values
}

/// Returns the secrets in some texts.
pub(crate) fn secrets(texts: &mut dyn Iterator<Item = &Text>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    texts.for_each(|text| secrets.extend(text.secrets()));
    secrets
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Text::of_bytes(Bytes::from(text))
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        Text::from(text.as_str())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text::of_bytes(Bytes::from(text))
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Text::of_bytes(Bytes::from(bytes))
    }
}

impl From<Secret> for Text {
    fn from(secret: Secret) -> Self {
        Text { parts: vec![TextPart::Secret(secret)] }
    }
}

impl From<&Secret> for Text {
    fn from(secret: &Secret) -> Self {
        Text::from(secret.clone())
    }
}

impl<T> From<Value<T>> for Text {
    fn from(value: Value<T>) -> Self {
        Text::of_value(value.any)
    }
}
