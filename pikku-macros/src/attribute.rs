//! Every key of every attribute, in one place.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Expr, Ident, LitBool, LitInt, LitStr, Path, Token,
    ext::IdentExt,
    parenthesized,
    parse::{Parse, ParseStream, Parser},
    punctuated::Punctuated,
};

use crate::{channel::Binding, path::check_path, permission::Permission, signature::Errors};

/// The keys of `#[pikku_func]`, each as it is written.
const FUNCTION_KEYS: Keys = &[
    ("http", "http(get = \"/path\")"),
    ("channel", "channel(Events, action = \"rename\")"),
    ("auth", "auth = false"),
    ("permissions", "permissions = is_owner(todo_id)"),
    ("tags", "tags(\"billing\")"),
    ("middleware", "middleware(rate_limit(Quota::per_minute(10)))"),
    ("crate", "crate = path::to::pikku_core"),
];
/// The keys of `#[pikku_channel]`.
const CHANNEL_KEYS: Keys = &[
    ("route", "route = \"/events\""),
    ("name", "name = \"events\""),
    ("routing", "routing = \"action\""),
    ("auth", "auth = false"),
    ("tags", "tags(\"live\")"),
    ("crate", "crate = path::to::pikku_core"),
];
/// The keys of `http(…)`.
const HTTP_KEYS: Keys = &[
    ("get", "get = \"/path\""),
    ("post", "post = \"/path\""),
    ("put", "put = \"/path\""),
    ("patch", "patch = \"/path\""),
    ("delete", "delete = \"/path\""),
    ("status", "status = 201"),
    ("body_limit", "body_limit = 65536"),
    ("timeout", "timeout = 5"),
];
/// The keys of `#[pikku]` on a variant.
const VARIANT_KEYS: Keys =
    &[("status", "status = 404"), ("code", "code = \"todo_not_found\""), ("transparent", "transparent")];
/// The keys of `#[pikku]` on an enum.
const ENUM_KEYS: Keys = &[("crate", "crate = path::to::pikku_core")];

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The keys that stand in one place, and an example of each.
type Keys = &'static [(&'static str, &'static str)];

/// What stands in `#[pikku_func(…)]`.
#[derive(Default)]
pub(crate) struct FunctionAttribute {
    pub(crate) http: Vec<HttpAttribute>,
    pub(crate) channels: Vec<Binding>,
    pub(crate) auth: Option<LitBool>,
    pub(crate) permissions: Option<Permission>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) middleware: Vec<Expr>,
    pub(crate) krate: Option<Path>,
}

/// What stands in `#[pikku_channel(…)]`.
pub(crate) struct ChannelAttribute {
    pub(crate) route: LitStr,
    pub(crate) name: Option<LitStr>,
    pub(crate) routing: Option<LitStr>,
    pub(crate) auth: Option<LitBool>,
    pub(crate) tags: Vec<LitStr>,
    pub(crate) krate: Option<Path>,
}

