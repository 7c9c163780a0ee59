//! The table of the routes, and finding one.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use http::Method;

use super::serve::Incoming;
use crate::{app::App, error::Problem, input::TextKind};

/// One route, as generated code writes it down.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The method in capitals.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// The function's path in Rust.
    pub function: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it is grouped under.
    pub tags: &'static [&'static str],
    /// The declared status of a success.
    pub status: Option<u16>,
    /// The largest body in bytes, where it isn't the server's default.
    pub body_limit: Option<usize>,
    /// The deadline, where it isn't the server's default.
    pub timeout: Option<Duration>,
    /// What strings in path, query and form become, for the fields that are no strings.
    pub texts: &'static [(&'static str, TextKind)],
    /// The places in the data that validation reports call otherwise than the wire: patterns of pointers, in Rust's names
    /// and in the wire's, `("/parts/*/amount", "/parts/*/n")`.
    pub renamed: &'static [(&'static str, &'static str)],
}

impl Route {
    /// A route with nothing special about it, for generated code to complete.
    #[must_use]
    pub const fn new(method: &'static str, path: &'static str, function: &'static str) -> Self {
        Self {
            method,
            path,
            function,
            access: Access::SignedIn,
            tags: &[],
            status: None,
            body_limit: None,
            timeout: None,
            texts: &[],
            renamed: &[],
        }
    }

    /// The parameters of the path, in its order.
    pub(crate) fn parameters(&self) -> Box<[Parameter]> {
        let parameter = |(segment, text): (usize, &'static str)| {
            Some(Parameter { name: text.strip_prefix('{')?.strip_suffix('}')?, segment })
        };
        self.path.split('/').enumerate().filter_map(parameter).collect()
    }

    /// The name of the function, without its path.
    pub(crate) fn function_name(&self) -> &'static str {
        self.function.rsplit("::").next().unwrap_or(self.function)
    }
}

/// A parameter of a path.
#[derive(Debug)]
pub(crate) struct Parameter {
    name: &'static str,
    /// Which segment it is.
    segment: usize,
}

/// The values of the parameters in a path that their route was found for, not decoded yet.
pub(crate) fn values_in<'p>(
    parameters: &'p [Parameter],
    path: &'p str,
) -> impl ExactSizeIterator<Item = (&'static str, &'p str)> {
    let (mut segment, mut rest) = (0, path);
    parameters.iter().map(move |parameter| {
        while segment < parameter.segment {
            rest = split_segment(rest).1;
            segment += 1;
        }
        (parameter.name, split_segment(rest).0)
    })
}

/// The first segment of a path, and what comes behind it.
fn split_segment(path: &str) -> (&str, &str) {
    match path.bytes().position(|byte| byte == b'/') {
        Some(end) => (&path[..end], &path[end + 1..]),
        None => (path, ""),
    }
}

/// Who may call a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in and passes this expression.
    Permitted(&'static str),
    /// Anybody who passes this expression.
    PublicPermitted(&'static str),
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => f.pad("anyone"),
            Self::SignedIn => f.pad("signed in"),
            Self::Permitted(permissions) => f.pad(&format!("signed in, {permissions}")),
            Self::PublicPermitted(permissions) => f.pad(&format!("anyone, {permissions}")),
        }
    }
}

/// What generated code implements: the table, and the `match` from a route to its function.
pub trait Dispatch<A: App>: Send + Sync + 'static {
    /// Every route. Its place in the table is its number.
    const ROUTES: &'static [Route];

    /// Calls the function behind a route.
    ///
    /// # Errors
    /// What is answered in its place.
    fn dispatch(route: usize, incoming: Incoming<'_, A>) -> impl Future<Output = Result<(), Problem>> + Send;

    /// The middleware of the function behind a route.
    fn middleware(route: usize) -> Vec<crate::middleware::Layer<A>>;
}

/// The routes, ready to be searched.
#[derive(Debug)]
pub(crate) struct Matcher {
    paths: matchit::Router<Methods>,
}

/// The routes of one path, by method.
#[derive(Debug, Default)]
struct Methods(Vec<(Method, usize)>);

/// What the search for a route finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// The number of a route.
    Route(usize),
    /// The path is known, with these other methods.
    OtherMethods(String),
    /// Nothing is there.
    Nothing,
}

impl Matcher {
    /// Makes the routes searchable.
    ///
    /// # Panics
    /// When two routes are in each other's way, which codegen has made sure of.
    pub(crate) fn new(routes: &[Route]) -> Self {
        let mut by_path: BTreeMap<String, Methods> = BTreeMap::new();
        for (number, route) in routes.iter().enumerate() {
            let method = route.method.parse().expect("codegen writes real methods");
            by_path.entry(shape(route.path)).or_default().0.push((method, number));
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(&path, methods).unwrap_or_else(|error| panic!("the route `{path}` can't be added: {error}"));
        }
        Self { paths }
    }

    pub(crate) fn find(&self, method: &Method, path: &str) -> Found {
        let Ok(found) = self.paths.at(path) else { return Found::Nothing };
        let methods = &found.value;
        let number = methods.0.iter().find(|(known, _)| known == method).or_else(|| {
            // HEAD is answered by GET; the server leaves the body out.
            (method == Method::HEAD).then(|| methods.0.iter().find(|(known, _)| known == Method::GET)).flatten()
        });
        match number {
            Some((_, number)) => Found::Route(*number),
            None => Found::OtherMethods(allowed(methods)),
        }
    }
}

/// A path with its parameters numbered, so that two routes may name the same parameter differently.
pub(crate) fn shape(path: &str) -> String {
    let mut shape = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate().skip(1) {
        shape.push('/');
        if segment.starts_with('{') {
            // Writing to a string can't fail.
            let _ = write!(shape, "{{p{index}}}");
        } else {
            shape.push_str(segment);
        }
    }
    shape
}

/// The value of `Allow`.
fn allowed(methods: &Methods) -> String {
    let mut names: Vec<&str> = methods.0.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}
