//! The client itself: a struct with one method for each function.

use std::collections::BTreeMap;

use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

use super::{
    RustClientError,
    docs::{carried, doc},
    errors::Errors,
    fields::{field_idents, is_file},
    names::{Scope, ident, pascal_case, snake_case},
    signature::Signature,
    simplify::simplify,
    types::TypeWriter,
};
use crate::{
    model::{Channel, Function, HttpRoute, Model, Output, Place, TextKind},
    schema::{Object, Type, Types},
};

/// Methods that every client has; functions of these names get a number.
const OWN_METHODS: &[&str] = &[
    "new",
    "from_http",
    "http",
    "with_api_key",
    "with_bearer",
    "with_refresh",
    "with_header",
    "with_timeout",
    "with_retry",
];

/// What a client of this application is called: `TodoApp` has a `TodoClient`.
pub(super) fn client_name(app: &str) -> String {
    let app = pascal_case(app);
    let stem = app.strip_suffix("App").filter(|stem| !stem.is_empty()).unwrap_or(&app);
    format!("{stem}Client")
}

/// Writes the client.
pub(super) struct ClientWriter<'a> {
    pub(super) model: &'a Model,
    pub(super) types: &'a Types,
    pub(super) errors: &'a Errors,
    pub(super) name: &'a str,
}