impl ChannelAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        (|input: ParseStream<'_>| {
            let (mut route, mut name, mut routing, mut auth, mut krate) = (None, None, None, None, None);
            let mut tags = Vec::new();
            parse_keys(input, CHANNEL_KEYS, |key, input| match key.to_string().as_str() {
                "route" => {
                    let path: LitStr = parse_value(input)?;
                    check_path(&path)?;
                    set_once(&mut route, key, path)
                }
                "name" => set_once(&mut name, key, parse_value(input)?),
                "routing" => set_once(&mut routing, key, parse_value(input)?),
                "auth" => set_once(&mut auth, key, parse_value(input)?),
                "tags" => {
                    tags.extend(parse_list::<LitStr>(input)?);
                    Ok(())
                }
                "crate" => set_once(&mut krate, key, parse_path(input)?),
                _ => Err(unknown_key(key, CHANNEL_KEYS)),
            })?;
            let Some(route) = route else {
                return Err(syn::Error::new(
                    Span::call_site(),
                    "a channel needs a route\nhelp: write `#[pikku_channel(route = \"/events\")]`",
                ));
            };
            Ok(Self { route, name, routing, auth, tags, krate })
        })
        .parse2(tokens)
    }
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
            parse_keys(input, FUNCTION_KEYS, |key, input| attribute.parse_key(key, input))?;
            Ok(attribute)
        })
        .parse2(tokens)
    }

    /// Reads what stands in `#[pikku_channel_func(…)]`: the channel and when, and then the keys of a function.
    pub(crate) fn parse_on_channel(tokens: TokenStream) -> syn::Result<Self> {
        (|input: ParseStream<'_>| {
            let mut attribute = Self { channels: vec![Binding::parse(input)?], ..Self::default() };
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
            parse_keys(input, FUNCTION_KEYS, |key, input| attribute.parse_key(key, input))?;
            Ok(attribute)
        })
        .parse2(tokens)
    }

    fn parse_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "http" => self.http.push(HttpAttribute::parse(key, &content(input)?)?),
            "channel" => self.channels.push(content(input)?.call(Binding::parse)?),
            "auth" => set_once(&mut self.auth, key, parse_value(input)?)?,
            "permissions" => set_once(&mut self.permissions, key, parse_value(input)?)?,
            "tags" => self.tags.extend(parse_list::<LitStr>(input)?),
            "middleware" => self.middleware.extend(parse_list::<Expr>(input)?),
            "crate" => set_once(&mut self.krate, key, parse_path(input)?)?,
            method if METHODS.contains(&method) => {
                return Err(syn::Error::new(
                    key.span(),
                    format!("a method stands in `http(…)`\nhelp: write `http({method} = \"/path\")`"),
                ));
            }
            _ => return Err(unknown_key(key, FUNCTION_KEYS)),
        }
        Ok(())
    }
}

impl HttpAttribute {
    fn parse(http: &Ident, input: ParseStream<'_>) -> syn::Result<Self> {
        let mut route: Option<(String, LitStr)> = None;
        let (mut status, mut body_limit, mut timeout) = (None, None, None);
        parse_keys(input, HTTP_KEYS, |key, input| match key.to_string().as_str() {
            method if METHODS.contains(&method) => {
                let path: LitStr = parse_value(input)?;
                check_path(&path)?;
                match route.replace((method.to_uppercase(), path)) {
                    None => Ok(()),
                    Some(_) => Err(syn::Error::new(
                        key.span(),
                        "a route has one method and one path\nhelp: write a second `http(…)` beside the first",
                    )),
                }
            }
            "status" => set_once(&mut status, key, parse_status(input)?),
            "body_limit" => set_once(&mut body_limit, key, parse_value::<LitInt>(input)?.base10_parse()?),
            "timeout" => set_once(&mut timeout, key, parse_timeout(input)?),
            _ => Err(unknown_key(key, HTTP_KEYS)),
        })?;
        let Some((method, path)) = route else {
            return Err(syn::Error::new(
                http.span(),
                "a route needs a method and a path\nhelp: write `http(get = \"/path\")`",
            ));
        };
        Ok(Self { method, path, status, body_limit, timeout })
    }
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
                parse_keys(input, VARIANT_KEYS, |key, input| parsed.parse_key(key, input))
            })?;
        }
        Ok(parsed)
    }

    fn parse_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "status" => {
                let literal: LitInt = parse_value(input)?;
                match literal.base10_parse::<u16>()? {
                    status @ 400..=599 => set_once(&mut self.status, key, status),
                    _ => Err(syn::Error::new(
                        literal.span(),
                        "the status of an error is between 400 and 599\nhelp: write the one that fits, such as `status = 404`",
                    )),
                }
            }
            "code" => set_once(&mut self.code, key, parse_value(input)?),
            "transparent" => {
                self.transparent = true;
                Ok(())
            }
            _ => Err(unknown_key(key, VARIANT_KEYS)),
        }
    }
}

/// Reads `#[pikku(crate = path)]` on an error: where the runtime is, if it was renamed.
pub(crate) fn parse_crate(attributes: &[syn::Attribute]) -> syn::Result<Option<Path>> {
    let mut krate = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("pikku")) {
        attribute.parse_args_with(|input: ParseStream<'_>| {
            parse_keys(input, ENUM_KEYS, |key, input| match key.to_string().as_str() {
                "crate" => set_once(&mut krate, key, parse_path(input)?),
                said if VARIANT_KEYS.iter().any(|(known, _)| *known == said) => Err(syn::Error::new(
                    key.span(),
                    format!(
                        "`{key}` is said of a variant\nhelp: move `#[pikku({key} …)]` to the variant it is meant for"
                    ),
                )),
                _ => Err(unknown_key(key, ENUM_KEYS)),
            })
        })?;
    }
    Ok(krate)
}

