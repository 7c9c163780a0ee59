//! The smallest whole application: one function.

use std::convert::Infallible;

use garde::Validate;
use pikku_core::pikku_func;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What every function shares; here, nothing.
#[derive(Debug)]
pub struct Services;

/// Who is calling; here, nobody ever signs in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session;

pikku_core::registry!(HelloApp { services: Services, session: Session });

/// Whom to greet.
#[derive(Debug, Deserialize, JsonSchema, Validate)]
pub struct Hello {
    /// A name.
    #[garde(length(chars, min = 1, max = 50))]
    pub name: String,
}

/// A greeting.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Greeting {
    /// What is said.
    pub message: String,
}

/// Greets whoever is named.
#[pikku_func(http(get = "/hello/{name}"), auth = false)]
pub async fn hello(_services: &Services, data: Hello) -> Result<Greeting, Infallible> {
    Ok(Greeting { message: format!("hello, {}", data.name) })
}
