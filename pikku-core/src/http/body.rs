//! From a request's path, query and body to one document.

use std::{borrow::Cow, pin::pin, time::Duration};

use axum::body::{Bytes, HttpBody};
use bytes::BytesMut;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::BodyExt;

use super::{
    call::{Has, HttpCall},
    content::Payload,
    multipart::{Form, FormLimits, read_form},
    route::values_in,
    upload::{AtHand, placeholder},
};
use crate::{
    app::App,
    error::{FieldError, Problem},
    function::PikkuFunc,
    guard::Within,
    input::{self, DecodeError, Document, Front, Rejection, TextKind, Texts, decode_component, form_pairs},
};

/// Parses and validates the input of `F`, once the body was read.
pub(super) fn parse_input<F: PikkuFunc>(call: &mut HttpCall<F::App>) -> Result<F::Input, Problem> {
    let _at_hand = call.read.take_files(call.route.texts)?;
    let input = input::parse_document(&call_document(call, &call.read)?)?;
    // The function may take its time, and the body would be in memory for as long.
    call.read = Read::None;
    input::validate::<F>(&input, call.route.renamed)?;
    Ok(input)
}

/// What the request of an upgrade says in its path and query, as JSON: the opening data of a channel.
pub(crate) fn opening_document<A: App>(call: &HttpCall<A>) -> Result<Vec<u8>, Problem> {
    Ok(call_document(call, &Read::None)?.into_json())
}

/// What was read of a body.
#[derive(Default)]
pub(super) enum Read {
    #[default]
    None,
    Json(Bytes),
    Form(Bytes),
    Multipart(Form),
}

impl Read {
    /// Takes the files out of a form, leaves a placeholder for each, and has them at hand for who parses it.
    ///
    /// A file is taken where the input wants one, since a placeholder would be an odd text anywhere else.
    fn take_files(&mut self, kinds: &[(&str, TextKind)]) -> Result<Option<AtHand>, Rejection> {
        let Self::Multipart(form) = self else { return Ok(None) };
        let mut files = Vec::with_capacity(form.files.len());
        for (number, (name, file)) in form.files.drain(..).enumerate() {
            if !kinds.iter().any(|(known, kind)| *known == name && is_file(*kind)) {
                return Err(Rejection::member(&name, "no file is taken here"));
            }
            form.texts.push((name, placeholder(number)));
            files.push(file);
        }
        Ok(Some(AtHand::new(files)))
    }
}

/// What a body says that it is.
#[derive(PartialEq)]
enum Kind {
    Json,
    Form,
    Multipart,
}

/// Reads the body of a request, whatever it is.
pub(super) async fn read_body<A: App>(call: &mut HttpCall<A>) -> Result<Read, Problem> {
    let Some(body) = call.body.take() else { return Ok(Read::None) };
    let headers = &call.context.parts.headers;
    if body.is_end_stream() && !headers.contains_key(header::CONTENT_TYPE) {
        return Ok(Read::None);
    }
    let kind = match kind(headers, call.context.has) {
        Ok(kind) => kind,
        // What a body is does not matter where there is none.
        Err(problem) => {
            let nothing = collect(body, 0, call.runtime.config.body_timeout).await;
            return nothing.map(|_| Read::None).map_err(|_| problem);
        }
    };
    let may_be_left_out = matches!(call.request().method, Method::GET | Method::HEAD | Method::DELETE);
    let config = &call.runtime.config;
    let limit = call.route.body_limit.unwrap_or(config.body_limit);
    if kind == Some(Kind::Multipart) {
        let limits = FormLimits {
            bytes: limit,
            timeout: config.body_timeout,
            streams: takes_one_file(call.route.texts),
            failure: call.upload_failure.get_or_insert_default().clone(),
        };
        // Forms with files are rare, so the future of a request has no room for one.
        return Box::pin(read_form(headers, body.into(), limits)).await.map(Read::Multipart);
    }
    let bytes = collect(body, limit, config.body_timeout).await?;
    match kind {
        _ if bytes.is_empty() && may_be_left_out => Ok(Read::None),
        Some(Kind::Json) => Ok(Read::Json(bytes)),
        Some(Kind::Form | Kind::Multipart) => Ok(Read::Form(bytes)),
        None if bytes.is_empty() => Ok(Read::None),
        None => Err(unsupported("a body needs a content type; this server reads `application/json`")),
    }
}