/// Reads `key value, key value`, and goes on after a mistake, so that all of them are told.
fn parse_keys<'i>(
    input: ParseStream<'i>,
    keys: Keys,
    mut parse: impl FnMut(&Ident, ParseStream<'i>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut errors = Errors::default();
    while !input.is_empty() {
        let parsed = match input.call(Ident::parse_any) {
            Ok(key) => parse(&key, input).map_err(|error| with_example(error, &key, input, keys)),
            Err(error) => {
                let message = format!("a key was expected\nhelp: write `{}`", keys[0].1);
                Err(syn::Error::new(error.span(), message))
            }
        };
        let parsed = parsed.and_then(|()| {
            let message = "a comma was expected\nhelp: put `,` between one key and the next";
            if input.is_empty() || input.peek(Token![,]) { Ok(()) } else { Err(input.error(message)) }
        });
        if let Err(error) = parsed {
            errors.combine(error);
            skip_to_comma(input)?;
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    errors.finish(Some(()))
}

/// The same error with an example of the key, where the error came from the parser and has no help.
fn with_example(error: syn::Error, key: &Ident, input: ParseStream<'_>, keys: Keys) -> syn::Error {
    let message = error.to_string();
    let example = keys.iter().find(|(known, _)| key == known).map(|(_, example)| *example);
    let (false, Some(example)) = (message.contains("help: "), example) else { return error };
    // An error at the end of the attribute has no token of its own, and would be told of the whole.
    let is_at_end = message.starts_with("expected `=`") || message.starts_with("unexpected end of input");
    let span = if input.is_empty() && is_at_end { key.span() } else { error.span() };
    syn::Error::new(span, format!("{message}\nhelp: write `{example}`"))
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

/// Reads `= value`.
fn parse_value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

/// Reads `= path::of::modules`.
fn parse_path(input: ParseStream<'_>) -> syn::Result<Path> {
    input.parse::<Token![=]>()?;
    input.call(Path::parse_mod_style)
}

/// Reads `(…)`.
fn content<'i>(input: ParseStream<'i>) -> syn::Result<syn::parse::ParseBuffer<'i>> {
    let content;
    parenthesized!(content in input);
    Ok(content)
}

/// Reads `(value, …)`.
fn parse_list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Punctuated<T, Token![,]>> {
    content(input)?.parse_terminated(T::parse, Token![,])
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

fn parse_timeout(input: ParseStream<'_>) -> syn::Result<u64> {
    let literal: LitInt = parse_value(input)?;
    match literal.base10_parse()? {
        0 => Err(syn::Error::new(
            literal.span(),
            "a call that may take no time is never answered\nhelp: write the seconds that it may take, `timeout = 5`",
        )),
        seconds => Ok(seconds),
    }
}

fn set_once<T>(slot: &mut Option<T>, key: &Ident, value: T) -> syn::Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(syn::Error::new(key.span(), format!("`{key}` is given twice\nhelp: take one of them out"))),
    }
}

/// The error for a key that does not exist: it lists those that do.
fn unknown_key(key: &Ident, keys: Keys) -> syn::Error {
    let name = key.to_string();
    let listed: Vec<_> = keys.iter().map(|(known, _)| format!("`{known}`")).collect();
    let listed = listed.join(", ");
    let help = match keys.iter().find(|(known, _)| is_close(&name.to_lowercase(), known)) {
        Some((_, example)) => format!("did you mean `{example}`? the keys are {listed}"),
        None if keys.len() == 1 => format!("the only key is {listed}"),
        None => format!("the keys are {listed}"),
    };
    syn::Error::new(key.span(), format!("unknown key `{name}`\nhelp: {help}"))
}

/// Whether one of two words is likely to be a slip for the other: at most two letters have to change.
fn is_close(one: &str, other: &str) -> bool {
    if one.len() < 3 || other.len() < 3 {
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
