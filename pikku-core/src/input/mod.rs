//! From the bytes of a request to a function's input.
//!
//! Path, query and body become one JSON document ([`merge`]), which is parsed once, straight into the input's type, by a
//! deserializer that is stricter than serde's own and knows where it stands when something is wrong ([`strict`]).

mod coerce;
#[cfg(feature = "__fuzz")]
mod fuzz;
mod keys;
mod merge;
mod pointer;
#[cfg(test)]
mod proptests;
mod strict;
mod text;

use std::{any::Any, fmt};

use serde::de::DeserializeOwned;

use crate::{
    error::{FieldError, Problem},
    function::PikkuFunc,
};

pub(crate) use coerce::write_string;
#[cfg(feature = "__fuzz")]
pub use fuzz::fuzz_merge;
pub(crate) use merge::{Document, Front, Texts};
pub(crate) use text::{DecodeError, decode_component, excerpt, form_pairs};

/// What a string in a path, query or form becomes before it is parsed as JSON, as the field's schema asks.
///
/// Text that does not fit stays a string, and is then refused by the type that wanted something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// A string as it is.
    Text,
    /// A number, if the text is one.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A number or a boolean if the text is one.
    Scalar,
    /// A list of strings, one for each time the key is given.
    TextList,
    /// A list of numbers.
    NumberList,
    /// A list of booleans.
    BooleanList,
    /// A list of whatever each text is.
    ScalarList,
    /// Nested data, which a form has as JSON.
    Nested,
    /// A file of a multipart form.
    File,
    /// A list of files.
    FileList,
}

impl TextKind {
    /// The same, where nested data can't be.
    fn unnested(self) -> Self {
        if self == Self::Nested { Self::Text } else { self }
    }
}

/// Why an input was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// It can't be read: not JSON, a key given twice, nested too deep.
    Malformed(String),
    /// It was read, and it is wrong.
    Invalid(Vec<FieldError>),
}

impl Rejection {
    /// Something that is wrong with the member `name` of the input.
    pub(crate) fn member(name: &str, detail: impl fmt::Display) -> Self {
        let mut at = String::new();
        pointer::push(&mut at, name);
        Self::field(at, detail)
    }

    fn field(pointer: String, detail: impl fmt::Display) -> Self {
        Self::Invalid(vec![FieldError { pointer, detail: excerpt(&detail.to_string()).into_owned() }])
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Malformed(detail) => Self::bad_request(detail),
            Rejection::Invalid(errors) => Self::invalid_input(errors),
        }
    }
}

/// Parses a JSON document.
///
/// # Errors
/// When it is not JSON, or not a `T`.
pub(crate) fn parse<T: DeserializeOwned>(json: &[u8]) -> Result<T, Rejection> {
    strict::parse(&Document::whole(json))
}

/// The input of a function that takes none, which is `()`; nothing for any other type.
pub(crate) fn no_input<T: 'static>() -> Option<T> {
    let mut unit = Some(());
    let input: &mut dyn Any = &mut unit;
    input.downcast_mut::<Option<T>>()?.take()
}

/// Parses a document that was put together from the parts of a request.
pub(crate) fn parse_document<T: DeserializeOwned>(document: &Document<'_>) -> Result<T, Rejection> {
    strict::parse(document)
}

/// Parses a message without the keys that are none of its data, and gives the value of the last of them as it stands there.
pub(crate) fn parse_message<'m, T: DeserializeOwned>(
    text: &'m str,
    keys: &[&'static str],
) -> Result<(T, Option<&'m str>), Rejection> {
    let (input, noted) = strict::parse_noting(&Document::without(text.as_bytes(), keys), text)?;
    Ok((input, noted.map(|place| &text[place])))
}

/// Checks the constraints of an input.
///
/// # Errors
/// The constraints that are broken, by the wire's names.
pub(crate) fn validate<F: PikkuFunc>(input: &F::Input, renamed: &[(&str, &str)]) -> Result<(), Rejection> {
    F::validate(input).map_err(|report| broken(&report, renamed))
}

/// The constraints that are broken, by the wire's names in place of Rust's.
///
/// `renamed` has the places in the data whose names differ: the pattern of a pointer in Rust's names, `/parts/*/amount`,
/// and the same place on the wire, `/parts/*/n`. What the parser refuses has the wire's names to begin with.
#[cold]
fn broken(report: &garde::Report, renamed: &[(&str, &str)]) -> Rejection {
    let mut errors = pointer::field_errors(report);
    for error in &mut errors {
        if let Some(pointer) = pointer::rename(&error.pointer, renamed) {
            error.pointer = pointer;
        }
    }
    Rejection::Invalid(errors)
}
