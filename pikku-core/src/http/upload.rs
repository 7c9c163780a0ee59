//! Files of multipart forms.

use std::{
    borrow::Cow,
    cell::RefCell,
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use multer::{Field, Multipart};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};

use super::multipart::{FailureSlot, problem_of};
use crate::error::{Error, Problem};

/// A file of a multipart form, as a field of an input.
///
/// Where an input has one such field, the file is read while it arrives: nothing of it is kept, and it may be as large as
/// the function's `body_limit` allows. The other fields of the form have to come before it, as generated clients send
/// them. Where an input has several files, they are read first, and kept in memory.
///
/// ```
/// use garde::Validate;
/// use pikku_core::Upload;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema, Validate)]
/// pub struct SetPicture {
///     #[garde(length(chars, max = 100))]
///     pub caption: String,
///     #[garde(skip)]
///     pub picture: Upload,
/// }
///
/// async fn size_of(mut picture: Upload) -> Result<usize, pikku_core::Error> {
///     let mut size = 0;
///     while let Some(chunk) = picture.chunk().await? {
///         size += chunk.len();
///     }
///     Ok(size)
/// }
/// ```
pub struct Upload {
    file_name: Option<String>,
    content_type: Option<String>,
    // A stream can't be shared between threads, and an input has to be: the lock is never contended.
    source: Mutex<Source>,
}

enum Source {
    Kept(Option<Bytes>),
    Arriving(Box<Arriving>),
}

/// A file that is read while it arrives.
struct Arriving {
    field: Option<Field<'static>>,
    rest: Multipart<'static>,
    timeout: Duration,
    failure: FailureSlot,
}

/// What comes next of a file that arrives.
enum Next {
    Chunk(Bytes),
    /// Another part of the form, which is one too many.
    Part,
    End,
}

impl Upload {
    /// A file with this content, for tests.
    pub fn from_bytes(file_name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            file_name: Some(file_name.into()),
            content_type: None,
            source: Mutex::new(Source::Kept(Some(content.into()))),
        }
    }

    pub(super) fn kept(field: &Field<'_>, content: Bytes) -> Self {
        Self::of(field, Source::Kept(Some(content)))
    }

    pub(super) fn arriving(
        field: Field<'static>,
        rest: Multipart<'static>,
        timeout: Duration,
        failure: FailureSlot,
    ) -> Self {
        let mut upload = Self::of(&field, Source::Kept(None));
        upload.source = Mutex::new(Source::Arriving(Box::new(Arriving { field: Some(field), rest, timeout, failure })));
        upload
    }

    fn of(field: &Field<'_>, source: Source) -> Self {
        Self {
            file_name: field.file_name().map(str::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            source: Mutex::new(source),
        }
    }

    /// What the file is called where it comes from. It is the caller's word, so it is no path to write to.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// What kind of file it is, on the caller's word.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// The next part of the content, and nothing once it is complete.
    ///
    /// # Errors
    /// When the content is larger than allowed, or does not arrive. The caller is then told so, whatever the function
    /// makes of the error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        match self.source.get_mut().unwrap_or_else(PoisonError::into_inner) {
            Source::Kept(content) => Ok(content.take()),
            Source::Arriving(arriving) => {
                let Arriving { field, rest, timeout, failure } = &mut **arriving;
                let next = async {
                    if let Some(part) = field {
                        if let Some(chunk) = part.chunk().await? {
                            return Ok(Next::Chunk(chunk));
                        }
                        // The reader hands out one part at a time, so this one has to go first.
                        *field = None;
                        return Ok(if rest.next_field().await?.is_some() { Next::Part } else { Next::End });
                    }
                    Ok::<_, multer::Error>(Next::End)
                };
                let problem = match tokio::time::timeout(*timeout, next).await {
                    Ok(Ok(Next::Chunk(chunk))) => return Ok(Some(chunk)),
                    Ok(Ok(Next::End)) => return Ok(None),
                    Ok(Ok(Next::Part)) => Problem::bad_request("the file has to be the last part of the form"),
                    Ok(Err(error)) => problem_of(&error),
                    Err(_) => Problem::new(http::StatusCode::REQUEST_TIMEOUT, "request_timeout")
                        .with_detail("the file did not arrive in time"),
                };
                failure.set(problem.clone());
                Err(Error::new("a file could not be read").because(problem))
            }
        }
    }

    /// The whole content.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk).
    pub async fn bytes(mut self) -> Result<Bytes, Error> {
        let mut content = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .finish_non_exhaustive()
    }
}

impl JsonSchema for Upload {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Upload".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "binary" })
    }
}

thread_local! {
    /// The files that the input which is being parsed on this thread may take.
    static TABLE: RefCell<Table> = const { RefCell::new(Table::None) };
}

/// The files of one form.
enum Table {
    /// There are none.
    None,
    /// These, each to be taken once.
    Files(Vec<Option<Upload>>),
    /// As many empty ones as are asked for, while codegen tries out constraints.
    Probe,
}

/// What stands in a document in place of the file with this number.
pub(super) fn placeholder(number: usize) -> String {
    format!("{PLACEHOLDER}{number}")
}

const PLACEHOLDER: &str = "\u{0}upload:";

/// Files that an input may take which is parsed on this thread; what is left is gone when this is dropped, be it by a
/// panic.
#[must_use]
pub(super) struct AtHand(());

impl AtHand {
    pub(super) fn new(files: Vec<Upload>) -> Self {
        TABLE.set(Table::Files(files.into_iter().map(Some).collect()));
        Self(())
    }
}

impl Drop for AtHand {
    fn drop(&mut self) {
        TABLE.set(Table::None);
    }
}

/// Parses with any text for a file.
pub(crate) fn with_probes<T>(parse: impl FnOnce() -> T) -> T {
    TABLE.set(Table::Probe);
    let _at_hand = AtHand(());
    parse()
}

impl<'de> Deserialize<'de> for Upload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let taken = TABLE.with_borrow_mut(|table| match table {
            Table::None => None,
            Table::Files(files) => files.get_mut(text.strip_prefix(PLACEHOLDER)?.parse::<usize>().ok()?)?.take(),
            Table::Probe => Some(Self::from_bytes("probe", Bytes::new())),
        });
        taken.ok_or_else(|| D::Error::custom("expected a file of a multipart form"))
    }
}
