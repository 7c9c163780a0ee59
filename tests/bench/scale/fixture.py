"""Writes an application of so many functions twice: on pikku, and with a router of axum that was written by hand.

Both have the same folders (`functions`, which has all types and bodies, and `server`, which has the router), the same
types, and the same bodies. A fourth of the functions each: GET with a path and a query, POST with a body that garde
validates, PATCH with a permission, and a message of a channel.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# `schemas` is `axum` with a schema for each type, as whoever documents an API derives them.
FLAVOURS = ("axum", "schemas", "pikku")
KINDS = ("get", "post", "patch", "message")
# As many functions as a person might have in a file.
PER_MODULE = 20


def write(folder, count, profile):
    for flavour in FLAVOURS:
        write_app(Path(folder) / flavour, flavour, count, profile)


def write_app(folder, flavour, count, profile):
    family = family_of(flavour)
    modules = [range(start, min(start + PER_MODULE, count)) for start in range(0, count, PER_MODULE)]
    texts = {"functions/src/lib.rs": library(family, len(modules))}
    for number, members in enumerate(modules):
        functions = "\n".join(function(flavour, index) for index in members)
        texts[f"functions/src/m{number}.rs"] = uses(flavour) + "\n" + functions
    texts["server/src/main.rs"] = MAIN[flavour] if flavour == "pikku" else hand_written(modules)
    if flavour == "pikku":
        texts["server/build.rs"] = BUILD_SCRIPT
    texts["Cargo.toml"] = workspace(profile)
    texts["functions/Cargo.toml"] = package(f"{family}-functions", FUNCTION_NEEDS[flavour])
    texts["server/Cargo.toml"] = package(f"{family}-server", SERVER_NEEDS[family])
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is as it was keeps its time, so that cargo leaves it alone.
        if not target.exists() or target.read_text() != text:
            target.write_text(text)
    for stale in set((folder / "functions/src").glob("m*.rs")) - {folder / path for path in texts}:
        stale.unlink()


def family_of(flavour):
    """What the names of the packages begin with."""
    return "pikku" if flavour == "pikku" else "axum"


def uses(flavour):
    schemas = "use schemars::JsonSchema;\n" if flavour == "schemas" else ""
    return USES[family_of(flavour)].replace("use serde::", f"{schemas}use serde::")


def workspace(profile):
    return f"""[workspace]
resolver = "3"
members = ["functions", "server"]

{profile}"""


def package(name, needs):
    return f"""[package]
name = "{name}"
version = "0.0.0"
edition = "2024"

