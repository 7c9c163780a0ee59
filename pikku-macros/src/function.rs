//! `#[pikku_func]`: beside the function, an empty enum of its name that can be served.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Expr, ItemFn, Lit, Meta, spanned::Spanned};

use crate::{
    attribute::{FunctionAttribute, HttpAttribute},
    signature::{Errors, Parameter, Signature},
};

/// Expands the attribute. The function is always given back, so that one mistake does not make many.
pub(crate) fn expand(attribute: TokenStream, item: &TokenStream) -> TokenStream {
    let attribute = FunctionAttribute::parse(attribute);
    let Ok(function) = syn::parse2::<ItemFn>(item.clone()) else {
        let error = syn::Error::new(
            Span::call_site(),
            "`#[pikku_func]` goes on a free `async fn`\nhelp: move it to a function outside of any `impl` or `trait`",
        );
        let error = error.into_compile_error();
        return quote!(#error #item);
    };
    let mut errors = Errors::default();
    let signature = Signature::parse(&function, &mut errors);
    let parsed = match attribute {
        Ok(attribute) => {
            if let Some(signature) = &signature {
                check(&attribute, signature, &mut errors);
            }
            signature.map(|signature| (attribute, signature))
        }
        Err(error) => {
            errors.combine(error);
            None
        }
    };
    match errors.finish(parsed) {
        Ok((attribute, signature)) => {
            let companion = expand_companion(&function, &attribute, &signature);
            quote!(#function #companion)
        }
        Err(error) => {
            let error = error.into_compile_error();
            quote!(#function #error)
        }
    }
}

/// What can only be judged with attribute and signature side by side.
fn check(attribute: &FunctionAttribute, signature: &Signature<'_>, errors: &mut Errors) {
    let public = attribute.auth.as_ref().is_some_and(|auth| !auth.value);
    for parameter in &signature.rest {
        if let (true, Parameter::Session(reference)) = (public, parameter) {
            errors.push(
                reference.span(),
                "a function with `auth = false` is called without a session too\nhelp: take `session: Option<&…>`, or take out `auth = false`",
            );
        }
    }
    if signature.data.is_none() {
        if let Some(field) = attribute.permissions.as_ref().and_then(|permissions| permissions.reads_input()) {
            errors.push(field.span(), "this function has no input to take a field from\nhelp: take `data: Input`");
        }
        for http in &attribute.http {
            if http.path.value().contains('{') {
                errors.push(
                    http.path.span(),
                    "this path has a parameter, and the function has no input\nhelp: take `data: Input`, with a field of the parameter's name",
                );
            }
        }
    }
}

/// The enum, its implementation and its registration.
fn expand_companion(function: &ItemFn, attribute: &FunctionAttribute, signature: &Signature<'_>) -> TokenStream {
    let root = attribute.krate.as_ref().map_or_else(|| quote!(::pikku_core), |path| quote!(#path));
    let core = quote!(#root::__private);
    let (name, vis) = (&function.sig.ident, &function.vis);
    let cfgs: Vec<&Attribute> = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
    let text = name.to_string();
    let summary = format!("[`{text}`](fn@{text}) as generated code names it.");

    let implementation = expand_implementation(function, attribute, signature, &core);
    let registration = expand_registration(function, attribute, signature, &core);
    let assertions = expand_assertions(signature, attribute, &core);
    quote! {
        #(#cfgs)*
        #[doc = #summary]
        #[allow(non_camel_case_types)]
        #[derive(::core::fmt::Debug)]
        #vis enum #name {}

        #(#cfgs)*
        const _: () = {
            #assertions
            #implementation
            #registration
        };
    }
}

fn expand_implementation(
    function: &ItemFn,
    attribute: &FunctionAttribute,
    signature: &Signature<'_>,
    core: &TokenStream,
) -> TokenStream {
    let name = &function.sig.ident;
    let text = name.to_string();
    let auth = attribute.auth.as_ref().is_none_or(|auth| auth.value);
    let Signature { services, data, returns, .. } = signature;
    let app = quote!(<#services as #core::Services>::App);
    let input = data.map_or_else(|| quote!(()), |ty| quote!(#ty));

    let validate = data.map(|ty| {
        quote_spanned! {located(ty.span())=>
            fn validate(input: &Self::Input) -> ::core::result::Result<(), #core::garde::Report> {
                #[allow(unused_imports)]
                use #core::Unconstrained as _;
                #core::Constrained(input).validate()
            }
        }
    });
    let validate = validate.unwrap_or_else(|| {
        quote! {
            fn validate(_: &Self::Input) -> ::core::result::Result<(), #core::garde::Report> {
                ::core::result::Result::Ok(())
            }
        }
    });
    let permit = expand_permit(attribute, auth, core);
    let middleware = (!attribute.middleware.is_empty()).then(|| {
        let layers = attribute.middleware.iter();
        quote! {
            fn middleware() -> ::std::vec::Vec<#core::Layer<Self::App>> {
                ::std::vec![#(#core::IntoLayer::into_layer(#layers)),*]
            }
        }
    });
    let call = expand_call(function, signature, core);
    quote! {
        impl #core::PikkuFunc for #name {
            type App = #app;
            type Input = #input;
            type Output = <#returns as #core::FunctionResult>::Output;
            type Error = <#returns as #core::FunctionResult>::Error;

            const NAME: &'static ::core::primitive::str = #text;
            const AUTH: ::core::primitive::bool = #auth;

            #validate
            #middleware
            #permit
            #call
        }
    }
}

fn expand_permit(attribute: &FunctionAttribute, auth: bool, core: &TokenStream) -> TokenStream {
    let body = match &attribute.permissions {
        None => quote!(let _ = (wire, input); ::core::result::Result::Ok(true)),
        Some(permissions) => {
            let expression = permissions.expand(core, auth);
            let session = auth.then(|| {
                quote! {
                    // The pipeline has seen to it that there is a session; without one, nobody may.
                    let ::core::option::Option::Some(session) = wire.session() else {
                        return ::core::result::Result::Ok(false);
                    };
                }
            });
            quote! {
                let _ = input;
                #session
                let permitted = #expression;
                ::core::result::Result::Ok(permitted)
            }
        }
    };
    quote! {
        async fn permit(
            wire: &#core::Wire<'_, Self::App>,
            input: &Self::Input,
        ) -> ::core::result::Result<::core::primitive::bool, Self::Error> {
            #body
        }
    }
}

fn expand_call(function: &ItemFn, signature: &Signature<'_>, core: &TokenStream) -> TokenStream {
    let name = &function.sig.ident;
    let (mut before, mut arguments) = (Vec::new(), Vec::new());
    if signature.data.is_some() {
        arguments.push(quote!(input));
    }
    for (index, parameter) in signature.rest.iter().enumerate() {
        let variable = format_ident!("parameter_{index}");
        match parameter {
            Parameter::Session(reference) => {
                before.push(quote! {
                    let #variable = wire.required_session().map_err(#core::CallError::Parameter)?;
                });
                // Named with the user's span, so that a session of another type is told where it stands.
                arguments.push(quote_spanned!(located(reference.span())=> #variable));
            }
            Parameter::OptionalSession(span) => arguments.push(quote_spanned!(located(*span)=> wire.session())),
            Parameter::Handle(ty) => {
                before.push(quote_spanned! {located(ty.span())=>
                    let #variable = <#ty as #core::FromWire<'_, Self::App>>::from_wire(wire)
                        .await
                        .map_err(#core::CallError::Parameter)?;
                });
                arguments.push(quote!(#variable));
            }
        }
    }
    let call = quote_spanned!(located(name.span())=> #name(wire.services(), #(#arguments),*).await);
    quote! {
        async fn call(
            wire: &#core::Wire<'_, Self::App>,
            input: Self::Input,
        ) -> ::core::result::Result<Self::Output, #core::CallError<Self::Error>> {
            let _ = &input;
            #(#before)*
            #core::FunctionResult::into_result(#call).map_err(#core::CallError::Function)
        }
    }
}

fn expand_registration(
    function: &ItemFn,
    attribute: &FunctionAttribute,
    signature: &Signature<'_>,
    core: &TokenStream,
) -> TokenStream {
    let name = &function.sig.ident;
    let text = name.to_string();
    let docs = docs(&function.attrs);
    let auth = attribute.auth.as_ref().is_none_or(|auth| auth.value);
    let permissions = option(attribute.permissions.as_ref().map(|permissions| {
        let text = permissions.text();
        quote!(#text)
    }));
    let tags = &attribute.tags;
    let http = attribute.http.iter().map(|http| expand_http(http, core));
    let services = signature.services;
    let line = quote_spanned!(located(name.span())=> ::core::line!());
    let linkme = quote!(#core::linkme);
    quote! {
        #[#linkme::distributed_slice(#core::FUNCTIONS)]
        #[linkme(crate = #linkme)]
        static ENTRY: #core::FunctionEntry = #core::FunctionEntry {
            app: ::core::any::TypeId::of::<<#services as #core::Services>::App>,
            name: #text,
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: #line,
            docs: #docs,
            auth: #auth,
            permissions: #permissions,
            tags: &[#(#tags),*],
            http: &[#(#http),*],
            describe: #core::describe::<#name>,
            probe: #core::probe::<#name>,
        };
    }
}

fn expand_http(http: &HttpAttribute, core: &TokenStream) -> TokenStream {
    let HttpAttribute { method, path, status, body_limit, timeout } = http;
    let status = option(status.map(|status| quote!(#status)));
    let body_limit = option(body_limit.map(|limit| quote!(#limit)));
    let timeout = option(timeout.map(|timeout| quote!(#timeout)));
    quote! {
        #core::HttpEntry { method: #method, path: #path, status: #status, body_limit: #body_limit, timeout: #timeout }
    }
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}

/// Asks for each trait on the user's own token, so that the compiler's error stands there.
fn expand_assertions(signature: &Signature<'_>, attribute: &FunctionAttribute, core: &TokenStream) -> TokenStream {
    let Signature { services, data, rest, returns } = signature;
    let input = data.map(|ty| {
        quote_spanned! {located(ty.span())=>
            const _: fn() = || {
                fn is_an_input<T: #core::Input>() {}
                is_an_input::<#ty>();
            };
        }
    });
    let result = quote_spanned! {located(returns.span())=>
        const _: fn() = || {
            fn is_a_result<T: #core::FunctionResult<Output: #core::Output, Error: #core::PikkuError>>() {}
            is_a_result::<#returns>();
        };
    };
    let public = attribute.auth.as_ref().is_some_and(|auth| !auth.value);
    let handles = rest.iter().filter_map(|parameter| match parameter {
        Parameter::Handle(ty) if public => Some(quote_spanned! {located(ty.span())=>
            const _: () = ::core::assert!(
                !<#ty as #core::FromWire<'_, <#services as #core::Services>::App>>::REQUIRES_SESSION,
                "this parameter needs a session, and a function with `auth = false` is called without one too; help: take out `auth = false`"
            );
        }),
        _ => None,
    });
    let services = quote_spanned! {located(services.span())=>
        const _: fn() = || {
            fn is_services<T: #core::Services>() {}
            is_services::<#services>();
        };
    };
    quote!(#services #input #result #(#handles)*)
}

/// A span that points where another does, with the names of the attribute itself.
///
/// Code with the user's own span could not see the variables of the code around it where a macro wrote the function.
pub(crate) fn located(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// The doc comment of an item, as one text.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(literal) = &pair.value else { return None };
        let Lit::Str(text) = &literal.lit else { return None };
        pair.path.is_ident("doc").then(|| text.value())
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
