//! What a function asks for, told from its signature.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{
    FnArg, GenericArgument, GenericParam, Ident, ItemFn, Lifetime, Pat, PatType, PathArguments, ReturnType, Safety,
    Type, TypeReference, Visibility,
    ext::IdentExt,
    visit::{self, Visit},
};

/// The parameters and the result of a function.
pub(crate) struct Signature<'f> {
    /// The type behind `services: &Services`.
    pub(crate) services: &'f Type,
    /// The type of `data`, if the function has an input.
    pub(crate) data: Option<&'f Type>,
    /// What comes after, in order.
    pub(crate) rest: Vec<Parameter<'f>>,
    /// The type that the function returns.
    pub(crate) returns: &'f Type,
}

impl<'f> Signature<'f> {
    /// The output and the error as they are written, or the whole of what is returned where an alias hides them.
    pub(crate) fn written_result(&self) -> (&'f Type, &'f Type) {
        let mut written = arguments(self.returns);
        (written.next().unwrap_or(self.returns), written.next().unwrap_or(self.returns))
    }
}

/// A parameter after the services and the input.
pub(crate) enum Parameter<'f> {
    /// `session: &Session`.
    Session(&'f Type),
    /// `session: Option<&Session>`.
    OptionalSession(&'f Type),
    /// Anything by value.
    Handle(&'f Type),
}

/// Collects errors, so that all mistakes of a function are told at once.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    pub(crate) fn push(&mut self, span: Span, message: impl std::fmt::Display) {
        self.combine(syn::Error::new(span, message));
    }

    /// An error at all of `tokens`, where a span would be that of the first.
    pub(crate) fn push_at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.combine(syn::Error::new_spanned(tokens, message));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn combine(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn finish<T>(self, value: Option<T>) -> syn::Result<T> {
        match (self.0, value) {
            (Some(error), _) => Err(error),
            (None, Some(value)) => Ok(value),
            (None, None) => Err(syn::Error::new(Span::call_site(), "this function can't be read")),
        }
    }
}

impl<'f> Signature<'f> {
    /// Reads a signature; what is wrong with it goes to `errors`.
    pub(crate) fn parse(function: &'f ItemFn, errors: &mut Errors) -> Option<Self> {
        check_kind(function, errors);
        let returns = parse_return(function, errors);
        let mut inputs = function.sig.inputs.iter();
        let services = parse_services(function, inputs.next(), errors);
        let (mut data, mut rest) = (None, Vec::new());
        for (index, input) in inputs.enumerate() {
            let FnArg::Typed(parameter) = input else { continue };
            if index == 0 && is_data(parameter) {
                check_data(&parameter.ty, errors);
                data = Some(&*parameter.ty);
            } else {
                rest.extend(parse_parameter(parameter, errors));
            }
        }
        Some(Self { services: services?, data, rest, returns: returns? })
    }
}

fn check_kind(function: &ItemFn, errors: &mut Errors) {
    let sig = &function.sig;
    if sig.asyncness.is_none() {
        errors.push(sig.fn_token.span, "a pikku function is async\nhelp: write `async fn`");
    }
    if sig.generics.params.iter().any(|parameter| !matches!(parameter, GenericParam::Lifetime(_))) {
        errors.push_at(
            &sig.generics,
            "a pikku function is not generic, since a route calls one function\nhelp: name the types, and call a generic function from it",
        );
    } else if !sig.generics.params.is_empty() {
        errors.push_at(
            &sig.generics,
            "a pikku function names no lifetimes\nhelp: take them out; whatever it borrows lives as long as the call",
        );
    }
    if let Some(clause) = &sig.generics.where_clause {
        errors.push_at(clause, "a pikku function has no `where` clause\nhelp: take it out");
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.push(unsafety.span, "a pikku function is safe\nhelp: take out `unsafe`");
    }
    if sig.ident != sig.ident.unraw() {
        errors.push_at(
            &sig.ident,
            "clients know a pikku function by its name, which can't be a word of Rust\nhelp: give it another, without `r#`",
        );
    }
    if matches!(function.vis, Visibility::Inherited) {
        errors.push(
            sig.fn_token.span,
            "a pikku function is public, since the generated router calls it from another crate\nhelp: write `pub async fn`, in a module that is public too",
        );
    }
}

fn parse_return<'f>(function: &'f ItemFn, errors: &mut Errors) -> Option<&'f Type> {
    match &function.sig.output {
        ReturnType::Type(_, ty) => {
            if let Type::ImplTrait(_) = &**ty {
                errors.push_at(ty, "a pikku function names what it returns\nhelp: write `Result<Output, Error>`");
            } else if let Some(boxed) = boxed_error(ty) {
                errors.push_at(
                    boxed,
                    "callers of a pikku function know how it fails\nhelp: derive an enum for it, `#[derive(Debug, thiserror::Error, pikku_core::PikkuError)]`, with one variant for each way",
                );
            } else if let Some(borrow) = Borrow::in_type(ty) {
                errors.push_at(
                    borrow,
                    "an output outlives the call, so it borrows nothing\nhelp: answer with owned data, such as `String` in place of `&str`",
                );
            }
            Some(&**ty)
        }
        ReturnType::Default => {
            errors.push(
                function.sig.paren_token.span.close(),
                "a pikku function returns `Result<Output, Error>`\nhelp: one that has nothing to say returns `Result<(), Error>`",
            );
            None
        }
    }
}

