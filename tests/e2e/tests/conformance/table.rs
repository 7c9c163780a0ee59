//! The tables: what is sent, and what has to come of it.

use serde::Deserialize;
use serde_json::Value;

use super::{setups::Stage, token::Token, wire};

/// One file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// What it is about, for its readers.
    #[serde(rename = "about")]
    pub(crate) _about: String,
    #[serde(default)]
    pub(crate) rows: Vec<Row>,
    #[serde(default)]
    pub(crate) scenes: Vec<Scene>,
    #[serde(default)]
    pub(crate) starts: Vec<Start>,
}

/// A credential, at each of three functions and doors, in each of three ways.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) server: String,
    #[serde(default)]
    pub(crate) send: Send,
    pub(crate) http: [String; 3],
    pub(crate) upgrade: [String; 3],
    /// Left out where the open door does not open either.
    pub(crate) message: Option<[String; 3]>,
}

/// What happens one after the other.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scene {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) server: String,
    pub(crate) steps: Vec<Step>,
}

/// A server that must not start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) server: String,
    pub(crate) says: String,
}

/// One thing that happens; the README of the tables says what each is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Step {
    Request {
        /// `POST /login`.
        to: String,
        #[serde(default)]
        send: Send,
        body: Option<Value>,
        is: String,
        says: Option<Value>,
        sets: Option<Sets>,
        r#as: Option<String>,
        #[serde(default)]
        until: bool,
        #[serde(default = "once")]
        times: usize,
    },
    Open {
        to: String,
        #[serde(default)]
        send: Send,
        #[serde(default)]
        r#as: Option<String>,
        is: String,
    },
    Say {
        on: String,
        message: Value,
        hear: Value,
        #[serde(default)]
        until: bool,
    },
    Hear {
        on: String,
        message: Value,
    },
    Closes {
        on: String,
        code: u16,
    },
    RevokeAllOf {
        user: String,
        sessions: usize,
    },
    Keys {
        are: Vec<String>,
    },
    Asked {
        times: usize,
    },
}

fn once() -> usize {
    1
}

/// What becomes of the session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sets {
    Cookie,
    ExpiredCookie,
    Nothing,
}

/// What a request has beside its target.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Send {
    bearer: Option<Text>,
    key: Option<Text>,
    key_in_query: Option<Text>,
    cookie: Option<Text>,
    protocol: Option<Text>,
    #[serde(default)]
    headers: Vec<(String, Text)>,
}

/// A value that is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Parts(Vec<Self>),
    Repeated(Repeated),
    Bytes(Bytes),
    Session(Session),
    Kept(Kept),
    Own(Own),
    Token(Token),
}

/// A text many times.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Repeated {
    repeat: String,
    times: usize,
}

/// Bytes that are no text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    bytes: Vec<u8>,
}

/// The value of the cookie of somebody who signs in for this.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Session {
    session_of: String,
    /// Whether they sign out again.
    #[serde(default)]
    signed_out: bool,
    /// Whether it is revoked.
    #[serde(default)]
    revoked: bool,
}

/// The value of a cookie that an earlier step kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    kept: String,
}

/// The origin of the server itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    own_origin: bool,
}

/// The cookies that steps have kept.
pub(crate) type Jar = std::collections::HashMap<String, String>;

/// A session cookie, as the servers here call it.
pub(crate) const COOKIE: &str = "__Host-s";

impl Send {
    /// The target and the headers that are sent.
    pub(crate) async fn prepare(
        &self,
        target: &str,
        stage: &Stage,
        jar: &Jar,
    ) -> Result<(String, wire::Headers), String> {
        let mut headers = Vec::new();
        for (name, before, text) in [
            ("authorization", "Bearer ", &self.bearer),
            ("x-api-key", "", &self.key),
            ("cookie", "__Host-s=", &self.cookie),
            ("sec-websocket-protocol", "pikku.v1, ", &self.protocol),
        ] {
            if let Some(text) = text {
                headers.push((name.to_owned(), [before.as_bytes(), &text.bytes(stage, jar).await?].concat()));
            }
        }
        for (name, text) in &self.headers {
            headers.push((name.clone(), text.bytes(stage, jar).await?));
        }
        let target = match &self.key_in_query {
            Some(key) => {
                let key = String::from_utf8_lossy(&key.bytes(stage, jar).await?).into_owned();
                format!("{target}{}apiKey={key}", if target.contains('?') { '&' } else { '?' })
            }
            None => target.to_owned(),
        };
        Ok((target, headers))
    }
}

impl Text {
    async fn bytes(&self, stage: &Stage, jar: &Jar) -> Result<Vec<u8>, String> {
        Ok(match self {
            Self::Plain(text) => text.clone().into_bytes(),
            Self::Parts(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(Box::pin(part.bytes(stage, jar)).await?);
                }
                all
            }
            Self::Repeated(repeated) => repeated.repeat.repeat(repeated.times).into_bytes(),
            Self::Bytes(bytes) => bytes.bytes.clone(),
            Self::Session(session) => session.sign_in(stage).await?.into_bytes(),
            Self::Kept(Kept { kept }) => jar.get(kept).ok_or(format!("no cookie `{kept}` was kept"))?.clone().into(),
            Self::Own(Own { own_origin: true }) => format!("http://{}", stage.server.address).into_bytes(),
            Self::Own(_) => return Err("`own_origin` is true, or not there".to_owned()),
            Self::Token(token) => token.make().into_bytes(),
        })
    }
}

impl Session {
    async fn sign_in(&self, stage: &Stage) -> Result<String, String> {
        let body = serde_json::json!({ "name": self.session_of });
        let answer = wire::request(&stage.http, &stage.server, "POST", "/login", &Vec::new(), Some(&body)).await?;
        let id = cookie_of(&answer.cookies).ok_or("sign-in set no cookie")?;
        if self.signed_out {
            let cookie = vec![("cookie".to_owned(), format!("{COOKIE}={id}").into_bytes())];
            let answer = wire::request(&stage.http, &stage.server, "POST", "/logout", &cookie, None).await?;
            if answer.status != 204 {
                return Err(format!("sign-out was answered {}", answer.status));
            }
        }
        if self.revoked {
            let revoked = stage.sessions.revoke_all_of(&self.session_of).await;
            revoked.map_err(|error| error.to_string())?;
        }
        Ok(id)
    }
}

/// The value that the only cookie of an answer has.
pub(crate) fn cookie_of(cookies: &[String]) -> Option<String> {
    let [cookie] = cookies else { return None };
    let (name, rest) = cookie.split_once('=')?;
    let (value, _) = rest.split_once(';')?;
    (name == COOKIE).then(|| value.to_owned())
}
