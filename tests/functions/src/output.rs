//! Outputs and failures: every way that a call can end.

use std::time::Duration;

use axum::response::IntoResponse;
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use pikku_core::{App, EventStream, FromWire, Http, Problem, Raw, Wire, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Services, TestError};

/// How a call shall end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Well.
    Well,
    /// With an error that has no payload.
    NotFound,
    /// With an error that has one.
    Taken,
    /// With an error whose payload is one value.
    TooMany,
    /// With an error that callers are not told.
    Internal,
    /// In a panic.
    Panic,
    /// Too late.
    Late,
}

/// How a call shall end.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct End {
    /// How.
    pub how: Ending,
}

/// Ends as it is told to.
#[pikku_func(http(get = "/end/{how}", timeout = 1), auth = false)]
pub async fn end(_services: &Services, data: End) -> Result<(), TestError> {
    match data.how {
        Ending::Well => Ok(()),
        Ending::NotFound => Err(TestError::NotFound),
        Ending::Taken => Err(TestError::Taken { name: "a".to_owned(), free: vec!["b".to_owned()] }),
        Ending::TooMany => Err(TestError::TooMany(3)),
        Ending::Internal => Err(TestError::Internal { secret: "hunter2" }),
        Ending::Panic => panic!("hunter2"),
        Ending::Late => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
    }
}

/// A response of its own making.
#[pikku_func(http(get = "/raw"), auth = false)]
pub async fn raw(_services: &Services) -> Result<Raw, TestError> {
    Ok(Raw::new((StatusCode::IM_A_TEAPOT, [(header::CONTENT_TYPE, "text/x-tea")], "tea").into_response()))
}

/// A response of its own making, down to what browsers are told of it.
#[pikku_func(http(get = "/raw/own"), auth = false)]
pub async fn own_raw(_services: &Services) -> Result<Raw, TestError> {
    Ok(Raw::new(([(header::X_CONTENT_TYPE_OPTIONS, "own")], "tea").into_response()))
}

/// A line of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Line {
    /// Which.
    pub n: u32,
    /// What it says.
    pub text: String,
}

/// How many lines.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Lines {
    /// How many.
    pub count: u32,
}

/// Says a few lines, each of which tries to look like two events.
#[pikku_func(http(get = "/lines"))]
pub async fn lines(_services: &Services, data: Lines) -> Result<EventStream<Line>, TestError> {
    let text = "one\n\ndata: {\"n\":99}\r\r\u{2028}";
    Ok(EventStream::new(stream::iter((0..data.count).map(move |n| Line { n, text: text.to_owned() }))))
}

/// Sets a status, a header and two cookies, and then succeeds or fails.
#[pikku_func(http(post = "/headers"), auth = false)]
pub async fn headers(_services: &Services, data: End, http: Http) -> Result<String, TestError> {
    http.set_status(StatusCode::ACCEPTED);
    http.set_header(HeaderName::from_static("x-test"), HeaderValue::from_static("set"));
    http.add_cookie(HeaderValue::from_static("a=1"));
    http.add_cookie(HeaderValue::from_static("b=2"));
    match data.how {
        Ending::Well => Ok(http.method().to_string()),
        _ => Err(TestError::NotFound),
    }
}

/// The language that a caller would like.
#[derive(Debug)]
pub struct Language(pub String);

impl<A: App> FromWire<'_, A> for Language {
    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        let header = wire.request().and_then(|request| request.headers.get(header::ACCEPT_LANGUAGE));
        match header.and_then(|value| value.to_str().ok()) {
            Some(language) => Ok(Self(language.to_owned())),
            None => Err(Problem::bad_request("say which language")),
        }
    }
}

/// Says which language it was asked in.
#[pikku_func(http(get = "/language"), auth = false)]
pub async fn language(_services: &Services, language: Language) -> Result<String, TestError> {
    Ok(language.0)
}

/// Bytes with a map that has no string for a key, which JSON can't say.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Unwritable {
    #[schemars(with = "String")]
    map: std::collections::BTreeMap<(u8, u8), u8>,
}

/// Answers with what is no JSON.
#[pikku_func(http(get = "/unwritable"), auth = false)]
pub async fn unwritable(_services: &Services) -> Result<Unwritable, TestError> {
    Ok(Unwritable { map: [((1, 2), 3)].into() })
}
