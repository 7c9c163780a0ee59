//! Every key of every attribute, in one place.

use proc_macro2::{Span, TokenStream};
use syn::{
    Expr, Ident, LitBool, LitInt, LitStr, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::permission::Permission;

/// The keys of `#[pikku_func]`.
const FUNCTION_KEYS: &str = "`http(…)`, `auth`, `permissions`, `tags(…)`, `middleware(…)`, `crate`";
/// The keys of `http(…)`.
const HTTP_KEYS: &str = "`get`, `post`, `put`, `patch`, `delete`, `status`, `body_limit`, `timeout`";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What stands in `#[pikku_func(…)]`.
#[derive(Default)]
pub(crate) struct FunctionAttribute {
    pub(crate) http: Vec<HttpAttribute>,
    pub(crate) auth: Option<LitBool>,
    pub(crate) permissions: Option<Permission>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) middleware: Vec<Expr>,
    pub(crate) krate: Option<Path>,
}

/// What stands in `http(…)`.
pub(crate) struct HttpAttribute {
    pub(crate) method: String,
    pub(crate) path: LitStr,
    pub(crate) status: Option<u16>,
    pub(crate) body_limit: Option<usize>,
    pub(crate) timeout: Option<u64>,
}

impl FunctionAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        (|input: ParseStream<'_>| {
            let mut attribute = Self::default();
            while !input.is_empty() {
                attribute.parse_key(input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(attribute)
        })
        .parse2(tokens)
    }

    fn parse_key(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let key = input.call(Ident::parse_any)?;
        match key.to_string().as_str() {
            "http" => {
                let content;
                parenthesized!(content in input);
                self.http.push(HttpAttribute::parse(&key, &content)?);
            }
            "auth" => set_once(&mut self.auth, &key, parse_value(input)?)?,
            "permissions" => set_once(&mut self.permissions, &key, parse_value(input)?)?,
            "tags" => self.tags.extend(parse_list::<LitStr>(input)?),
            "middleware" => self.middleware.extend(parse_list::<Expr>(input)?),
            "crate" => {
                input.parse::<Token![=]>()?;
                set_once(&mut self.krate, &key, input.call(Path::parse_mod_style)?)?;
            }
            other => return Err(unknown_key(&key, other, FUNCTION_KEYS)),
        }
        Ok(())
    }
}

impl HttpAttribute {
    fn parse(http: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut route: Option<(String, LitStr)> = None;
        let (mut status, mut body_limit, mut timeout) = (None, None, None);
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                method if METHODS.contains(&method) => {
                    let path: LitStr = parse_value(input)?;
                    check_path(&path)?;
                    if route.is_some() {
                        return Err(syn::Error::new(
                            key.span(),
                            "a route has one method and one path\nhelp: write a second `http(…)` beside the first",
                        ));
                    }
                    route = Some((method.to_uppercase(), path));
                }
                "status" => set_once(&mut status, &key, parse_status(input)?)?,
                "body_limit" => set_once(&mut body_limit, &key, parse_value::<LitInt>(input)?.base10_parse()?)?,
                "timeout" => set_once(&mut timeout, &key, parse_value::<LitInt>(input)?.base10_parse()?)?,
                other => return Err(unknown_key(&key, other, HTTP_KEYS)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let Some((method, path)) = route else {
            return Err(syn::Error::new(
                http.span(),
                "a route needs a method and a path\nhelp: write `http(get = \"/path\")`",
            ));
        };
        Ok(Self { method, path, status, body_limit, timeout })
    }
}

/// Reads `= value`.
fn parse_value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// Reads `(value, …)`.
fn parse_list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Punctuated<T, Token![,]>> {
    let content;
    parenthesized!(content in input);
    content.parse_terminated(T::parse, Token![,])
}

fn parse_status(input: ParseStream<'_>) -> syn::Result<u16> {
    let literal: LitInt = parse_value(input)?;
    match literal.base10_parse::<u16>()? {
        status @ 200..=299 => Ok(status),
        _ => Err(syn::Error::new(
            literal.span(),
            "the status of a success is between 200 and 299\nhelp: the statuses of failures belong to the error, `#[pikku(status = …)]`",
        )),
    }
}

fn set_once<T>(slot: &mut Option<T>, key: &Ident, value: T) -> syn::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(syn::Error::new(key.span(), format!("`{key}` is given twice\nhelp: take one of them out"))),
    }
}