{needs}"""


COMMON_NEEDS = """garde = { version = "0.23", features = ["derive"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
thiserror = "2"
"""
TOKIO = 'tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal", "sync", "time"] }\n'
FUNCTION_NEEDS = {
    "pikku": f"""[dependencies]
pikku-core = {{ path = "{ROOT}/pikku-core" }}
schemars = "1"
{COMMON_NEEDS}""",
    "axum": f"""[dependencies]
axum = {{ version = "0.8", features = ["ws"] }}
{COMMON_NEEDS}""",
    "schemas": f"""[dependencies]
axum = {{ version = "0.8", features = ["ws"] }}
schemars = "1"
{COMMON_NEEDS}""",
}
SERVER_NEEDS = {
    "pikku": f"""[dependencies]
pikku-core = {{ path = "{ROOT}/pikku-core" }}
pikku-functions = {{ path = "../functions" }}
{TOKIO}
[build-dependencies]
pikku-codegen = {{ path = "{ROOT}/pikku-codegen" }}
pikku-functions = {{ path = "../functions" }}
""",
    "axum": f"""[dependencies]
axum = {{ version = "0.8", features = ["ws"] }}
axum-functions = {{ path = "../functions" }}
serde = "1"
serde_json = "1"
{TOKIO}""",
}

BUILD_SCRIPT = """fn main() -> pikku_codegen::Result<()> {
    pikku_codegen::Builder::new(pikku_functions::LargeApp::registry()).emit()
}
"""
USES = {
    "pikku": """use garde::Validate;
use pikku_core::{pikku_channel_func, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Failure, Services, UserSession};
""",
    "axum": """use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::{Failure, Services, UserSession, is_allowed};
""",
}

MAIN = {
    "pikku": """use pikku_core::{JwtService, Key, Pikku, auth_bearer};
use pikku_functions::{LargeApp, Services};

pikku_core::include_generated!();

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let jwt = JwtService::new(async || vec![Key::hs256("large", "a secret of at least 256 bits, as it has to be")]);
    let app = Pikku::<LargeApp>::new(Services::default()).jwt(jwt.await.map_err(std::io::Error::other)?);
    generated::serve(app.middleware(auth_bearer().jwt()), ([127, 0, 0, 1], 3000).into()).await
}
"""
}

SHARED = """use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

#[derive(Debug, Default)]
pub struct Services {
    calls: AtomicU64,
}

impl Services {
    pub fn call(&self) -> u64 {
        self.calls.fetch_add(1, Ordering::Relaxed)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserSession {
    pub user_id: String,
}
"""


def library(flavour, modules):
    declared = "".join(f"pub mod m{number};\n" for number in range(modules))
    if flavour == "pikku":
        return f"""{declared}
{SHARED}
use pikku_core::{{PikkuError, pikku_channel}};

pikku_core::registry!(LargeApp {{ services: Services, session: UserSession }});

#[derive(Debug, thiserror::Error, PikkuError)]
pub enum Failure {{
    #[error("it is not there")]
    #[pikku(status = 404)]
    NotFound,
}}

#[pikku_channel(route = "/events", auth = false)]
#[derive(Debug)]
pub struct Events;

pub async fn is_allowed(_services: &Services, id: &u64, session: &UserSession) -> Result<bool, Failure> {{
    Ok(*id > 0 || session.user_id == "admin")
}}
"""
    return f"""{declared}
{SHARED}
use axum::{{http::StatusCode, response::{{IntoResponse, Response}}}};

#[derive(Debug, thiserror::Error)]
pub enum Failure {{
    #[error("it is not there")]
    NotFound,
    #[error("it is not allowed")]
    Denied,
    #[error(transparent)]
    Invalid(#[from] garde::Report),
}}

impl IntoResponse for Failure {{
    fn into_response(self) -> Response {{
        let status = match self {{
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied => StatusCode::FORBIDDEN,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }};
        (status, self.to_string()).into_response()
    }}
}}

pub async fn is_allowed(_services: &Services, id: u64, session: &UserSession) -> Result<bool, Failure> {{
    Ok(id > 0 || session.user_id == "admin")
}}
"""


def function(flavour, index):
    kind = KINDS[index % len(KINDS)]
    schema = "" if flavour == "axum" else ", JsonSchema"
    family = family_of(flavour)
    text = OUTPUT.format(i=index, schema=schema)
    if kind == "get" and family == "axum":
        text += STRUCT.format(i=index, name="Path", schema=schema, fields="    pub id: u64,\n")
        text += STRUCT.format(i=index, name="Query", schema=schema, fields="    pub limit: Option<u32>,\n    pub tag: Option<String>,\n")
    elif kind == "get":
        fields = "    pub id: u64,\n    pub limit: Option<u32>,\n    pub tag: Option<String>,\n"
        text += STRUCT.format(i=index, name="Input", schema=schema, fields=fields)
    elif kind == "post":
        text += STRUCT.format(i=index, name="Input", schema=f"{schema}, Validate", fields=VALIDATED)
    elif kind == "patch":
        id_field = "    pub id: u64,\n" if flavour == "pikku" else ""
        text += STRUCT.format(i=index, name="Input", schema=schema, fields=f"{id_field}    pub title: String,\n    pub done: bool,\n")
    else:
        text += STRUCT.format(i=index, name="Input", schema=schema, fields="    pub id: u64,\n    pub text: String,\n")
    return text + FUNCTIONS[family][kind].format(i=index, body=BODY[kind].format(i=index))


OUTPUT = """#[derive(Debug, Serialize{schema})]
pub struct Output{i} {{
    pub id: u64,
    pub title: String,
    pub tags: Vec<String>,
}}

"""
STRUCT = """#[derive(Debug, Deserialize{schema})]
pub struct {name}{i} {{
{fields}}}

"""
VALIDATED = """    #[garde(length(chars, min = 1, max = 200))]
    pub title: String,
    #[garde(range(min = 0, max = 5))]
    pub priority: i64,
    #[garde(skip)]
    pub tags: Vec<String>,
"""
BODY = {
    "get": """    let Some(tag) = tag else {{ return Err(Failure::NotFound) }};
    let title = format!("{i} of {{}}", services.call());
    Ok(Output{i} {{ id: id + u64::from(limit.unwrap_or(10)), title, tags: vec![tag] }})""",
    "post": """    let id = services.call();
    Ok(Output{i} {{ id, title: format!("{{title}} {{priority}}"), tags }})""",
    "patch": """    let title = format!("{{title}} for {{}}", session.user_id);
    Ok(Output{i} {{ id: id + services.call(), title, tags: vec![done.to_string()] }})""",
    "message": """    let title = format!("{i} {{text}}");
    Ok(Output{i} {{ id: id + services.call(), title, tags: Vec::new() }})""",
}
FUNCTIONS = {
    "pikku": {
        "get": """/// Gets thing {i}.
#[pikku_func(http(get = "/things{i}/{{id}}"), auth = false)]
pub async fn get{i}(services: &Services, data: Input{i}) -> Result<Output{i}, Failure> {{
    let Input{i} {{ id, limit, tag }} = data;
{body}
}}

""",
        "post": """/// Makes a thing {i}.
#[pikku_func(http(post = "/things{i}"), auth = false)]
pub async fn make{i}(services: &Services, data: Input{i}) -> Result<Output{i}, Failure> {{
    let Input{i} {{ title, priority, tags }} = data;
{body}
}}

""",
        "patch": """/// Changes thing {i}.
#[pikku_func(http(patch = "/things{i}/{{id}}"), permissions = crate::is_allowed(id))]
pub async fn change{i}(services: &Services, data: Input{i}, session: &UserSession) -> Result<Output{i}, Failure> {{
    let Input{i} {{ id, title, done }} = data;
{body}
}}

""",
        "message": """/// Tells of thing {i}.
#[pikku_channel_func(crate::Events, action = "tell{i}", auth = false)]
pub async fn tell{i}(services: &Services, data: Input{i}) -> Result<Output{i}, Failure> {{
    let Input{i} {{ id, text }} = data;
{body}
}}

""",
    },
    "axum": {
        "get": """/// Gets thing {i}.
pub async fn get{i}(
    State(services): State<Arc<Services>>,
    Path(Path{i} {{ id }}): Path<Path{i}>,
    Query(Query{i} {{ limit, tag }}): Query<Query{i}>,
) -> Result<Json<Output{i}>, Failure> {{
{body}
        .map(Json)
}}

""",
        "post": """/// Makes a thing {i}.
pub async fn make{i}(State(services): State<Arc<Services>>, Json(data): Json<Input{i}>) -> Result<Json<Output{i}>, Failure> {{
    data.validate()?;
    let Input{i} {{ title, priority, tags }} = data;
{body}
        .map(Json)
}}

""",
        "patch": """/// Changes thing {i}.
pub async fn change{i}(
    State(services): State<Arc<Services>>,
    Path(id): Path<u64>,
    Extension(session): Extension<UserSession>,
    Json(data): Json<Input{i}>,
) -> Result<Json<Output{i}>, Failure> {{
    if !is_allowed(&services, id, &session).await? {{
        return Err(Failure::Denied);
    }}
    let Input{i} {{ title, done }} = data;
{body}
        .map(Json)
}}

""",
        "message": """/// Tells of thing {i}.
pub async fn tell{i}(services: &Services, data: Input{i}) -> Result<Output{i}, Failure> {{
    let Input{i} {{ id, text }} = data;
{body}
}}

""",
    },
}


def hand_written(modules):
    """The router of axum, and the `match` over the messages of its channel."""
    routes, protected, arms = [], [], []
    for number, members in enumerate(modules):
        for index in members:
            kind = KINDS[index % len(KINDS)]
            if kind == "get":
                routes.append(f'        .route("/things{index}/{{id}}", get(m{number}::get{index}))')
            elif kind == "post":
                routes.append(f'        .route("/things{index}", post(m{number}::make{index}))')
            elif kind == "patch":
                protected.append(f'        .route("/things{index}/{{id}}", patch(m{number}::change{index}))')
            else:
                arms.append(f'        "tell{index}" => reply(m{number}::tell{index}(services, read(&data)?).await),')
    return HAND_WRITTEN.format(routes="\n".join(routes), protected="\n".join(protected), arms="\n".join(arms))


HAND_WRITTEN = """use std::sync::Arc;

use axum::{{
    Router,
    extract::{{
        Request, State,
        ws::{{Message, WebSocketUpgrade}},
    }},
    http::{{StatusCode, header}},
    middleware::{{self, Next}},
    response::{{IntoResponse, Response}},
    routing::{{any, get, patch, post}},
}};
use axum_functions::*;

#[tokio::main]
async fn main() -> std::io::Result<()> {{
    let services = Arc::new(Services::default());
    let protected = Router::new()
{protected}
        .route_layer(middleware::from_fn(authenticate));
    let router = Router::new()
{routes}
        .route("/events", any(events))
        .merge(protected)
        .with_state(services);
    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:3000").await?, router).await
}}

async fn authenticate(mut request: Request, next: Next) -> Response {{
    let Some(user) = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {{
        return StatusCode::UNAUTHORIZED.into_response();
    }};
    let session = UserSession {{ user_id: user.to_owned() }};
    request.extensions_mut().insert(session);
    next.run(request).await
}}

async fn events(upgrade: WebSocketUpgrade, State(services): State<Arc<Services>>) -> Response {{
    upgrade.on_upgrade(move |mut socket| async move {{
        while let Some(Ok(message)) = socket.recv().await {{
            let Message::Text(text) = message else {{ continue }};
            let Some(reply) = dispatch(&services, &text).await else {{ break }};
            if socket.send(Message::Text(reply.into())).await.is_err() {{
                break;
            }}
        }}
    }})
}}

async fn dispatch(services: &Services, text: &str) -> Option<String> {{
    let data: serde_json::Value = serde_json::from_str(text).ok()?;
    match data.get("action")?.as_str()? {{
{arms}
        _ => None,
    }}
}}

fn read<T: for<'de> serde::Deserialize<'de>>(data: &serde_json::Value) -> Option<T> {{
    T::deserialize(data).ok()
}}

fn reply<T: serde::Serialize>(output: Result<T, Failure>) -> Option<String> {{
    match output {{
        Ok(output) => serde_json::to_string(&output).ok(),
        Err(error) => Some(error.to_string()),
    }}
}}
"""
