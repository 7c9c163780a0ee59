//! What the templates are filled with: every text is ready to be printed.

use std::collections::BTreeSet;

use serde::Serialize;

use super::super::access;
use super::api::{Answer, Api, Operation, Route};
use super::fold::{WIDTH, fold};
use super::names::{docs, string};
use super::types::Printer;
use crate::schema::Named;

/// `pikku-types.d.ts`
#[derive(Debug, Serialize)]
pub(super) struct Types {
    source: String,
    imports: Vec<String>,
    declarations: Vec<String>,
}

impl Types {
    pub(super) fn new(api: &Api<'_>) -> Self {
        let mut imports = Imports::new(api);
        let mut printer = Printer::default();
        let mut declarations: Vec<String> = api.types.named().map(|named| printer.declare(named)).collect();

        for error in &api.errors {
            let data = error.data.as_ref().map_or_else(|| "undefined".to_owned(), |ty| printer.print(ty));
            declarations.push(format!(
                "{}export type {} = {}<{}, {}, {data}>",
                docs(&error.variant.docs, false, ""),
                error.name,
                imports.runtime("PikkuError"),
                error.variant.status,
                string(&error.variant.code),
            ));
        }
        for operation in &api.operations {
            let function = operation.function;
            let of_framework = [
                (function.permissions.is_some(), "PermissionError"),
                (function.auth, "AuthError"),
                (operation.input.is_some(), "InputError"),
                (true, "ServerError"),
            ];
            let of_framework = of_framework.into_iter().filter(|(possible, _)| *possible);
            let mut errors = operation.errors.clone();
            errors.extend(of_framework.map(|(_, name)| imports.runtime(name)));
            let name = &operation.failure;
            let line = format!("export type {name} = {}", errors.join(" | "));
            let lines = format!("export type {name} =\n  | {}", errors.join("\n  | "));
            let text = if line.len() <= WIDTH { line } else { lines };
            declarations.push(format!("/** What `{}` can fail with. */\n{text}", operation.method));
        }
        Self { source: api.model.source.clone(), imports: imports.into_lines(), declarations }
    }
}

/// `pikku-fetch.js` and `pikku-fetch.d.ts`
#[derive(Debug, Serialize)]
pub(super) struct Fetch {
    header: String,
    app: String,
    client: String,
    args: String,
    answer: String,
    imports: Vec<String>,
    methods: Vec<Method>,
    with_input: Vec<Entry>,
    plain: Vec<Entry>,
    special_routes: Vec<Entry>,
    verbs: Vec<Verb>,
}

#[derive(Debug, Serialize)]
struct Method {
    docs: String,
    name: String,
    parameters: String,
    returns: String,
}

/// One entry of a table of operations.
#[derive(Debug, Serialize)]
struct Entry {
    key: String,
    operation: String,
}

/// One HTTP method and the routes that have it.
#[derive(Debug, Serialize)]
struct Verb {
    name: String,
    method: String,
    table: String,
    routes: Vec<PathRoute>,
}

#[derive(Debug, Serialize)]
struct PathRoute {
    path: String,
    args: String,
    output: String,
    error: String,
}

impl Fetch {
    pub(super) fn new(api: &Api<'_>) -> Self {
        let mut imports = Imports::new(api);
        let methods = api.operations.iter().map(|operation| imports.method(operation)).collect();
        let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"].map(|method| imports.verb(method)).into();
        let entry = |operation: &Operation<'_>| Entry {
            key: operation.method.clone(),
            operation: in_table(operation, &operation.routes[0]),
        };
        let (with_input, plain): (Vec<_>, Vec<_>) =
            api.operations.iter().partition(|operation| operation.input.is_some());
        let special_routes = api
            .operations
            .iter()
            .flat_map(|operation| operation.routes.iter().map(move |route| (operation, route)))
            .filter(|(_, route)| !route.properties.is_empty())
            .map(|(operation, route)| Entry { key: route.key.clone(), operation: in_table(operation, route) })
            .collect();
        let (client, args, answer) = (imports.runtime("Client"), imports.runtime("Args"), imports.runtime("Answer"));
        Self {
            header: header(api),
            app: api.model.app.clone(),
            client,
            args,
            answer,
            methods,
            verbs,
            with_input: with_input.into_iter().map(entry).collect(),
            plain: plain.into_iter().map(entry).collect(),
            special_routes,
            imports: imports.into_lines(),
        }
    }
}

