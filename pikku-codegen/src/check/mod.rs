//! Whether what was registered can be: every contradiction, found before anything is generated.

mod answers;
mod constraints;
mod fits;
mod names;
mod pattern;
mod sample;
mod text;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use pikku_core::Registry;

use crate::{
    channels,
    collect::{input_object, parameters},
    emit::has_files,
    error::{Diagnostic, Error, Result},
    model::{Function, Model, Place, TextKind},
    schema::{Object, Types},
};

/// Checks a model, and completes it with what only checking finds out.
pub(crate) fn check(
    registry: &Registry,
    (mut model, types): (Model, Types),
    warnings: &mut Vec<Diagnostic>,
) -> Result<Model> {
    let mut found = Vec::new();
    if model.functions.is_empty() {
        found.push(Diagnostic {
            place: String::new(),
            message: format!("no function is registered for `{}`", model.app),
            help: "put `#[pikku_func]` on a function that takes its services, and hand `Builder::new` the `registry()` of the application in that crate".to_owned(),
        });
    }
    check_names(&model, &mut found);
    check_routes(&model, &mut found);
    channels::check(registry, &model, &mut found);
    for function in &model.functions {
        let object = function.input.as_ref().and_then(|schema| input_object(&types, schema));
        check_parameters(function, object.as_ref(), &mut found);
        check_texts(function, object.as_ref(), &mut found);
    }
    answers::check_statuses(registry, &model, &mut found);
    answers::check_errors(&model, &mut found);
    let probed = constraints::probe(registry, &model);
    found.extend(probed.unenforced);
    warnings.extend(probed.unknown);
    for (function, renamed) in model.functions.iter_mut().zip(probed.renamed) {
        function.renamed = renamed;
    }
    if found.is_empty() { Ok(model) } else { Err(Error::Rejected(found)) }
}

fn place(function: &Function) -> String {
    format!("{}:{}", function.file, function.line)
}

fn check_names(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<&str, &Function> = BTreeMap::new();
    for function in &model.functions {
        if let Some(first) = known.insert(&function.name, function) {
            found.push(Diagnostic {
                place: place(function),
                message: format!("`{}` is registered at {} too", function.name, place(first)),
                help: "give one of the two another name, since clients know functions by their names".to_owned(),
            });
        }
    }
}

fn check_routes(model: &Model, found: &mut Vec<Diagnostic>) {
    let mut known: BTreeMap<(String, String), &Function> = BTreeMap::new();
    let (mut shapes, mut paths) = (BTreeSet::new(), matchit::Router::new());
    for (function, route) in crate::emit::routes(model) {
        let shape = shape(&route.path);
        if let Some(first) = known.insert((route.method.clone(), shape.clone()), function) {
            found.push(Diagnostic {
                place: place(function),
                message: format!(
                    "`{}` and `{}` ({}) both answer `{} {}`",
                    function.name,
                    first.name,
                    place(first),
                    route.method,
                    route.path
                ),
                help: "give one of the two another path or method".to_owned(),
            });
            continue;
        }
        // A path that is known already is no conflict: it is another method's.
        if !shapes.insert(shape.clone()) {
            continue;
        }
        if let Err(error) = paths.insert(shape, ()) {
            found.push(Diagnostic {
                place: place(function),
                message: format!(
                    "the path `{}` of `{}` can't stand beside the others: {error}",
                    route.path, function.name
                ),
                help: "give it another path".to_owned(),
            });
        }
    }
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let numbered = path
        .split('/')
        .enumerate()
        .map(|(index, segment)| if segment.starts_with('{') { format!("{{p{index}}}") } else { segment.to_owned() });
    numbered.collect::<Vec<_>>().join("/")
}

fn check_parameters(function: &Function, object: Option<&Object>, found: &mut Vec<Diagnostic>) {
    for route in &function.http {
        for name in parameters(&route.path) {
            let fields = object.map(|object| object.fields.as_slice()).unwrap_or_default();
            if fields.iter().any(|field| field.name == name) {
                continue;
            }
            // Members of a flattened enum or map are fields too, only not listed.
            if object.is_some_and(|object| object.rest.is_some() || !object.flattened.is_empty()) {
                continue;
            }
            let names: Vec<_> = fields.iter().map(|field| format!("`{}`", field.name)).collect();
            let help = if names.is_empty() {
                "make the input a struct with a field of that name".to_owned()
            } else {
                format!("the fields are {}; a parameter has the name that the field has on the wire", names.join(", "))
            };
            found.push(Diagnostic {
                place: place(function),
                message: format!("the input of `{}` has no field for the path parameter `{name}`", function.name),
                help,
            });
        }
    }
}

fn check_texts(function: &Function, object: Option<&Object>, found: &mut Vec<Diagnostic>) {
    for route in &function.http {
        let is_form = has_files(&route.fields);
        for field in &route.fields {
            let nested = matches!(field.text, TextKind::Nested | TextKind::File | TextKind::FileList);
            let list = matches!(
                field.text,
                TextKind::TextList | TextKind::NumberList | TextKind::BooleanList | TextKind::ScalarList
            );
            let required = object
                .is_some_and(|object| object.fields.iter().any(|known| known.name == field.name && known.required));
            let carrier = match field.place {
                Place::Query => Some("a query"),
                Place::Body if is_form => Some("a form with files"),
                _ => None,
            };
            if let Some(carrier) = carrier.filter(|_| list && required) {
                found.push(Diagnostic {
                    place: place(function),
                    message: format!(
                        "the list `{}` of `{}` is required, and {carrier} can't say that a list is empty",
                        field.name, function.name
                    ),
                    help: "put `#[serde(default)]` on it".to_owned(),
                });
            }
            if nested && field.place != Place::Body {
                let (what, help) = match field.place {
                    Place::Path => ("the path", "take it from the body, or make it a string, number, boolean or enum"),
                    _ => ("a query", "use POST, or flatten it with `#[serde(flatten)]`"),
                };
                found.push(Diagnostic {
                    place: place(function),
                    message: format!(
                        "the field `{}` of `{}` is nested data, which {what} can't carry",
                        field.name, function.name
                    ),
                    help: help.to_owned(),
                });
            }
        }
    }
}
