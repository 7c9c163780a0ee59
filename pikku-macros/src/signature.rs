//! What a function asks for, told from its signature.

use proc_macro2::Span;
use syn::{
    FnArg, GenericArgument, Ident, ItemFn, Pat, PatType, PathArguments, ReturnType, Safety, Type, TypeReference,
    Visibility, spanned::Spanned,
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

/// A parameter after the services and the input.
pub(crate) enum Parameter<'f> {
    /// `session: &Session`.
    Session(&'f TypeReference),
    /// `session: Option<&Session>`.
    OptionalSession(Span),
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
    if !sig.generics.params.is_empty() {
        errors.push(
            sig.generics.span(),
            "a pikku function is not generic, since a route calls one function\nhelp: name the types, and call a generic function from it",
        );
    }
    if let Some(clause) = &sig.generics.where_clause {
        errors.push(clause.span(), "a pikku function has no `where` clause");
    }
    if let Safety::Unsafe(unsafety) = &sig.safety {
        errors.push(unsafety.span, "a pikku function is safe\nhelp: take out `unsafe`");
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
                errors.push(ty.span(), "a pikku function names what it returns\nhelp: write `Result<Output, Error>`");
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

const SERVICES_FIRST: &str =
    "the first parameter of a pikku function is the services\nhelp: write `services: &Services`";

fn parse_services<'f>(function: &'f ItemFn, first: Option<&'f FnArg>, errors: &mut Errors) -> Option<&'f Type> {
    match first {
        Some(FnArg::Typed(parameter)) => match &*parameter.ty {
            Type::Reference(reference) if reference.mutability.is_none() => return Some(&reference.elem),
            Type::Reference(reference) => {
                errors.push(reference.span(), "the services are shared\nhelp: write `services: &Services`, without `mut`");
            }
            other => errors.push(other.span(), SERVICES_FIRST),
        },
        Some(FnArg::Receiver(receiver)) => errors.push(
            receiver.span(),
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

fn parse_parameter<'f>(parameter: &'f PatType, errors: &mut Errors) -> Option<Parameter<'f>> {
    if let Type::Reference(reference) = &*parameter.ty {
        if reference.mutability.is_some() {
            errors.push(
                reference.span(),
                "a session is changed through its service\nhelp: take `sessions: UserSessionService<Session>` and call `sessions.set(…)`",
            );
            return None;
        }
        if name_of(parameter).is_some_and(|name| name == "data" || name == "_data") {
            errors.push(reference.span(), "the input is taken by value\nhelp: write `data: Input`");
            return None;
        }
        return Some(Parameter::Session(reference));
    }
    if is_optional_reference(&parameter.ty) {
        return Some(Parameter::OptionalSession(parameter.ty.span()));
    }
    if name_of(parameter).is_some_and(|name| name == "data") {
        errors
            .push(parameter.span(), "the input comes right after the services\nhelp: move `data` to the second place");
        return None;
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
    let Some(last) = path.path.segments.last() else { return false };
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    last.ident == "Option" && matches!(arguments.args.first(), Some(GenericArgument::Type(Type::Reference(_))))
}
