//! The members of a JSON object, as they stand.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

/// The members of a JSON object, in their order, with the text of each value. No two have one name.
#[derive(Debug)]
pub(super) struct Members<'j>(Vec<(Name<'j>, &'j RawValue)>);

#[derive(Debug, Deserialize)]
struct Name<'j>(#[serde(borrow)] Cow<'j, str>);

impl<'j> Members<'j> {
    /// The JSON text of a member's value.
    pub(super) fn get(&self, name: &str) -> Option<&'j str> {
        self.0.iter().find(|(member, _)| member.0 == name).map(|(_, value)| value.get())
    }

    /// The value of a member, if it is a string.
    pub(super) fn text(&self, name: &str) -> Option<Result<Cow<'j, str>, serde_json::Error>> {
        self.get(name).map(|json| serde_json::from_str::<Name<'j>>(json).map(|text| text.0))
    }

    /// Whether there is a member of one of these names, and which.
    pub(super) fn any_of<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.get(name).is_some())
    }

    /// All but the members of these names.
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(member, _)| !names.contains(&&*member.0));
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'j RawValue)> {
        self.0.iter().map(|(name, value)| (&*name.0, *value))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                let members = Members(members);
                let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
                names.sort_unstable();
                match names.windows(2).any(|pair| pair[0] == pair[1]) {
                    true => Err(Error::custom("a member stands twice")),
                    false => Ok(members),
                }
            }
        }

        deserializer.deserialize_map(Object)
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
