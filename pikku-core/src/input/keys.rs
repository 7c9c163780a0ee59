//! The keys of objects, as they stand in a document.

use std::{borrow::Cow, collections::HashSet, fmt, str::FromStr};

use serde::{
    Deserialize,
    de::{self, Deserializer, Error as _, Visitor},
};

use smallvec::SmallVec;

use super::coerce::{is_boolean, is_number};

/// The keys of one object: a list while they are few, and a set once a list would take long to search.
#[derive(Default)]
pub(super) struct SeenKeys<'de> {
    few: SmallVec<[Cow<'de, str>; 4]>,
    // Most objects never need it, and making one takes a random state.
    many: Option<HashSet<Cow<'de, str>>>,
}

impl<'de> SeenKeys<'de> {
    const FEW: usize = 16;

    /// Whether the key is new.
    pub(super) fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.many.get_or_insert_default().insert(key)
    }
}

/// A key as it stands in the document, borrowed unless it has escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            #[inline]
            fn visit_borrowed_str<E: de::Error>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A key on its way to the type: text, which a map with other keys may want as a number or a boolean.
pub(super) struct KeyDeserializer<D>(pub(super) D);

impl<'de, D: Deserializer<'de>> KeyDeserializer<D> {
    /// A key of another type, if `fits` says that JSON writes such a value as this text: Rust reads `+7` and `inf` too.
    fn parse<T: FromStr, V: Visitor<'de>>(self, fits: impl Fn(&str) -> bool, visitor: &V) -> Result<T, D::Error> {
        let text = String::deserialize(self.0)?;
        let value = text.parse().ok().filter(|_| fits(&text));
        value.ok_or_else(|| D::Error::invalid_value(de::Unexpected::Str(&text), visitor))
    }
}

macro_rules! parse_key {
    ($($method:ident $visit:ident $fits:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            let value = self.parse($fits, &visitor)?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for KeyDeserializer<D> {
    type Error = D::Error;

    parse_key! {
        deserialize_bool visit_bool is_boolean
        deserialize_i8 visit_i8 is_number deserialize_i16 visit_i16 is_number deserialize_i32 visit_i32 is_number
        deserialize_i64 visit_i64 is_number deserialize_i128 visit_i128 is_number
        deserialize_u8 visit_u8 is_number deserialize_u16 visit_u16 is_number deserialize_u32 visit_u32 is_number
        deserialize_u64 visit_u64 is_number deserialize_u128 visit_u128 is_number
        deserialize_f64 visit_f64 is_number
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let is_finite = |text: &str| is_number(text) && text.parse::<f32>().is_ok_and(f32::is_finite);
        let value = self.parse(is_finite, &visitor)?;
        visitor.visit_f32(value)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_identifier(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct ignored_any
    }
}
