//! From the registry to the model: everything as it was registered, nothing judged yet.

use std::collections::BTreeMap;

use pikku_core::{CONTRACT_VERSION, Description, FunctionEntry, HttpEntry, OutputKind, Registry, Schemas};
use schemars::Schema;
use serde_json::Value;

use crate::{
    channels,
    model::{ErrorVariant, Function, HttpRoute, Model, Output, Place, RouteField, TextKind},
    schema::{Object, Type, Types},
};

/// The model of what was registered, and its types.
pub(crate) fn collect(registry: &Registry) -> (Model, Types) {
    let mut schemas = Schemas::new();
    let functions = registry.functions().iter().map(|entry| collect_function(entry, &mut schemas)).collect();
    let topics = channels::collect_topics(registry, &mut schemas);
    let mut model = Model {
        contract: CONTRACT_VERSION,
        app: registry.app().to_owned(),
        app_module: registry.module().to_owned(),
        source: registry.crate_name().to_owned(),
        functions,
        channels: Vec::new(),
        topics,
        inputs: definitions(&mut schemas.input, true),
        outputs: definitions(&mut schemas.output, false),
    };
    let types = Types::new(&model);
    for function in &mut model.functions {
        let object = function.input.as_ref().and_then(|schema| input_object(&types, schema));
        for route in &mut function.http {
            route.fields = object.as_ref().map(|object| route_fields(&types, object, route)).unwrap_or_default();
        }
    }
    model.channels = channels::collect(registry, &model.functions, &types);
    for channel in &mut model.channels {
        let opening = model.functions.iter().find(|function| Some(&function.name) == channel.on_connect.as_ref());
        let object = opening.and_then(|function| input_object(&types, function.input.as_ref()?));
        channel.fields = object.map(|object| fields_at(&types, &object, "GET", &channel.route)).unwrap_or_default();
    }
    (model, types)
}

fn collect_function(entry: &FunctionEntry, schemas: &mut Schemas) -> Function {
    let Description { input, output, error, errors, requires_channel, has_middleware } = (entry.describe)(schemas);
    let output = match output {
        OutputKind::None => Output::None,
        OutputKind::Json(schema) => Output::Json(schema.to_value()),
        OutputKind::Stream(schema) => Output::Stream(schema.to_value()),
        OutputKind::Raw => Output::Raw,
    };
    let http = entry.http.iter().map(|http| collect_route(http, &output)).collect();
    Function {
        // Clients have ways of their own to call something a keyword.
        name: entry.name.trim_start_matches("r#").to_owned(),
        module: entry.module.to_owned(),
        file: entry.file.to_owned(),
        line: entry.line,
        docs: entry.docs.to_owned(),
        auth: entry.auth,
        permissions: entry.permissions.map(str::to_owned),
        tags: entry.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        input: input.map(|schema| without_unique_items(schema.to_value())),
        output,
        error: error.to_owned(),
        errors: errors
            .into_iter()
            .map(|variant| ErrorVariant {
                name: variant.name.to_owned(),
                docs: variant.docs.to_owned(),
                status: variant.status,
                code: variant.code.to_owned(),
                data: variant.data.map(Schema::to_value),
            })
            .collect(),
        http,
        requires_channel,
        has_middleware,
        renamed: BTreeMap::new(),
    }
}

fn collect_route(http: &HttpEntry, output: &Output) -> HttpRoute {
    let usual = if *output == Output::None { 204 } else { 200 };
    HttpRoute {
        method: http.method.to_owned(),
        path: http.path.to_owned(),
        status: http.status.unwrap_or(usual),
        body_limit: http.body_limit,
        timeout: http.timeout,
        fields: Vec::new(),
    }
}

fn definitions(generator: &mut schemars::SchemaGenerator, input: bool) -> BTreeMap<String, Value> {
    generator
        .take_definitions(true)
        .into_iter()
        .map(|(name, schema)| (name, if input { without_unique_items(schema) } else { schema }))
        .collect()
}

