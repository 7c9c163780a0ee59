//! Files on their way to the server.

use std::fmt;

use bytes::Bytes;

/// A file to send in a multipart form.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    /// What the file is called.
    pub file_name: String,
    /// What it holds, such as `image/png`.
    pub content_type: String,
    /// The content.
    pub bytes: Bytes,
}

impl Upload {
    /// A file of this name, with any bytes in it.
    pub fn new(file_name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let content_type = "application/octet-stream".to_owned();
        Self { file_name: file_name.into(), content_type, bytes: bytes.into() }
    }

    /// Says what the file holds.
    #[must_use]
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = content_type.into();
        self
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upload")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("bytes", &format_args!("{} bytes", self.bytes.len()))
            .finish()
    }
}

/// The shapes a field of files can have: one, perhaps one, or a list.
pub trait Uploads {
    /// The files in it.
    fn uploads(&self) -> impl Iterator<Item = &Upload>;
}

impl Uploads for Upload {
    fn uploads(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self)
    }
}

impl<T: Uploads> Uploads for Option<T> {
    fn uploads(&self) -> impl Iterator<Item = &Upload> {
        self.iter().flat_map(Uploads::uploads)
    }
}

impl<T: Uploads> Uploads for Vec<T> {
    fn uploads(&self) -> impl Iterator<Item = &Upload> {
        self.iter().flat_map(Uploads::uploads)
    }
}
