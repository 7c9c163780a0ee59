//! Fields of a change.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A field of a change, as inputs of `PATCH` have it: what is there stays, is cleared, or is set.
///
/// On the wire, a field that is kept is left out and one that is cleared is `null`, which an `Option` could not tell
/// apart. A value becomes one by `into()`:
///
/// ```
/// use pikku_client::Patch;
///
/// let title: Patch<String> = "Buy milk".to_owned().into();
/// assert_eq!(title, Patch::Set("Buy milk".to_owned()));
/// assert_eq!(serde_json::to_value(Patch::<String>::Clear)?, serde_json::Value::Null);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Patch<T> {
    /// What is there stays.
    #[default]
    Keep,
    /// Nothing shall be there: `null` on the wire.
    Clear,
    /// This shall be there.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether what is there stays.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Sets the value if there is one, and keeps what is there if there is none.
    #[must_use]
    pub fn set_or_keep(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }

    /// Sets the value if there is one, and clears what is there if there is none.
    #[must_use]
    pub fn set_or_clear(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // A struct leaves out a field that is kept. Anywhere else there is no leaving it out.
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::set_or_clear)
    }
}