/// A set takes the same item twice and keeps it once, so what is read is a list like any other.
fn without_unique_items(mut schema: Value) -> Value {
    match &mut schema {
        Value::Object(map) => {
            map.remove("uniqueItems");
            for value in map.values_mut() {
                *value = without_unique_items(value.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = without_unique_items(item.take());
            }
        }
        _ => {}
    }
    schema
}

/// The object that an input is, if it is one.
pub(crate) fn input_object(types: &Types, schema: &Value) -> Option<Object> {
    match resolve(types, &types.input(schema)) {
        Type::Object(object) => Some(object),
        _ => None,
    }
}

/// The type behind any names.
fn resolve(types: &Types, ty: &Type) -> Type {
    let mut ty = ty;
    // A chain of names that leads back to itself has no type behind it; no chain is as long as this.
    for _ in 0..64 {
        match ty {
            Type::Ref(name) => match types.get(name) {
                Some(named) => ty = &named.ty,
                None => return Type::Any,
            },
            other => return other.clone(),
        }
    }
    Type::Any
}

fn route_fields(types: &Types, object: &Object, route: &HttpRoute) -> Vec<RouteField> {
    fields_at(types, object, &route.method, &route.path)
}

/// Where the fields of an object travel when it is sent with this method to this path.
fn fields_at(types: &Types, object: &Object, method: &str, path: &str) -> Vec<RouteField> {
    let in_path: Vec<&str> = parameters(path).collect();
    let has_body = !matches!(method, "GET" | "DELETE");
    let field = |field: &crate::schema::Field| {
        let text = text_kind(types, &field.ty, 0);
        let place = match text {
            _ if in_path.contains(&field.name.as_str()) => Place::Path,
            // A DELETE may have a body, and nested data has nowhere else to go.
            TextKind::Nested | TextKind::File | TextKind::FileList if method == "DELETE" => Place::Body,
            _ if has_body => Place::Body,
            _ => Place::Query,
        };
        RouteField { name: field.name.clone(), place, text }
    };
    object.fields.iter().map(field).collect()
}

/// The names of a path's parameters.
pub(crate) fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// What a text becomes for a field of this type.
fn text_kind(types: &Types, ty: &Type, depth: u8) -> TextKind {
    if depth > 16 {
        return TextKind::Nested;
    }
    match ty {
        Type::Boolean => TextKind::Boolean,
        Type::Integer(_) | Type::Number(_) => TextKind::Number,
        Type::String(_) | Type::Null => TextKind::Text,
        Type::File => TextKind::File,
        Type::Any => TextKind::Text,
        Type::Const(Value::Bool(_)) => TextKind::Boolean,
        Type::Const(Value::Number(_)) => TextKind::Number,
        Type::Const(_) => TextKind::Text,
        Type::List(item) | Type::Set(item) => list_kind(text_kind(types, item, depth + 1)),
        Type::Nullable(inner) => text_kind(types, inner, depth + 1),
        Type::Ref(name) => types.get(name).map_or(TextKind::Text, |named| text_kind(types, &named.ty, depth + 1)),
        Type::Union(union) => {
            let kinds = union.variants.iter().map(|variant| match &variant.content {
                None => TextKind::Text,
                Some(content) if union.tagging == crate::schema::Tagging::Untagged => {
                    text_kind(types, content, depth + 1)
                }
                Some(_) => TextKind::Nested,
            });
            kinds.reduce(wider).unwrap_or(TextKind::Text)
        }
        Type::Tuple(_) | Type::Map(_) | Type::Object(_) => TextKind::Nested,
    }
}

fn list_kind(item: TextKind) -> TextKind {
    match item {
        TextKind::Text => TextKind::TextList,
        TextKind::Number => TextKind::NumberList,
        TextKind::Boolean => TextKind::BooleanList,
        TextKind::Scalar => TextKind::ScalarList,
        TextKind::File => TextKind::FileList,
        _ => TextKind::Nested,
    }
}

/// A kind that does for both.
fn wider(one: TextKind, other: TextKind) -> TextKind {
    use TextKind::{Boolean, Nested, Number, Scalar, Text};
    match (one, other) {
        (one, other) if one == other => one,
        (Text | Number | Boolean | Scalar, Text | Number | Boolean | Scalar) => Scalar,
        _ => Nested,
    }
}
