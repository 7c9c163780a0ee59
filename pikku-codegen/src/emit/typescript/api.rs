//! Decisions: what each function becomes in TypeScript, before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{pascal_case, string, take_constant, take_method, take_type};
use super::readers::Readers;
use super::socket;
use super::types::Printer;
use crate::model::{ErrorVariant, Function, HttpRoute, Model, Output, Place, TextKind};
use crate::schema::{Tagging, Type, Types};

/// An application as TypeScript sees it.
#[derive(Debug)]
pub(super) struct Api<'a> {
    pub(super) model: &'a Model,
    pub(super) types: Types,
    pub(super) readers: Readers,
    /// The functions that have a route.
    pub(super) operations: Vec<Operation<'a>>,
    /// The errors that functions name themselves, in the order of their names.
    pub(super) errors: Vec<OwnError<'a>>,
    /// All names of types; the runtime's names give way to them.
    names: BTreeSet<String>,
}

/// One function that has a route.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) function: &'a Function,
    /// The name of the method.
    pub(super) method: String,
    /// The name of the constant.
    pub(super) constant: String,
    pub(super) input: Option<Input>,
    pub(super) output: Answer,
    /// The name of the union of its errors.
    pub(super) failure: String,
    /// The names of its own errors.
    pub(super) errors: Vec<String>,
    /// Its routes, the first of which the method takes.
    pub(super) routes: Vec<Route<'a>>,
}

/// What a function takes.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) ty: Type,
    /// Whether there may be none at all, because no field is required.
    pub(super) optional: bool,
}

/// What a function answers with.
#[derive(Debug)]
pub(super) enum Answer {
    Nothing,
    Value(Type),
    Stream(Type),
    Raw,
}

/// One route, as the runtime wants it.
#[derive(Debug)]
pub(super) struct Route<'a> {
    pub(super) route: &'a HttpRoute,
    /// `GET /todos/{todoId}`, as a literal.
    pub(super) key: String,
    /// What the runtime has to know beside the route, by the name of the property.
    pub(super) properties: Vec<(&'static str, String)>,
    /// The constant of a route that has properties.
    pub(super) constant: String,
}

/// An error that a function names itself.
#[derive(Debug)]
pub(super) struct OwnError<'a> {
    pub(super) name: String,
    /// The error type that it is a variant of.
    error: &'a str,
    pub(super) variant: &'a ErrorVariant,
    pub(super) data: Option<Type>,
}

