//! The parts of lists, objects and enums, each handed on with the tracker.

use std::{borrow::Cow, marker::PhantomData};

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, IntoDeserializer, MapAccess, SeqAccess, VariantAccess,
    Visitor,
};

use serde_json::value::RawValue;

use super::{
    super::{
        keys::{Key, KeyDeserializer, SeenKeys},
        merge::{Member, conflict, find},
    },
    Fault, Segment, Shape, Strict, StrictVisitor, Tracker,
};

pub(super) struct StrictSeq<'t, A> {
    pub(super) inner: A,
    pub(super) tracker: &'t Tracker<'t>,
    pub(super) index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for StrictSeq<'_, A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let item = self.inner.next_element_seed(StrictSeed { inner: seed, tracker: self.tracker });
        match item {
            Ok(_) => self.index += 1,
            Err(_) => self.tracker.enter(Segment::Index(self.index)),
        }
        item
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

pub(super) struct StrictMap<'de, 't, A> {
    pub(super) inner: A,
    pub(super) tracker: &'t Tracker<'t>,
    /// How many members at the front came as text.
    pub(super) texts: usize,
    /// The keys that are passed over.
    pub(super) skipped: &'t [&'static str],
    /// How many keys were read.
    pub(super) read: usize,
    /// The key that was read last.
    pub(super) key: Cow<'de, str>,
    /// Whether the type finds duplicates of its fields by itself.
    pub(super) is_struct: bool,
    /// The keys so far, of which nobody else finds duplicates.
    pub(super) seen: SeenKeys<'de>,
    /// The keys so far that came as text too, and were passed over.
    pub(super) repeated: Option<Box<SeenKeys<'de>>>,
}

impl<'de, A: MapAccess<'de>> StrictMap<'de, '_, A> {
    /// Reads the next key that is to be handed on.
    fn advance(&mut self) -> Result<bool, A::Error> {
        loop {
            let Some(Key(key)) = self.inner.next_key()? else { return Ok(false) };
            self.read += 1;
            if let Some(place) = self.skipped.iter().position(|skipped| *skipped == key) {
                if !self.tracker.pass(place) {
                    return Err(self.tracker.duplicate(&key));
                }
                if place + 1 == self.skipped.len() {
                    self.tracker.note(self.inner.next_value::<&RawValue>()?);
                } else {
                    self.inner.next_value::<IgnoredAny>()?;
                }
                continue;
            }
            if self.read > self.texts
                && self.texts > 0
                && let Some(text) = find(self.tracker.texts, &key)
            {
                if !self.repeated.get_or_insert_default().insert(key) {
                    return Err(self.tracker.duplicate(&text.name));
                }
                self.repeat(text)?;
                continue;
            }
            if !self.is_struct && !self.seen.insert(key.clone()) {
                return Err(self.tracker.duplicate(&key));
            }
            self.key = key;
            return Ok(true);
        }
    }

    /// A member of the body that came as text too: it has to say the same, and is then passed over.
    #[cold]
    fn repeat(&mut self, text: &Member<'_>) -> Result<(), A::Error> {
        let seed = StrictSeed { inner: PhantomData::<serde_json::Value>, tracker: self.tracker };
        let in_body = self.inner.next_value_seed(seed)?;
        let as_text = serde_json::from_slice::<serde_json::Value>(&self.tracker.json[text.value.clone()]);
        if as_text.is_ok_and(|value| value == in_body) {
            return Ok(());
        }
        Err(self.tracker.fail(Fault::Conflict(conflict(&text.name, text.place, "body"))))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for StrictMap<'de, '_, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if !self.advance()? {
            return Ok(None);
        }
        let key = match &self.key {
            Cow::Borrowed(key) => seed.deserialize(KeyDeserializer(de::value::BorrowedStrDeserializer::new(key))),
            Cow::Owned(key) => seed.deserialize(KeyDeserializer(key.as_str().into_deserializer())),
        };
        key.map(Some).inspect_err(|_| self.tracker.enter(Segment::Key(self.key.to_string())))
    }

    #[inline]
    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let value = self.inner.next_value_seed(StrictSeed { inner: seed, tracker: self.tracker });
        match &value {
            Err(_) => self.tracker.enter(Segment::Key(self.key.to_string())),
            // A struct does not know a key whose value it ignores, and takes it any number of times.
            Ok(_) if self.is_struct && self.tracker.ignored.take() && !self.seen.insert(self.key.clone()) => {
                return Err(self.tracker.duplicate(&self.key));
            }
            Ok(_) => {}
        }
        value
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

pub(super) struct StrictSeed<'t, S> {
    pub(super) inner: S,
    pub(super) tracker: &'t Tracker<'t>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner, tracker: self.tracker, top: false })
    }
}

pub(super) struct StrictEnum<'t, A> {
    pub(super) inner: A,
    pub(super) tracker: &'t Tracker<'t>,
}

impl<'de, 't, A: EnumAccess<'de>> EnumAccess<'de> for StrictEnum<'t, A> {
    type Error = A::Error;
    type Variant = StrictVariant<'t, A::Variant>;

    #[inline]
    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self::Variant), A::Error> {
        let tracker = self.tracker;
        self.inner.variant_seed(seed).map(|(name, inner)| (name, StrictVariant { inner, tracker }))
    }
}

pub(super) struct StrictVariant<'t, A> {
    pub(super) inner: A,
    pub(super) tracker: &'t Tracker<'t>,
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for StrictVariant<'_, A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.inner.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, A::Error> {
        self.inner.newtype_variant_seed(StrictSeed { inner: seed, tracker: self.tracker })
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        let visitor = StrictVisitor { inner: visitor, tracker: self.tracker, top: false, shape: Shape::Other };
        self.inner.tuple_variant(len, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        let visitor = StrictVisitor { inner: visitor, tracker: self.tracker, top: false, shape: Shape::Struct };
        self.inner.struct_variant(fields, visitor)
    }
}