/// Looks at a path as far as it can be judged alone; codegen judges it beside the others.
fn check_path(path: &LitStr) -> syn::Result<()> {
    let text = path.value();
    let wrong = |what: String| Err(syn::Error::new(path.span(), what));
    if !text.starts_with('/') {
        return wrong(format!("a path begins with `/`\nhelp: write `\"/{text}\"`"));
    }
    if text.contains(['?', '#', ' ']) {
        return wrong("a path has no query, fragment or blank\nhelp: fields that are not in the path come from the query or the body by themselves".to_owned());
    }
    let mut names = Vec::new();
    for segment in text.split('/').skip(1) {
        if let Some(name) = segment.strip_prefix(':') {
            return wrong(format!(
                "a path parameter is written in braces\nhelp: write `{{{name}}}` in place of `:{name}`"
            ));
        }
        let is_parameter = segment.starts_with('{') && segment.ends_with('}');
        if !is_parameter && segment.contains(['{', '}', '*']) {
            return wrong(format!(
                "`{segment}` is no segment of a path\nhelp: a parameter is a whole segment, `/{{name}}`"
            ));
        }
        if is_parameter {
            let name = &segment[1..segment.len() - 1];
            if let Some(rest) = name.strip_prefix('*') {
                return wrong(format!(
                    "a path parameter is one segment\nhelp: take `{rest}` from the query, where it may hold `/`"
                ));
            }
            if name.is_empty() || name.contains(['{', '}', '*']) {
                return wrong(
                    "a path parameter needs a name\nhelp: write `{name}`, after a field of the input".to_owned(),
                );
            }
            if names.contains(&name) {
                return wrong(format!("the path parameter `{name}` stands twice\nhelp: give one of them another name"));
            }
            names.push(name);
        }
    }
    Ok(())
}

/// The error for a key that does not exist: it lists those that do.
fn unknown_key(key: &Ident, name: &str, valid: &str) -> syn::Error {
    let meant = valid.split(['`', '(']).find(|known| is_close(name, known));
    let help = match meant {
        Some(meant) => format!("help: did you mean `{meant}`? the keys are {valid}"),
        None => format!("help: the keys are {valid}"),
    };
    syn::Error::new(key.span(), format!("unknown key `{name}`\n{help}"))
}

/// Whether one of two words is likely to be a slip for the other: at most two letters have to change.
fn is_close(one: &str, other: &str) -> bool {
    if one.len() < 3 || other.len() < 3 || other.contains([' ', ',', '…']) {
        return false;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.iter().enumerate() {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()] <= 2
}

/// What stands in `#[pikku(…)]` on a variant of an error.
#[derive(Default)]
pub(crate) struct VariantAttribute {
    /// Where it stands, if it does.
    pub(crate) span: Option<Span>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<LitStr>,
    pub(crate) transparent: bool,
}

impl VariantAttribute {
    pub(crate) fn parse(attributes: &[syn::Attribute]) -> syn::Result<Self> {
        let mut parsed = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("pikku")) {
            parsed.span = Some(attribute.path().get_ident().map_or_else(Span::call_site, Ident::span));
            attribute.parse_args_with(|input: ParseStream<'_>| {
                while !input.is_empty() {
                    parsed.parse_key(input)?;
                    if !input.is_empty() {
                        input.parse::<Token![,]>()?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(parsed)
    }

    fn parse_key(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let key = input.call(Ident::parse_any)?;
        match key.to_string().as_str() {
            "status" => {
                let literal: LitInt = parse_value(input)?;
                let status = literal.base10_parse::<u16>()?;
                if !(400..=599).contains(&status) {
                    return Err(syn::Error::new(literal.span(), "the status of an error is between 400 and 599"));
                }
                set_once(&mut self.status, &key, status)
            }
            "code" => set_once(&mut self.code, &key, parse_value(input)?),
            "transparent" => {
                self.transparent = true;
                Ok(())
            }
            other => Err(unknown_key(&key, other, "`status`, `code`, `transparent`")),
        }
    }
}

/// Reads `#[pikku(crate = path)]` on an error: where the runtime is, if it was renamed.
pub(crate) fn parse_crate(attributes: &[syn::Attribute]) -> syn::Result<Option<Path>> {
    let mut krate = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("pikku")) {
        attribute.parse_args_with(|input: ParseStream<'_>| {
            let key = input.call(Ident::parse_any)?;
            match key.to_string().as_str() {
                "crate" => {
                    input.parse::<Token![=]>()?;
                    set_once(&mut krate, &key, input.call(Path::parse_mod_style)?)
                }
                "status" | "code" | "transparent" => Err(syn::Error::new(
                    key.span(),
                    format!("`{key}` is said of a variant\nhelp: move `#[pikku({key} …)]` to the variant that it is meant for"),
                )),
                other => Err(unknown_key(&key, other, "`crate`")),
            }
        })?;
    }
    Ok(krate)
}