/// `pikku-operations.js` and `pikku-operations.d.ts`
#[derive(Debug, Serialize)]
pub(super) struct Operations {
    source: String,
    /// Whether an operation uses a codec.
    pub(super) codecs: bool,
    /// Whether an operation uses a reader.
    pub(super) readers: bool,
    imports: Vec<String>,
    operations: Vec<Constant>,
    constants: Vec<Entry>,
}

#[derive(Debug, Serialize)]
struct Constant {
    docs: String,
    name: String,
    ty: String,
}

impl Operations {
    pub(super) fn new(api: &Api<'_>) -> Self {
        let mut imports = Imports::new(api);
        let operations = api.operations.iter().map(|operation| imports.constant(operation)).collect();
        let constants: Vec<Entry> = api
            .operations
            .iter()
            .flat_map(|operation| {
                let others = operation.routes.iter().skip(1).filter(|route| !route.properties.is_empty());
                operation.routes.iter().take(1).chain(others)
            })
            .map(|route| Entry {
                key: route.constant.clone(),
                operation: fold(&format!("export const {} = ", route.constant), &value(route)),
            })
            .collect();
        let uses = |module: &str| constants.iter().any(|constant| constant.operation.contains(module));
        Self {
            source: api.model.source.clone(),
            codecs: uses(" codecs."),
            readers: uses("readers."),
            operations,
            imports: imports.into_lines(),
            constants,
        }
    }
}

/// `pikku-readers.js`
#[derive(Debug, Serialize)]
pub(super) struct Readers {
    source: String,
    readers: Vec<Entry>,
}

impl Readers {
    pub(super) fn new(api: &Api<'_>) -> Self {
        let used = api.written_types();
        let reader = |named: &Named| {
            let operation = fold(&format!("export const {} = (value) => ", named.name), &api.readers.body(named)?);
            Some(Entry { key: named.name.clone(), operation })
        };
        let readers = api.types.named().filter(|named| used.contains(&named.name)).filter_map(reader).collect();
        Self { source: api.model.source.clone(), readers }
    }
}

/// Writes signatures, and collects what they need to import.
pub(super) struct Imports<'a> {
    api: &'a Api<'a>,
    pub(super) printer: Printer,
    runtime: BTreeSet<&'static str>,
    failures: BTreeSet<String>,
}

impl<'a> Imports<'a> {
    pub(super) fn new(api: &'a Api<'a>) -> Self {
        Self { api, printer: Printer::default(), runtime: BTreeSet::new(), failures: BTreeSet::new() }
    }

    pub(super) fn runtime(&mut self, name: &'static str) -> String {
        self.runtime.insert(name);
        self.api.runtime(name)
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        let import = |name: &str| match self.api.runtime(name) {
            local if local == name => local,
            local => format!("{name} as {local}"),
        };
        // The client is extended, so it is imported as the value that it is.
        let value = self.runtime.contains("Client");
        let names = self.runtime.iter().map(|name| match import(name) {
            text if value && *name != "Client" => format!("type {text}"),
            text => text,
        });
        let runtime: Vec<String> = names.collect();
        let keyword = if value { "import" } else { "import type" };
        let types: Vec<String> = self.printer.used.union(&self.failures).cloned().collect();
        let runtime = import_lines(keyword, &runtime, "./pikku-runtime.js");
        let types = import_lines("import type", &types, "./pikku-types.js");
        runtime.into_iter().chain(types).collect()
    }

    fn failure(&mut self, operation: &Operation<'_>) -> String {
        self.failures.insert(operation.failure.clone());
        operation.failure.clone()
    }

    fn output(&mut self, operation: &Operation<'_>) -> String {
        match &operation.output {
            Answer::Nothing => "void".to_owned(),
            Answer::Value(ty) => self.printer.print(ty),
            Answer::Stream(ty) => format!("{}<{}>", self.runtime("EventStream"), self.printer.print(ty)),
            Answer::Raw => "globalThis.Response".to_owned(),
        }
    }