/// What the methods of the client are called.
pub(super) struct Methods<'m> {
    /// Those of functions, in their order.
    pub(super) functions: Vec<(&'m Function, String)>,
    /// Those of channels, in their order.
    pub(super) channels: Vec<(&'m Channel, String)>,
}

impl<'m> Methods<'m> {
    pub(super) fn new(model: &'m Model) -> Self {
        let mut scope = Scope::default();
        for method in OWN_METHODS {
            scope.take(method);
        }
        let functions = model.functions.iter().filter(|function| !function.http.is_empty());
        let functions = functions.map(|function| (function, scope.take(function.name.trim_start_matches("r#"))));
        let functions = functions.collect();
        let channels = model.channels.iter().map(|channel| (channel, scope.take(&snake_case(&channel.name))));
        Self { functions, channels: channels.collect() }
    }
}

impl ClientWriter<'_> {
    /// The struct and its methods.
    pub(super) fn items(
        &self,
        methods: &Methods<'_>,
        signatures: &BTreeMap<&str, Signature>,
        openings: &[TokenStream],
        writer: &TypeWriter<'_>,
    ) -> Result<Vec<TokenStream>, RustClientError> {
        let name = format_ident!("{}", self.name);
        let methods = methods.functions.iter().map(|(function, method)| {
            let signature = signatures.get(function.name.as_str());
            signature.map_or(Ok(TokenStream::new()), |signature| self.method(method, function, signature, writer))
        });
        let methods: Vec<_> = methods.collect::<Result<_, _>>()?;
        let docs = doc(&format!(
            "Calls the functions of `{}`.\n\nIt is cheap to clone, and clones share their connections and their bearer token.",
            self.model.source
        ));
        let own = own_methods(writer);
        let allow = quote!(#[allow(dead_code, reason = "a program calls only the functions that it needs")]);
        let mut items = vec![
            quote!(#docs #[derive(Debug, Clone)] pub struct #name { http: runtime::Http }),
            quote!(#allow impl #name { #own }),
            quote!(#allow impl #name { #(#methods)* }),
        ];
        if !openings.is_empty() {
            items.push(quote!(#allow impl #name { #(#openings)* }));
        }
        Ok(items)
    }

    fn method(
        &self,
        method: &str,
        function: &Function,
        signature: &Signature,
        writer: &TypeWriter<'_>,
    ) -> Result<TokenStream, RustClientError> {
        // Only functions that have a route come here.
        let Some(route) = function.http.first() else { return Ok(TokenStream::new()) };
        let Signature { input, output, error } = signature;
        let ty = function.input.as_ref().map(|schema| simplify(self.types.input(schema)));
        let parameter = input.as_ref().map(|ty| quote!(, input: #ty));
        let request = request(route, ty.as_ref().map(|ty| self.object(ty)))?;
        let (answer, ending) = match &function.output {
            Output::None => (quote!(()), quote!(empty())),
            Output::Raw => (quote!(runtime::RawResponse), quote!(raw())),
            Output::Json(_) => (quote!(#output), quote!(json())),
            Output::Stream(_) => (quote!(runtime::Events<#output, #error>), quote!(events())),
        };
        let docs = doc(&self.documentation(function, &format!("`{} {}`", route.method, route.path)));
        let (result, method) = (writer.std("Result"), ident(method));
        Ok(quote! {
            #docs
            pub async fn #method(&self #parameter) -> #result<#answer, runtime::Error<#error>> {
                self.http #request.#ending.await
            }
        })
    }

    /// The fields of an input, if it is an object.
    fn object<'b>(&'b self, ty: &'b Type) -> Option<&'b Object> {
        match ty {
            Type::Object(object) => Some(object),
            Type::Ref(name) => match &self.types.get(name)?.ty {
                Type::Object(object) => Some(object),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is said of a function, where it is called as `place` says.
    pub(super) fn documentation(&self, function: &Function, place: &str) -> String {
        let mut parts = Vec::new();
        parts.extend(Some(carried(&function.docs)).filter(|docs| !docs.is_empty()));
        parts.push(place.to_owned());
        parts.push("# Errors".to_owned());

        let mut errors = Vec::new();
        if let Some(own) = self.errors.describe(function) {
            errors.push(format!("- `Api`: {own}"));
        }
        if function.auth {
            errors.push("- `Unauthorized`, unless signed in".to_owned());
        }
        if let Some(permissions) = &function.permissions {
            errors.push(format!("- `Forbidden`, unless `{permissions}`"));
        }
        if function.input.is_some() {
            errors.push("- `Invalid`, if the input breaks a rule".to_owned());
        }
        errors.push("- `Problem`, `Transport` and the others that any call can end in".to_owned());
        parts.push(errors.join("\n"));
        parts.join("\n\n")
    }
}

/// The methods that every client has.
fn own_methods(writer: &TypeWriter<'_>) -> TokenStream {
    let (result, into, as_ref) = (writer.std("Result"), writer.std("Into"), writer.std("AsRef"));
    let (string, option) = (writer.std("String"), writer.std("Option"));
    quote! {
        /// A client of the server at this address, such as `http://127.0.0.1:4002`.
        ///
        /// # Errors
        ///
        /// If the address isn't an http or https URL.
        pub fn new(base_url: impl #as_ref<str>) -> #result<Self, runtime::BaseUrlError> {
            Ok(Self::from_http(runtime::Http::new(base_url)?))
        }

        /// A client that calls through a core which is set up already, such as that of another client.
        #[must_use]
        pub fn from_http(http: runtime::Http) -> Self {
            Self { http }
        }

        /// The core, to set the token that clones share or to call what isn't in the contract.
        #[must_use]
        pub fn http(&self) -> &runtime::Http {
            &self.http
        }

        /// Signs every call with an API key.
        #[must_use]
        pub fn with_api_key(self, key: impl #as_ref<str>) -> Self {
            Self { http: self.http.with_api_key(key) }
        }

        /// Signs every call with a token.
        #[must_use]
        pub fn with_bearer(self, token: impl #into<#string>) -> Self {
            Self { http: self.http.with_bearer(token) }
        }

        /// Gets a fresh token when the server refuses the present one, once for however many calls, and repeats them.
        #[must_use]
        pub fn with_refresh(self, refresh: impl runtime::RefreshHook) -> Self {
            Self { http: self.http.with_refresh(refresh) }
        }

        /// Sends a header with every call.
        #[must_use]
        pub fn with_header(self, name: impl #as_ref<str>, value: impl #as_ref<str>) -> Self {
            Self { http: self.http.with_header(name, value) }
        }

        /// Limits how long a call may take; `None` waits for ever.
        #[must_use]
        pub fn with_timeout(self, timeout: impl #into<#option<runtime::Duration>>) -> Self {
            Self { http: self.http.with_timeout(timeout) }
        }

        /// Sets how safe calls are retried.
        #[must_use]
        pub fn with_retry(self, retry: runtime::Retry) -> Self {
            Self { http: self.http.with_retry(retry) }
        }
    }
}

/// The request of a method, up to what is made of the answer.
fn request(route: &HttpRoute, input: Option<Option<&Object>>) -> Result<TokenStream, RustClientError> {
    let path = &route.path;
    let mut request = match route.method.as_str() {
        "GET" | "POST" | "PUT" | "PATCH" | "DELETE" => {
            let method = format_ident!("{}", route.method.to_lowercase());
            quote!(.#method(#path))
        }
        "HEAD" | "OPTIONS" | "TRACE" => {
            let method = format_ident!("{}", route.method);
            quote!(.request(runtime::Method::#method, #path))
        }
        other => return Err(RustClientError::Method { method: other.to_owned(), path: path.clone() }),
    };
    let Some(object) = input else { return Ok(request) };

    // The runtime puts all fields where requests of this method usually have them; only the exceptions are named.
    let usually_body = !matches!(route.method.as_str(), "GET" | "HEAD" | "DELETE");
    let (unusual, method) = if usually_body { (Place::Query, quote!(query)) } else { (Place::Body, quote!(body)) };
    let names: Vec<_> =
        route.fields.iter().filter(|field| field.place == unusual).map(|field| Literal::string(&field.name)).collect();
    if !names.is_empty() {
        request.extend(quote!(.#method(&[#(#names),*])));
    }
    request.extend(quote!(.input(input)));
    if let Some(object) = object {
        let nested = route.fields.iter().filter(|field| field.text == TextKind::Nested);
        let nested: Vec<_> = nested.map(|field| Literal::string(&field.name)).collect();
        if !nested.is_empty() && object.fields.iter().any(|field| is_file(&field.ty)) {
            request.extend(quote!(.nested(&[#(#nested),*])));
        }
        for (ident, field) in
            field_idents(object).into_iter().zip(&object.fields).filter(|(_, field)| is_file(&field.ty))
        {
            let wire = &field.name;
            request.extend(quote!(.files(#wire, &input.#ident)));
        }
    }
    Ok(request)
}
