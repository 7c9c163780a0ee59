//! From Rust types to a model, as the registry makes it.

use std::collections::BTreeMap;

use pikku_codegen::model::{Channel, ErrorVariant, Function, HttpRoute, Model, Output, Place, RouteField, TextKind};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

/// The schemas of an application, one set for what it reads and one for what it writes.
pub(crate) struct Schemas {
    input: SchemaGenerator,
    output: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        Self {
            input: SchemaSettings::draft2020_12().for_deserialize().into_generator(),
            output: SchemaSettings::draft2020_12().for_serialize().into_generator(),
        }
    }

    pub(crate) fn input<T: JsonSchema>(&mut self) -> Option<Value> {
        Some(self.input.subschema_for::<T>().to_value())
    }

    pub(crate) fn output<T: JsonSchema>(&mut self) -> Value {
        self.output.subschema_for::<T>().to_value()
    }

    /// The model of these functions. The fields named `dryRun` travel in the query wherever they are, and those named
    /// `details` are nested.
    pub(crate) fn model(mut self, app: &str, mut functions: Vec<Function>) -> Model {
        functions.sort_by(|one, other| one.name.cmp(&other.name));
        let inputs: BTreeMap<_, _> = self.input.take_definitions(true).into_iter().collect();
        let outputs = self.output.take_definitions(true).into_iter().collect();
        for function in &mut functions {
            let fields = function.input.as_ref().map(|schema| fields(schema, &inputs)).unwrap_or_default();
            for route in &mut function.http {
                let place = |name: &str| match route.method.as_str() {
                    _ if route.path.contains(&format!("{{{name}}}")) => Place::Path,
                    "GET" | "DELETE" => Place::Query,
                    _ if name == "dryRun" => Place::Query,
                    _ => Place::Body,
                };
                let fields = fields.iter().map(|name| RouteField {
                    name: name.clone(),
                    place: place(name),
                    text: if name == "details" { TextKind::Nested } else { TextKind::Text },
                });
                route.fields = fields.collect();
            }
        }
        Model {
            channels: Vec::new(),
            topics: Vec::new(),
            contract: 1,
            app: app.to_owned(),
            app_module: "shop_functions".to_owned(),
            source: "shop-functions".to_owned(),
            functions,
            inputs,
            outputs,
        }
    }
}

/// A function that everyone may call, with nothing in it yet.
pub(crate) fn function(name: &str, docs: &str, method: &str, path: &str) -> Function {
    let route = HttpRoute {
        method: method.to_owned(),
        path: path.to_owned(),
        status: 200,
        body_limit: None,
        timeout: None,
        fields: vec![],
    };
    Function {
        name: name.to_owned(),
        module: "shop_functions::todos".to_owned(),
        file: "functions/src/todos.rs".to_owned(),
        line: 1,
        docs: docs.to_owned(),
        auth: false,
        permissions: None,
        tags: vec![],
        input: None,
        output: Output::None,
        error: "NoError".to_owned(),
        errors: vec![],
        requires_channel: false,
        has_middleware: false,
        http: vec![route],
        renamed: BTreeMap::new(),
    }
}

/// A channel that everyone may use, with nothing on it yet.
pub(crate) fn channel(name: &str, docs: &str, route: &str) -> Channel {
    Channel {
        name: name.to_lowercase(),
        path: format!("shop_functions::{name}"),
        docs: docs.to_owned(),
        route: route.to_owned(),
        routing: "action".to_owned(),
        auth: false,
        tags: vec![],
        fields: vec![],
        on_connect: None,
        on_disconnect: None,
        on_message: None,
        on_binary: None,
        actions: vec![],
    }
}

pub(crate) fn variant(name: &str, docs: &str, status: u16, code: &str, data: Option<Value>) -> ErrorVariant {
    ErrorVariant { name: name.to_owned(), docs: docs.to_owned(), status, code: code.to_owned(), data }
}

/// The top-level fields of an input.
fn fields(schema: &Value, definitions: &BTreeMap<String, Value>) -> Vec<String> {
    let name = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/"));
    let schema = name.and_then(|name| definitions.get(name)).unwrap_or(schema);
    schema["properties"].as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
}
