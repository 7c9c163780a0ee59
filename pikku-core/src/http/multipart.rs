//! Multipart forms: text fields, and files.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::body::Body;
use http::{HeaderMap, StatusCode, header};
use multer::{Constraints, Multipart, SizeLimit};

use super::{body::too_large, upload::Upload};
use crate::{error::Problem, input::excerpt};

/// A form that was read as far as it has to be before its function runs.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The text fields.
    pub(super) texts: Vec<(String, String)>,
    /// The files, by their fields.
    pub(super) files: Vec<(String, Upload)>,
}

/// Why a file could not be read to its end, for the caller to be told.
#[derive(Debug, Clone, Default)]
pub(crate) struct FailureSlot(Arc<OnceLock<Problem>>);

impl FailureSlot {
    pub(super) fn set(&self, problem: Problem) {
        // The first failure is the one that the others follow from.
        let _ = self.0.set(problem);
    }

    pub(super) fn get(&self) -> Option<&Problem> {
        self.0.get()
    }
}

/// What there is to know before a form is read.
pub(super) struct FormLimits {
    pub(super) bytes: usize,
    pub(super) timeout: Duration,
    /// Whether the input takes one file, which can then be read while it arrives.
    pub(super) streams: bool,
    pub(super) failure: FailureSlot,
}

/// Reads a form.
pub(super) async fn read_form(headers: &HeaderMap, body: Body, limits: FormLimits) -> Result<Form, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = multer::parse_boundary(content_type)
        .map_err(|_| Problem::bad_request("a multipart form needs a `boundary` in its content type"))?;
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(limits.bytes as u64));
    let multipart = Multipart::with_constraints(body.into_data_stream(), boundary, constraints);
    let timeout = limits.timeout;
    let read = read_parts(multipart, limits);
    tokio::time::timeout(timeout, read).await.unwrap_or_else(|_| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout").with_detail("the form did not arrive in time"))
    })
}

async fn read_parts(mut multipart: Multipart<'static>, limits: FormLimits) -> Result<Form, Problem> {
    let mut form = Form::default();
    while let Some(field) = multipart.next_field().await.map_err(|error| problem_of(&error))? {
        let Some(name) = field.name().map(str::to_owned) else {
            return Err(Problem::bad_request("a part of the form has no name"));
        };
        if field.file_name().is_none() {
            let text = field.bytes().await.map_err(|error| problem_of(&error))?;
            let text = String::from_utf8(text.into()).map_err(|_| {
                Problem::bad_request(format!("the field `{}` of the form is not UTF-8", excerpt(&name)))
            })?;
            form.texts.push((name, text));
        } else if limits.streams {
            form.files.push((name, Upload::arriving(field, multipart, limits.timeout, limits.failure)));
            return Ok(form);
        } else {
            let mut field = field;
            let mut content = bytes::BytesMut::new();
            while let Some(chunk) = field.chunk().await.map_err(|error| problem_of(&error))? {
                content.extend_from_slice(&chunk);
            }
            form.files.push((name, Upload::kept(&field, content.freeze())));
        }
    }
    Ok(form)
}

/// What the caller is told of a form that can't be read.
pub(super) fn problem_of(error: &multer::Error) -> Problem {
    match error {
        multer::Error::StreamSizeExceeded { limit } | multer::Error::FieldSizeExceeded { limit, .. } => {
            too_large(usize::try_from(*limit).unwrap_or(usize::MAX))
        }
        other => Problem::bad_request(format!("the form can't be read: {}", excerpt(&other.to_string()))),
    }
}