impl<'a> Api<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        let types = Types::new(model);
        let mut names: BTreeSet<String> = types.named().map(|named| named.name.clone()).collect();
        let functions: Vec<&Function> = model.functions.iter().filter(|function| !function.http.is_empty()).collect();

        let mut errors: BTreeMap<(&str, &str), Vec<OwnError<'a>>> = BTreeMap::new();
        for function in functions.iter().copied().chain(socket::functions(model)) {
            for variant in &function.errors {
                let known = errors.entry((&function.error, &variant.name)).or_default();
                if known.iter().all(|error| error.variant != variant) {
                    let name = take_type(&error_name(&function.error, &variant.name), &mut names);
                    let data = variant.data.as_ref().map(|schema| types.output(schema));
                    known.push(OwnError { name, error: &function.error, variant, data });
                }
            }
        }

        let mut api = Self {
            readers: Readers::new(&types),
            model,
            operations: Vec::new(),
            errors: errors.into_values().flatten().collect(),
            names,
            types,
        };
        let (mut methods, mut constants) = (BTreeSet::new(), BTreeSet::new());
        for function in functions {
            let operation = api.operation(function, &mut methods, &mut constants);
            api.operations.push(operation);
        }
        // The constants of second routes come last, so that they never push a function's own name aside.
        for operation in &mut api.operations {
            for route in operation.routes.iter_mut().skip(1).filter(|route| !route.properties.is_empty()) {
                route.constant = take_constant(&operation.function.name, &mut constants);
            }
        }
        api.errors.sort_by(|left, right| left.name.cmp(&right.name));
        api
    }

    /// The named types that functions answer with, directly or inside others.
    pub(super) fn written_types(&self) -> BTreeSet<String> {
        let mut printer = Printer::default();
        for operation in &self.operations {
            if let Answer::Value(ty) | Answer::Stream(ty) = &operation.output {
                printer.print(ty);
            }
        }
        self.errors.iter().filter_map(|error| error.data.as_ref()).for_each(|ty| drop(printer.print(ty)));
        socket::written_types(self).iter().for_each(|ty| drop(printer.print(ty)));
        loop {
            let known = printer.used.clone();
            known.iter().filter_map(|name| self.types.get(name)).for_each(|named| drop(printer.declare(named)));
            if printer.used.len() == known.len() {
                return known;
            }
        }
    }

    /// The names of the errors that a function names itself.
    pub(super) fn own_errors(&self, function: &Function) -> Vec<String> {
        let own = |error: &&OwnError<'_>| error.error == function.error && function.errors.contains(error.variant);
        self.errors.iter().filter(own).map(|error| error.name.clone()).collect()
    }

    /// What something of the runtime is called beside the application's types, and how it is imported.
    pub(super) fn runtime(&self, name: &str) -> String {
        let mut local = name.to_owned();
        while self.names.contains(&local) {
            local = format!("Pikku{local}");
        }
        local
    }

    fn operation(
        &mut self,
        function: &'a Function,
        methods: &mut BTreeSet<String>,
        constants: &mut BTreeSet<String>,
    ) -> Operation<'a> {
        let input = function.input.as_ref().map(|schema| self.types.input(schema)).filter(|ty| *ty != Type::Null);
        let output = match &function.output {
            Output::None => Answer::Nothing,
            Output::Json(schema) => Answer::Value(self.types.output(schema)),
            Output::Stream(schema) => Answer::Stream(self.types.output(schema)),
            Output::Raw => Answer::Raw,
        };
        let constant = take_constant(&function.name, constants);
        let routes = function.http.iter().map(|route| self.route(function, route, input.as_ref(), &output, &constant));
        let routes = routes.collect();
        let errors = self.own_errors(function);
        Operation {
            function,
            method: take_method(&function.name, methods),
            constant,
            input: input.map(|ty| Input { optional: self.is_optional(&ty), ty }),
            output,
            failure: take_type(&format!("{}Error", pascal_case(&function.name)), &mut self.names),
            errors,
            routes,
        }
    }

    fn route(
        &self,
        function: &Function,
        route: &'a HttpRoute,
        input: Option<&Type>,
        output: &Answer,
        constant: &str,
    ) -> Route<'a> {
        let mut properties = Vec::new();
        if let Some(names) = listed_query(route) {
            properties.push(("query", format!("[{}]", names.join(", "))));
        }
        let has_body = !matches!(route.method.as_str(), "GET" | "HEAD");
        if let Some(input) = input.filter(|_| has_body) {
            if !route.path.contains('{') && self.may_be_no_object(input) {
                properties.push(("whole", "true".to_owned()));
            }
            if self.holds_file(input) {
                properties.push(("encode", multipart(route)));
            } else if self.readers.is_needed(input) {
                properties.push(("encode", "codecs.encodeExactly".to_owned()));
            }
        }
        properties.extend(self.decoding(function, output));
        Route {
            route,
            key: string(&format!("{} {}", route.method, route.path)),
            properties,
            constant: constant.to_owned(),
        }
    }

    /// How an answer is decoded, where JSON.parse is not all of it.
    fn decoding(&self, function: &Function, output: &Answer) -> Vec<(&'static str, String)> {
        let errors: Vec<String> = function
            .errors
            .iter()
            .filter_map(|error| {
                let read = self.readers.reader(&self.types.output(error.data.as_ref()?), "readers.")?;
                Some(format!("{}: {read}", super::names::key(&error.code)))
            })
            .collect();
        let value = match output {
            Answer::Value(ty) | Answer::Stream(ty) => self.readers.reader(ty, "readers."),
            Answer::Nothing | Answer::Raw => None,
        };
        let open = match output {
            Answer::Stream(_) => Some("codecs.stream"),
            Answer::Raw => Some("codecs.raw"),
            Answer::Nothing | Answer::Value(_) => None,
        };
        let is_exact = value.is_some() || !errors.is_empty();
        let properties = [
            ("open", open.map(str::to_owned)),
            ("decode", is_exact.then(|| "codecs.decodeExactly".to_owned())),
            ("read", value),
            ("errors", (!errors.is_empty()).then(|| format!("{{ {} }}", errors.join(", ")))),
        ];
        properties.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Whether a function that takes this may be called without an input.
    pub(super) fn is_optional(&self, ty: &Type) -> bool {
        match ty {
            Type::Object(object) => {
                object.fields.iter().all(|field| !field.required)
                    && object.flattened.iter().all(|part| self.is_optional(part))
            }
            Type::Map(_) => true,
            Type::Ref(name) => self.types.get(name).is_some_and(|named| self.is_optional(&named.ty)),
            _ => false,
        }
    }

    /// Whether an input has to travel as it is, because it has no fields to distribute.
    pub(super) fn may_be_no_object(&self, ty: &Type) -> bool {
        match ty {
            Type::Object(_) | Type::Map(_) => false,
            Type::Union(union) => match union.tagging {
                Tagging::Internal { .. } | Tagging::Adjacent { .. } => false,
                Tagging::External => union.variants.iter().any(|variant| variant.content.is_none()),
                Tagging::Untagged => union
                    .variants
                    .iter()
                    .any(|variant| variant.content.as_ref().is_none_or(|ty| self.may_be_no_object(ty))),
            },
            Type::Ref(name) => self.types.get(name).is_none_or(|named| self.may_be_no_object(&named.ty)),
            _ => true,
        }
    }

    /// Whether one of the fields is a file or a list of files.
    fn holds_file(&self, ty: &Type) -> bool {
        match ty {
            Type::Object(object) => {
                object.fields.iter().any(|field| is_file(&field.ty))
                    || object.flattened.iter().any(|part| self.holds_file(part))
            }
            Type::Ref(name) => self.types.get(name).is_some_and(|named| self.holds_file(&named.ty)),
            _ => false,
        }
    }
}

