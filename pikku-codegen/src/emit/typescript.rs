//! The TypeScript client: plain ES modules with declarations, which need neither a bundler nor a dependency.
//!
//! | file | holds |
//! |---|---|
//! | `pikku-fetch` | the client: a method for each function, and the table of the routes |
//! | `pikku-operations` | every function as a value, for bundles that hold only what they call |
//! | `pikku-types` | what functions take, answer with and fail with |
//! | `pikku-runtime`, `pikku-extras` | the runtime, the same for every application |
//! | `pikku-websocket` | a socket for each channel; written if there are channels |
//! | `pikku-socket-runtime`, `pikku-socket-extras` | what sockets run on, the same for every application |
//! | `pikku-codecs`, `pikku-readers` | what only some operations need; written if there are such |

mod api;
mod fold;
mod names;
mod readers;
mod socket;
mod source_map;
mod types;
mod view;

#[cfg(test)]
mod tests;

use serde::Serialize;
use tera::{Context, Tera};

use super::File;
use crate::model::Model;
use api::Api;

/// Renders the TypeScript client of an application.
///
/// `root` is the way from the folder that the files go to back to the workspace, such as `../../..`. It makes "go to
/// definition" on a method open the Rust function; without it the sources are named as the model has them.
///
/// # Errors
///
/// When a template is broken, which the tests of this crate rule out.
pub fn render(model: &Model, root: Option<&str>) -> Result<Vec<File>, tera::Error> {
    let api = Api::new(model);
    let mut files = vec![
        file("pikku-runtime.js", include_str!("../../templates/typescript/pikku-runtime.js")),
        file("pikku-runtime.d.ts", include_str!("../../templates/typescript/pikku-runtime.d.ts")),
        file("pikku-extras.js", include_str!("../../templates/typescript/pikku-extras.js")),
        file("pikku-extras.d.ts", include_str!("../../templates/typescript/pikku-extras.d.ts")),
    ];

    let types = view::Types::new(&api);
    files.push(fill("pikku-types.d.ts", include_str!("../../templates/typescript/types.d.ts.tera"), &types)?);

    let fetch = view::Fetch::new(&api);
    files.push(fill("pikku-fetch.js", include_str!("../../templates/typescript/fetch.js.tera"), &fetch)?);
    let declarations = fill("pikku-fetch.d.ts", include_str!("../../templates/typescript/fetch.d.ts.tera"), &fetch)?;
    let marks = api.operations.iter().map(|operation| (format!("  {}(", operation.method), operation.function));
    files.push(source_map::render(&declarations, root, marks));
    files.push(declarations);

    let operations = view::Operations::new(&api);
    files.push(fill(
        "pikku-operations.js",
        include_str!("../../templates/typescript/operations.js.tera"),
        &operations,
    )?);
    let declarations =
        fill("pikku-operations.d.ts", include_str!("../../templates/typescript/operations.d.ts.tera"), &operations)?;
    let marks = api
        .operations
        .iter()
        .map(|operation| (format!("export declare const {}:", operation.constant), operation.function));
    files.push(source_map::render(&declarations, root, marks));
    files.push(declarations);

    let sockets = socket::Sockets::new(&api);
    if let Some(sockets) = &sockets {
        files.extend(sockets.render()?);
    }
    if operations.codecs || sockets.as_ref().is_some_and(|sockets| sockets.codecs) {
        files.push(file("pikku-codecs.js", include_str!("../../templates/typescript/pikku-codecs.js")));
    }
    if operations.readers || sockets.as_ref().is_some_and(|sockets| sockets.readers) {
        let readers = view::Readers::new(&api);
        files.push(fill("pikku-readers.js", include_str!("../../templates/typescript/readers.js.tera"), &readers)?);
    }
    Ok(files)
}

fn file(path: &str, text: &str) -> File {
    File { path: path.into(), text: text.to_owned() }
}

fn fill(path: &str, template: &str, view: &impl Serialize) -> Result<File, tera::Error> {
    let context = Context::from_serialize(view)?;
    Ok(File { path: path.into(), text: Tera::one_off(template, &context, false)? })
}