fn kind(headers: &HeaderMap, has: Has) -> Result<Option<Kind>, Problem> {
    if has.content_encoding && headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(unsupported("compressed bodies are not read; send the body as it is"));
    }
    if has.json {
        return Ok(Some(Kind::Json));
    }
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
    // Parameters such as a charset are no part of the kind.
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let is = |name: &str| essence.eq_ignore_ascii_case(name);
    let json_suffix = essence.len() > 5 && essence.as_bytes()[essence.len() - 5..].eq_ignore_ascii_case(b"+json");
    if is("application/json") || json_suffix {
        Ok(Some(Kind::Json))
    } else if is("application/x-www-form-urlencoded") {
        Ok(Some(Kind::Form))
    } else if is("multipart/form-data") {
        Ok(Some(Kind::Multipart))
    } else {
        Err(unsupported(
            "this server reads `application/json`, `application/x-www-form-urlencoded` and `multipart/form-data`",
        ))
    }
}

/// Whether an input has one field for a file, and that no list.
fn takes_one_file(texts: &[(&str, TextKind)]) -> bool {
    let mut files = texts.iter().filter(|(_, kind)| is_file(*kind));
    matches!((files.next(), files.next()), (Some((_, TextKind::File)), None))
}

fn is_file(kind: TextKind) -> bool {
    matches!(kind, TextKind::File | TextKind::FileList)
}

fn unsupported(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type").with_detail(detail)
}

/// Reads a body to its end.
async fn collect(body: Payload, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large(limit));
    }
    Within::new(timeout, pin!(collect_within(body, limit))).await.unwrap_or_else(|| {
        Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout").with_detail("the body did not arrive in time"))
    })
}

async fn collect_within(mut body: Payload, limit: usize) -> Result<Bytes, Problem> {
    // Most bodies come in one piece, which then need not be copied.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|error| {
            tracing::debug!(%error, "a body ended early");
            Problem::bad_request("the body ended before it was complete")
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        if first.len() + all.len() + piece.len() > limit {
            return Err(too_large(limit));
        }
        if first.is_empty() && all.is_empty() {
            first = piece;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&piece);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

pub(super) fn too_large(limit: usize) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large")
        .with_detail(format!("the body is larger than {limit} bytes"))
}

/// Puts the parts of a request together.
fn call_document<'c, A: App>(call: &'c HttpCall<A>, body: &'c Read) -> Result<Document<'c>, Problem> {
    let json = match body {
        Read::Json(bytes) if bytes.trim_ascii().is_empty() => {
            return Err(Problem::bad_request("the body is empty; an empty object is written `{}`"));
        }
        Read::Json(bytes) => bytes,
        _ => &[][..],
    };
    let (uri, kinds) = (&call.request().uri, call.route.texts);
    let parameters = values_in(&call.runtime.parameters[call.number], uri.path());
    if uri.query().is_none() && matches!(body, Read::None | Read::Json(_)) {
        let mut front = Front::new(parameters.len(), json);
        for (name, value) in parameters {
            front.path(name, decode_parameter(name, value)?, kinds);
        }
        return Ok(front.before(json)?);
    }
    let mut texts = Texts::default();
    for (name, value) in parameters {
        texts.path(name, decode_parameter(name, value)?);
    }
    for pair in form_pairs(uri.query().unwrap_or_default()) {
        let (name, value) = pair.map_err(|error| Problem::bad_request(format!("the query: {error}")))?;
        texts.query(name, value)?;
    }
    match body {
        Read::Form(bytes) => add_form(&mut texts, bytes)?,
        Read::Multipart(form) => {
            for (name, value) in &form.texts {
                texts.form(Cow::Borrowed(name), Cow::Borrowed(value))?;
            }
        }
        Read::None | Read::Json(_) => {}
    }
    Ok(Document::merge(texts, kinds, json)?)
}

fn decode_parameter<'v>(name: &str, value: &'v str) -> Result<Cow<'v, str>, Problem> {
    decode_component(value).map_err(|error: DecodeError| {
        Problem::bad_request(format!("the path parameter `{name}`: {error}"))
            .with_errors(vec![FieldError { pointer: format!("/{name}"), detail: error.to_string() }])
    })
}

fn add_form<'b>(texts: &mut Texts<'b>, bytes: &'b Bytes) -> Result<(), Problem> {
    let form = std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("the form is not UTF-8"))?;
    for pair in form_pairs(form) {
        let (name, value) = pair.map_err(|error| Problem::bad_request(format!("the form: {error}")))?;
        texts.form(name, value)?;
    }
    Ok(())
}
