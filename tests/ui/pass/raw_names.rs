//! Names that are words of Rust, in fields, payloads and permissions.

#![deny(warnings)]

use pikku_core::{PikkuError, pikku_func};
use schemars::JsonSchema;
use serde::Deserialize;
use ui::{Services, UserSession};

/// How it fails.
#[derive(Debug, thiserror::Error, PikkuError)]
pub enum Failure {
    /// It is of another type.
    #[error("it is a {type}", type = .r#type)]
    #[pikku(status = 409)]
    Other {
        /// Which.
        r#type: String,
    },
}

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Find {
    /// Which type.
    pub r#type: String,
}

/// Whether one may.
pub async fn r#try(_services: &Services, r#type: &str, _session: &UserSession) -> bool {
    r#type == "todo"
}

/// Moves something.
#[pikku_func(http(post = "/move/{type}"), permissions = r#try(r#type))]
pub async fn move_it(_services: &Services, data: Find) -> Result<(), Failure> {
    Err(Failure::Other { r#type: data.r#type })
}

fn main() {
    let registry = ui::UiApp::registry();
    assert!((registry.functions()[0].probe)(br#"{"type": "todo"}"#).is_ok());
}
