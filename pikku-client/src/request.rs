//! One call: what to ask for, and what to make of the answer.

use std::fmt;

use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{ApiError, DecodeError, EncodeError, Error},
    events::Events,
    exchange::{self, Accept, Answer, Call},
    http::Http,
    input::{Input, Shape},
    raw::RawResponse,
    upload::Uploads,
};

/// A call that is being put together.
///
/// The methods of generated clients are made of this. It is also the way to a route that the contract doesn't know,
/// with the same credentials and policies:
///
/// ```no_run
/// # async fn example(http: pikku_client::Http) -> Result<(), pikku_client::Error> {
/// let version: serde_json::Value = http.get("/version").json().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until the answer is awaited"]
pub struct Request<'a> {
    http: &'a Http,
    shape: Shape<'a>,
    input: Input,
    multipart: bool,
    fault: Option<EncodeError>,
}

impl<'a> Request<'a> {
    pub(crate) fn new(http: &'a Http, method: Method, path: &'a str) -> Self {
        let shape = Shape { method, path, query: &[], body: &[], nested: &[] };
        Self { http, shape, input: Input::default(), multipart: false, fault: None }
    }

    /// Puts these fields into the query, though the others are the body.
    pub fn query(mut self, fields: &'a [&'a str]) -> Self {
        self.shape.query = fields;
        self
    }

    /// Puts these fields into the body, though the others are the query.
    pub fn body(mut self, fields: &'a [&'a str]) -> Self {
        self.shape.body = fields;
        self
    }

    /// Sends these fields as JSON where the input is a form, so that they can be nested.
    pub fn nested(mut self, fields: &'a [&'a str]) -> Self {
        self.shape.nested = fields;
        self
    }

    /// Sends an input.
    ///
    /// Its fields that are named in the path travel there. The others are the query of a `GET`, `HEAD` or `DELETE`, and
    /// the JSON body of all else. In a query, a list repeats its key, and what is `null` is left out.
    pub fn input(mut self, input: &(impl Serialize + ?Sized)) -> Self {
        self.fault = self.fault.or(self.input.set(input).err());
        self
    }

    /// Sends a field of files, and the rest of the input as a multipart form with them.
    pub fn files(mut self, name: &str, files: &impl Uploads) -> Self {
        self.multipart = true;
        for file in files.uploads() {
            self.input.add_file(name, file.clone());
        }
        self
    }

    /// The answer, which is one JSON value.
    ///
    /// # Errors
    ///
    /// As [`Error`] lists them.
    pub async fn json<T: DeserializeOwned, E: ApiError>(self) -> Result<T, Error<E>> {
        let Answer { status, headers, bytes } = self.call()?.make(Accept::Json).await?;
        serde_json::from_slice(&bytes).map_err(|cause| {
            let request_id = exchange::request_id(&headers);
            Error::Decode(DecodeError { status: Some(status.as_u16()), request_id, cause })
        })
    }

    /// Waits for success, which comes with nothing.
    ///
    /// # Errors
    ///
    /// As [`Error`] lists them.
    pub async fn empty<E: ApiError>(self) -> Result<(), Error<E>> {
        self.call()?.make::<Answer>(Accept::Json).await?;
        Ok(())
    }

    /// The answer as it is.
    ///
    /// # Errors
    ///
    /// As [`Error`] lists them.
    pub async fn raw<E: ApiError>(self) -> Result<RawResponse, Error<E>> {
        let Answer { status, headers, bytes } = self.call()?.make(Accept::Anything).await?;
        Ok(RawResponse { status: status.as_u16(), headers, bytes })
    }

    /// The answer, which is a stream of JSON values. It is returned as soon as the stream begins.
    ///
    /// # Errors
    ///
    /// As [`Error`] lists them.
    pub async fn events<T: DeserializeOwned, E: ApiError>(self) -> Result<Events<T, E>, Error<E>> {
        Ok(Events::new(self.call()?.make(Accept::Events).await?))
    }

    fn call<E: ApiError>(self) -> Result<Call<'a>, Error<E>> {
        if let Some(fault) = self.fault {
            return Err(Error::Encode(fault));
        }
        let settings = &*self.http.settings;
        let parts = self.input.into_parts(&settings.base, &self.shape, self.multipart).map_err(Error::Encode)?;
        Ok(Call { settings, method: self.shape.method, parts })
    }
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The input may hold a password, so it isn't shown.
        formatter
            .debug_struct("Request")
            .field("method", &self.shape.method)
            .field("path", &self.shape.path)
            .finish_non_exhaustive()
    }
}