fn is_file(ty: &Type) -> bool {
    match ty {
        Type::File => true,
        Type::List(inner) | Type::Nullable(inner) => is_file(inner),
        _ => false,
    }
}

/// What encodes a form: it has nested data as JSON, an empty list too.
fn multipart(route: &HttpRoute) -> String {
    let nested = route.fields.iter().filter(|field| field.text == TextKind::Nested);
    let nested: Vec<String> = nested.map(|field| string(&field.name)).collect();
    match nested.as_slice() {
        [] => "codecs.multipart".to_owned(),
        names => format!("(input) => codecs.multipart(input, [{}])", names.join(", ")),
    }
}

/// The names that travel in the query, where the runtime wouldn't think so by the method.
fn listed_query(route: &HttpRoute) -> Option<Vec<String>> {
    let fields = |place| route.fields.iter().filter(move |field| field.place == place);
    let usual = match route.method.as_str() {
        "GET" | "HEAD" => true,
        "DELETE" => fields(Place::Body).next().is_none(),
        _ => fields(Place::Query).next().is_none(),
    };
    (!usual).then(|| fields(Place::Query).map(|field| string(&field.name)).collect())
}

/// `TodoError::NotFound` becomes `TodoNotFound`.
fn error_name(error: &str, variant: &str) -> String {
    let base = error.strip_suffix("Error").unwrap_or(error);
    if base.is_empty() { format!("{variant}Error") } else { format!("{base}{variant}") }
}