/// The `Box<dyn …>` that a result has for its error, if it has.
fn boxed_error(ty: &Type) -> Option<&Type> {
    let error = arguments(ty).nth(1)?;
    let is_dyn = matches!(arguments(error).next(), Some(Type::TraitObject(_)));
    is_dyn.then_some(error)
}

/// The types in angle brackets behind a name.
fn arguments(ty: &Type) -> impl Iterator<Item = &Type> {
    let last = match ty {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    let arguments = match last.map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

const SERVICES_FIRST: &str =
    "the first parameter of a pikku function is the services\nhelp: write `services: &Services`";

fn parse_services<'f>(function: &'f ItemFn, first: Option<&'f FnArg>, errors: &mut Errors) -> Option<&'f Type> {
    match first {
        Some(FnArg::Typed(parameter)) => match &*parameter.ty {
            Type::Reference(reference) if reference.mutability.is_none() => return Some(&reference.elem),
            Type::Reference(reference) => {
                errors.push_at(reference, "the services are shared\nhelp: write `services: &Services`, without `mut`");
            }
            other => errors.push_at(other, SERVICES_FIRST),
        },
        Some(FnArg::Receiver(receiver)) => errors.push_at(
            receiver,
            "a pikku function is a free function, not a method\nhelp: move it out of the `impl` and take `services: &Services`",
        ),
        None => errors.push(function.sig.paren_token.span.close(), SERVICES_FIRST),
    }
    None
}

/// The input is the second parameter, when it is called `data` or taken apart on the spot.
fn is_data(parameter: &PatType) -> bool {
    match &*parameter.pat {
        Pat::Ident(pattern) => pattern.ident == "data" || pattern.ident == "_data",
        Pat::Struct(_) | Pat::TupleStruct(_) => true,
        _ => false,
    }
}

fn check_data(ty: &Type, errors: &mut Errors) {
    if let Type::Reference(reference) = ty {
        errors.push_at(reference, "the input is taken by value\nhelp: write `data: Input`, without `&`");
    } else if let Some(borrow) = Borrow::in_type(ty) {
        errors.push_at(
            borrow,
            "an input borrows nothing, since the request that it came with is gone\nhelp: make its fields owned, such as `String` in place of `&str`",
        );
    }
}

/// Finds what a type borrows for less than the life of the program.
#[derive(Default)]
struct Borrow(Option<TokenStream>);

impl Borrow {
    fn in_type(ty: &Type) -> Option<TokenStream> {
        let mut borrow = Self::default();
        borrow.visit_type(ty);
        borrow.0
    }
}

impl<'ast> Visit<'ast> for Borrow {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        match &reference.lifetime {
            Some(lifetime) if lifetime.ident == "static" => visit::visit_type_reference(self, reference),
            _ => self.0 = Some(reference.to_token_stream()),
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.0 = Some(lifetime.to_token_stream());
        }
    }
}

fn parse_parameter<'f>(parameter: &'f PatType, errors: &mut Errors) -> Option<Parameter<'f>> {
    if let Some(name) = name_of(parameter).filter(|name| *name == "data" || *name == "_data") {
        errors.push_at(name, "the input comes right after the services\nhelp: move `data` to the second place");
        return None;
    }
    if let Type::Reference(reference) = &*parameter.ty {
        if reference.mutability.is_some() {
            errors.push_at(
                reference,
                "a session is changed through its service\nhelp: take `sessions: UserSessionService<Session>` and call `sessions.set(…)`",
            );
            return None;
        }
        return Some(Parameter::Session(&parameter.ty));
    }
    if is_optional_reference(&parameter.ty) {
        return Some(Parameter::OptionalSession(&parameter.ty));
    }
    Some(Parameter::Handle(&parameter.ty))
}

fn name_of(parameter: &PatType) -> Option<&Ident> {
    match &*parameter.pat {
        Pat::Ident(pattern) => Some(&pattern.ident),
        _ => None,
    }
}

/// Whether a type is written `Option<&…>`.
fn is_optional_reference(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let is_option = path.path.segments.last().is_some_and(|last| last.ident == "Option");
    is_option && matches!(arguments(ty).next(), Some(Type::Reference(_)))
}
