//! `#[pikku_func]`: beside the function, an empty enum of its name that can be served.

use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Attribute, Expr, ItemFn, Lit, Meta, Type, spanned::Spanned};

use crate::{
    attribute::{FunctionAttribute, HttpAttribute},
    signature::{Errors, Parameter, Signature},
};

/// Expands the attribute. The function is always given back, so that one mistake does not make many.
pub(crate) fn expand(attribute: syn::Result<FunctionAttribute>, item: &TokenStream) -> TokenStream {
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
        if let (true, Parameter::Session(ty)) = (public, parameter) {
            errors.push_at(
                ty,
                "a function with `auth = false` is called without a session too\nhelp: take `session: Option<&…>`, or take out `auth = false`",
            );
        }
    }
    // Where the input itself is amiss, it has been said already.
    if signature.data.is_none() && errors.is_empty() {
        if let Some(field) = attribute.permissions.as_ref().and_then(|permissions| permissions.reads_input()) {
            errors.push_at(field, "this function has no input to take a field from\nhelp: take `data: Input`");
        }
        for http in &attribute.http {
            if http.path.value().contains('{') {
                errors.push(
                    http.path.span(),
                    "this path has a parameter, and the function has no input\nhelp: take `data: Input` right after the services, with a field of the parameter's name",
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
    let registration = expand_registration(function, attribute, &core);
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
    let input = data.map_or_else(|| quote!(()), |ty| quote!(<#ty as #core::AsInput>::Input));

    let validate = data.map(|ty| {
        quote_spanned! {located(ty.span())=>
            fn validate(input: &Self::Input) -> ::core::result::Result<(), #core::garde::Report> {
                #[allow(unused_imports)]
                use #core::Unconstrained as _;
                #core::Constrained(input).validate()
            }
        }
    });
    let middleware = (!attribute.middleware.is_empty()).then(|| {
        let layers = attribute.middleware.iter();
        quote! {
            const HAS_MIDDLEWARE: ::core::primitive::bool = true;

            fn middleware() -> ::std::vec::Vec<#core::Layer<Self::App>> {
                ::std::vec![#(#core::IntoLayer::into_layer(#layers)),*]
            }
        }
    });
    let permit = expand_permit(attribute, *data, auth, core);
    let call = expand_call(function, signature, auth, &permit, core);
    let public = (!auth).then(|| {
        quote!(
            const AUTH: ::core::primitive::bool = false;
        )
    });
    let requires_channel = expand_requires_channel(signature, core);
    let tags = (!attribute.tags.is_empty()).then(|| {
        let tags = &attribute.tags;
        quote!(const TAGS: &'static [&'static ::core::primitive::str] = &[#(#tags),*];)
    });
    let bounds = expand_bounds(signature, core);
    quote! {
        impl #core::PikkuFunc for #name
        where
            #bounds
        {
            type App = #app;
            type Input = #input;
            type Output = <#returns as #core::FunctionResult>::Output;
            type Error = <#returns as #core::FunctionResult>::Error;

            const NAME: &'static ::core::primitive::str = #text;
            #public
            #requires_channel
            #tags

            #validate
            #middleware
            #call
        }
    }
}

/// Refuses who may not call the function.
fn expand_permit(attribute: &FunctionAttribute, data: Option<&Type>, auth: bool, core: &TokenStream) -> TokenStream {
    let Some(permissions) = &attribute.permissions else { return TokenStream::new() };
    let expression = permissions.expand(core, auth);
    let view = data.map(|ty| quote!(let input = <#ty as #core::AsInput>::view(&input);));
    let session = auth.then(|| quote!(let session = wire.required_session()?;));
    quote! {
        {
            #view
            #session
            if !#expression {
                return ::core::result::Result::Err(#core::Problem::forbidden());
            }
        }
    }
}

fn expand_call(
    function: &ItemFn,
    signature: &Signature<'_>,
    auth: bool,
    permit: &TokenStream,
    core: &TokenStream,
) -> TokenStream {
    let name = &function.sig.ident;
    let (mut before, mut arguments) = (Vec::new(), Vec::new());
    if signature.data.is_some() {
        arguments.push(quote!(#core::AsInput::take(input)));
    }
    for (index, parameter) in signature.rest.iter().enumerate() {
        let variable = format_ident!("parameter_{index}");
        match parameter {
            // A session is passed at the user's own token, so that one of another type is told where it stands.
            Parameter::Session(ty) | Parameter::OptionalSession(ty) if auth => {
                before.push(quote! {
                    let #variable = wire.required_session()?;
                });
                arguments.push(at(ty.span(), quote!(#core::RequiredSession::pass(#variable))));
            }
            Parameter::Session(ty) | Parameter::OptionalSession(ty) => {
                arguments.push(at(ty.span(), quote!(#core::OptionalSession::pass(wire.session()))));
            }
            Parameter::Handle(ty) => {
                // From the first token of the type to the last, as the compiler's own errors about it, so that the same
                // error is told once.
                let (first, last) = ends(ty);
                let (open, from_wire) = (quote_spanned!(first=> <), quote_spanned!(last=> from_wire));
                let parameter = at(first, quote!(as #core::FromWire<'_, Self::App>>::));
                let mut wire = Group::new(Delimiter::Parenthesis, quote!(wire));
                wire.set_span(last);
                let awaited = quote_spanned!(last=> .await);
                before.push(quote! {
                    let #variable = #open #ty #parameter #from_wire #wire #awaited?;
                });
                arguments.push(at(ty.span(), quote!(#variable)));
            }
        }
    }
    let input = if signature.data.is_some() { quote!(input) } else { quote!(_) };
    let call = quote_spanned!(located(name.span())=> #name(wire.services(), #(#arguments),*).await);
    quote! {
        async fn call(
            wire: &#core::Wire<'_, Self::App>,
            #input: Self::Input,
        ) -> ::core::result::Result<Self::Output, #core::Problem> {
            #permit
            #(#before)*
            #core::FunctionResult::into_result(#call).map_err(|error| #core::told(Self::NAME, error))
        }
    }
}

fn expand_registration(function: &ItemFn, attribute: &FunctionAttribute, core: &TokenStream) -> TokenStream {
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
    let channels = attribute.channels.iter().map(|binding| binding.expand(core));
    let line = line_of(name.span());
    let linkme = quote!(#core::linkme);
    quote! {
        #[allow(unused_imports)]
        use #core::Unregistered as _;

        #[#linkme::distributed_slice(#core::FUNCTIONS)]
        #[linkme(crate = #linkme)]
        static ENTRY: #core::FunctionEntry = #core::FunctionEntry {
            app: <#core::Registered<#name>>::APP,
            name: #text,
            module: ::core::module_path!(),
            file: ::core::file!(),
            line: #line,
            docs: #docs,
            auth: #auth,
            permissions: #permissions,
            tags: &[#(#tags),*],
            http: &[#(#http),*],
            channels: &[#(#channels),*],
            describe: <#core::Registered<#name>>::DESCRIBE,
            probe: <#core::Registered<#name>>::PROBE,
            goes_around: <#core::Registered<#name>>::GOES_AROUND,
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

/// What the types of a function have to be, each asked for at the user's own token, so that the error stands there.
///
/// Inside of the implementation the compiler then takes them as given, and says nothing more.
fn expand_bounds(signature: &Signature<'_>, core: &TokenStream) -> TokenStream {
    let Signature { services, data, returns, .. } = signature;
    let services_bound = at(services.span(), quote!(: #core::Services,));
    let input = data.map(|ty| {
        let bound = at(ty.span(), quote!(: #core::AsInput,));
        quote!(#ty #bound)
    });
    let result_bound = at(returns.span(), quote!(: #core::FunctionResult,));
    let (output, error) = signature.written_result();
    let part = |ty: &Type, name: TokenStream, bound: TokenStream| {
        let (open, part) =
            (at(ty.span(), quote!(<)), at(ty.span(), quote!(as #core::FunctionResult>::#name: #core::#bound,)));
        quote!(#open #returns #part)
    };
    let output = part(output, quote!(Output), quote!(Output));
    let error = part(error, quote!(Error), quote!(PikkuError));
    quote!(#services #services_bound #input #returns #result_bound #output #error)
}

/// Whether any parameter is only there on a channel.
fn expand_requires_channel(signature: &Signature<'_>, core: &TokenStream) -> Option<TokenStream> {
    let services = signature.services;
    let handles = signature.rest.iter().filter_map(|parameter| match parameter {
        Parameter::Handle(ty) => Some(quote!(<#core::Taken<'_, #ty, #services>>::REQUIRES_CHANNEL)),
        _ => None,
    });
    let handles: Vec<_> = handles.collect();
    (!handles.is_empty()).then(|| {
        quote! {
            const REQUIRES_CHANNEL: ::core::primitive::bool = {
                #[allow(unused_imports)]
                use #core::Refused as _;
                #(#handles)||*
            };
        }
    })
}

/// Refuses, where nobody has to be signed in, parameters that can't be made without a session.
fn expand_assertions(signature: &Signature<'_>, attribute: &FunctionAttribute, core: &TokenStream) -> TokenStream {
    if attribute.auth.as_ref().is_none_or(|auth| auth.value) {
        return TokenStream::new();
    }
    let services = signature.services;
    let handles = signature.rest.iter().filter_map(|parameter| match parameter {
        Parameter::Handle(ty) => Some(quote_spanned! {located(ty.span())=>
            const _: () = {
                #[allow(unused_imports)]
                use #core::Refused as _;
                ::core::assert!(
                    !<#core::Taken<'_, #ty, #services>>::REQUIRES_SESSION,
                    "this parameter needs a session, and a function with `auth = false` is called without one too; help: take out `auth = false`"
                );
            };
        }),
        _ => None,
    });
    quote!(#(#handles)*)
}

/// A span that points where another does, with the names of the attribute itself.
///
/// Code with the user's own span could not see the variables of the code around it where a macro wrote the function.
pub(crate) fn located(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// The spans of the first token and of the last.
fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens.to_token_stream().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (first, spans.last().unwrap_or(first))
}

/// The same tokens, each pointing where `span` does and meaning what it meant.
pub(crate) fn at(span: Span, tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        let moved = span.resolved_at(token.span());
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), at(span, group.stream())).into();
        }
        token.set_span(moved);
        token
    });
    moved.collect()
}

/// The line that a token stands on, where `line!()` would be that of the attribute.
pub(crate) fn line_of(span: Span) -> Literal {
    Literal::u32_unsuffixed(span.unwrap().line().try_into().unwrap_or(u32::MAX))
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