    /// The parameter for the input: `input: RenameTodo`.
    fn input(&mut self, operation: &Operation<'_>) -> Option<String> {
        let input = operation.input.as_ref()?;
        let optional = if input.optional { "?" } else { "" };
        Some(format!("input{optional}: {}", self.printer.print(&input.ty)))
    }

    fn args(&mut self, operation: &Operation<'_>) -> String {
        format!("[{}]", self.input(operation).unwrap_or_else(|| "input?: undefined".to_owned()))
    }

    fn method(&mut self, operation: &Operation<'_>) -> Method {
        let input = self.input(operation).map(|input| format!("{input}, ")).unwrap_or_default();
        Method {
            docs: docs(&operation.function.docs, false, "  "),
            name: operation.method.clone(),
            parameters: format!("{input}options?: {}", self.runtime("CallOptions")),
            returns: format!("{}<{}, {}>", self.runtime("Call"), self.output(operation), self.failure(operation)),
        }
    }

    fn constant(&mut self, operation: &Operation<'_>) -> Constant {
        let (args, output, failure) = (self.args(operation), self.output(operation), self.failure(operation));
        Constant {
            docs: docs(&operation.function.docs, false, ""),
            name: operation.constant.clone(),
            ty: format!("{}<{args}, {output}, {failure}>", self.runtime("Operation")),
        }
    }

    fn verb(&mut self, method: &str) -> Verb {
        let name = method.to_lowercase();
        let mut routes = Vec::new();
        for operation in &self.api.operations {
            for route in operation.routes.iter().filter(|route| route.route.method == method) {
                routes.push(PathRoute {
                    path: string(&route.route.path),
                    args: self.args(operation),
                    output: self.output(operation),
                    error: self.failure(operation),
                });
            }
        }
        routes.sort_by(|left, right| left.path.cmp(&right.path));
        let table = self.api.runtime(&format!("{}{}Routes", &method[..1], &name[1..]));
        Verb { method: method.to_owned(), table, name, routes }
    }
}

/// What the table of operations holds for a route: a plain route is its own value.
fn in_table(operation: &Operation<'_>, route: &Route<'_>) -> String {
    match route.properties.as_slice() {
        [] => route.key.clone(),
        _ if std::ptr::eq(route, &operation.routes[0]) => format!("operations.{}", operation.constant),
        _ => format!("operations.{}", route.constant),
    }
}

fn value(route: &Route<'_>) -> String {
    if route.properties.is_empty() {
        return route.key.clone();
    }
    let properties: String = route.properties.iter().map(|(name, value)| format!(", {name}: {value}")).collect();
    format!("{{ route: {}{properties} }}", route.key)
}

/// An import, on as few lines as it fits on.
pub(super) fn import_lines(keyword: &str, names: &[String], module: &str) -> Vec<String> {
    let line = format!("{keyword} {{ {} }} from '{module}'", names.join(", "));
    if names.is_empty() {
        return Vec::new();
    }
    if line.len() <= WIDTH {
        return vec![line];
    }
    let mut lines = vec![format!("{keyword} {{"), " ".to_owned()];
    for name in names {
        let last = lines.len() - 1;
        if lines[last].len() + name.len() + 2 > WIDTH {
            lines.push(" ".to_owned());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(&format!(" {name},"));
        }
    }
    lines.push(format!("}} from '{module}'"));
    lines
}

/// The first lines of the client: who made it, and a table of its routes.
fn header(api: &Api<'_>) -> String {
    let mut rows: Vec<[String; 4]> = api
        .operations
        .iter()
        .flat_map(|operation| {
            operation.routes.iter().map(|Route { route, .. }| {
                [route.method.clone(), route.path.clone(), operation.method.clone(), access(operation.function)]
            })
        })
        .collect();
    rows.sort_by(|[method, path, ..], [other_method, other_path, ..]| (path, method).cmp(&(other_path, other_method)));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    let mut lines = vec![
        format!("// @generated by pikku-codegen from {}; do not edit by hand.", api.model.source),
        "//".to_owned(),
    ];
    for [method, path, name, who] in &rows {
        lines.push(format!("// {method:<0$}  {path:<1$}  {name:<2$}  {who}", widths[0], widths[1], widths[2]));
    }
    lines.join("\n")
}
