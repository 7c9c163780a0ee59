//! From the bytes of a request to a function's input.
//!
//! Path, query and body become one JSON document ([`merge`]), which is parsed once, straight into the input's type, by a
//! deserializer that is stricter than serde's own and knows where it stands when something is wrong ([`strict`]).

mod merge;
mod pointer;
mod strict;
mod text;

use std::fmt;

use serde::de::DeserializeOwned;

use crate::{
    error::{FieldError, Problem},
    function::PikkuFunc,
};

pub(crate) use merge::{Document, Texts};
pub(crate) use text::{DecodeError, decode_component, form_pairs};

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
    /// A file of a multipart form.
    File,
    /// A list of files.
    FileList,
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
    fn field(pointer: String, detail: impl fmt::Display) -> Self {
        Self::Invalid(vec![FieldError { pointer, detail: detail.to_string() }])
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

/// Parses a document that was put together from the parts of a request.
pub(crate) fn parse_document<T: DeserializeOwned>(document: &Document<'_>) -> Result<T, Rejection> {
    strict::parse(document)
}

/// Checks the constraints of an input.
///
/// # Errors
/// Each constraint that is broken. The pointers have Rust's field names; [`rename`] makes them the wire's.
pub(crate) fn validate<F: PikkuFunc>(input: &F::Input) -> Result<(), Rejection> {
    match F::validate(input) {
        Ok(()) => Ok(()),
        Err(report) => Err(Rejection::Invalid(pointer::field_errors(&report))),
    }
}

/// Puts the wire's names for Rust's into the pointers of a rejection.
pub(crate) fn rename(rejection: Rejection, renamed: &[(&str, &str)]) -> Rejection {
    match rejection {
        Rejection::Invalid(errors) if !renamed.is_empty() => Rejection::Invalid(
            errors
                .into_iter()
                .map(|error| FieldError { pointer: pointer::rename(&error.pointer, renamed), ..error })
                .collect(),
        ),
        other => other,
    }
}
