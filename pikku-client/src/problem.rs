//! Problem details (RFC 9457), which is how a server says what went wrong.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// What the server said went wrong.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// A reference to the kind of problem, `about:blank` unless the server knows better.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// What the status means.
    #[serde(default)]
    pub title: String,
    /// The HTTP status of the answer.
    #[serde(default)]
    pub status: u16,
    /// What went wrong this time.
    #[serde(default)]
    pub detail: Option<String>,
    /// The code that programs tell problems apart by; empty if it wasn't a pikku server that answered.
    #[serde(default)]
    pub code: String,
    /// What else the code comes with.
    #[serde(default)]
    pub data: Value,
    /// Which fields of the input are wrong, and why.
    #[serde(default)]
    pub errors: Vec<FieldError>,
    /// The id under which the server's log has this request.
    #[serde(default)]
    pub request_id: Option<String>,
}

/// One field of the input that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FieldError {
    /// Where it is, as a JSON pointer: `/title`.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong with it.
    #[serde(default)]
    pub detail: String,
}

fn about_blank() -> String {
    "about:blank".to_owned()
}

impl Problem {
    /// Reads the body of a failed answer. A body that isn't problem details, such as a proxy's page, says nothing more
    /// than the status does.
    pub(crate) fn parse(status: StatusCode, body: &[u8], request_id: Option<String>) -> Self {
        let mut problem = serde_json::from_slice(body).unwrap_or_else(|_| Self {
            kind: about_blank(),
            title: String::new(),
            status: 0,
            detail: None,
            code: String::new(),
            data: Value::Null,
            errors: Vec::new(),
            request_id: None,
        });
        // The status line is what proxies and browsers act on, so it wins over the body's copy of it.
        problem.status = status.as_u16();
        if problem.title.is_empty() {
            problem.title = status.canonical_reason().unwrap_or("Unknown Status").to_owned();
        }
        problem.request_id = problem.request_id.or(request_id);
        problem
    }

    /// The fault of one field, by its JSON pointer.
    #[must_use]
    pub fn field(&self, pointer: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.pointer == pointer)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.code.is_empty() { &self.title } else { &self.code };
        write!(formatter, "{} {name}", self.status)?;
        if let Some(detail) = &self.detail {
            write!(formatter, ": {detail}")?;
        }
        for error in &self.errors {
            write!(formatter, "; `{}`: {}", error.pointer, error.detail)?;
        }
        match &self.request_id {
            Some(id) => write!(formatter, " (request {id})"),
            None => Ok(()),
        }
    }
}
