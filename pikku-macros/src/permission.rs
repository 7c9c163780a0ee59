//! The language of permissions: calls, `&&`, `||`, `!` and parentheses.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    BinOp, Expr, ExprPath, UnOp,
    parse::{Parse, ParseStream},
    spanned::Spanned,
};

use crate::function::{at, located};

/// A permission expression.
pub(crate) enum Permission {
    /// A call of a permission function, with fields of the input and literals for arguments.
    Call {
        function: ExprPath,
        arguments: Vec<Argument>,
    },
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// An argument of a permission.
pub(crate) enum Argument {
    /// A field of the input, or a field of a field.
    Field(Expr),
    /// A value that stands there.
    Literal(Expr),
}

impl Parse for Permission {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Self::read(input.parse()?)
    }
}

impl Permission {
    fn read(expr: Expr) -> syn::Result<Self> {
        match expr {
            Expr::Path(function) => Ok(Self::Call { function, arguments: Vec::new() }),
            Expr::Call(call) => {
                let Expr::Path(function) = *call.func else {
                    return Err(unreadable(&*call.func));
                };
                let arguments = call.args.into_iter().map(read_argument).collect::<syn::Result<_>>()?;
                Ok(Self::Call { function, arguments })
            }
            Expr::Paren(paren) => Self::read(*paren.expr),
            // What a `macro_rules!` was given as an expression comes in a group that nobody sees.
            Expr::Group(group) => Self::read(*group.expr),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Not(_)) => Ok(Self::Not(Box::new(Self::read(*unary.expr)?))),
            Expr::Binary(binary) => {
                let join = match binary.op {
                    BinOp::And(_) => Self::And,
                    BinOp::Or(_) => Self::Or,
                    op => {
                        return Err(syn::Error::new_spanned(
                            op,
                            "permissions are joined with `&&` and `||`\nhelp: write one of the two, and `!` for the opposite",
                        ));
                    }
                };
                Ok(join(Box::new(Self::read(*binary.left)?), Box::new(Self::read(*binary.right)?)))
            }
            other => Err(unreadable(&other)),
        }
    }

    /// The expression as code of type `bool`, in a function of `PikkuFunc` that returns `Result<_, Problem>`.
    pub(crate) fn expand(&self, core: &TokenStream, auth: bool) -> TokenStream {
        match self {
            Self::Call { function, arguments } => {
                let arguments = arguments.iter().map(|argument| match argument {
                    Argument::Field(field) => quote_spanned!(located(field.span())=> &input.#field),
                    Argument::Literal(literal) => literal.to_token_stream(),
                });
                // A required session fits a permission that takes `&Session` and one that takes `Option<&Session>`.
                let span = function.span();
                let session = if auth {
                    at(span, quote!(#core::RequiredSession::pass(session)))
                } else {
                    at(span, quote!(#core::OptionalSession::pass(wire.session())))
                };
                let call = quote_spanned!(located(span)=> #function(wire.services(), #(#arguments,)* #session).await);
                {
                    let permitted = at(span, quote!(#core::Permitted::<Self::Error>::permitted));
                    quote!(#permitted(#call).map_err(|error| #core::told(Self::NAME, error))?)
                }
            }
            Self::Not(inner) => {
                let inner = inner.expand(core, auth);
                quote!(!(#inner))
            }
            Self::And(left, right) => {
                let (left, right) = (left.expand(core, auth), right.expand(core, auth));
                quote!((#left && #right))
            }
            Self::Or(left, right) => {
                let (left, right) = (left.expand(core, auth), right.expand(core, auth));
                quote!((#left || #right))
            }
        }
    }

    /// Whether a field of the input is an argument anywhere.
    pub(crate) fn reads_input(&self) -> Option<&Expr> {
        match self {
            Self::Call { arguments, .. } => arguments.iter().find_map(|argument| match argument {
                Argument::Field(field) => Some(field),
                Argument::Literal(_) => None,
            }),
            Self::Not(inner) => inner.reads_input(),
            Self::And(left, right) | Self::Or(left, right) => left.reads_input().or_else(|| right.reads_input()),
        }
    }

    /// The expression as a reader would write it.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Call { function, arguments } => {
                let name = compact(function);
                if arguments.is_empty() {
                    return name;
                }
                let arguments: Vec<_> = arguments
                    .iter()
                    .map(|argument| match argument {
                        Argument::Field(expr) | Argument::Literal(expr) => compact(expr),
                    })
                    .collect();
                format!("{name}({})", arguments.join(", "))
            }
            Self::Not(inner) => match **inner {
                Self::Call { .. } | Self::Not(_) => format!("!{}", inner.text()),
                _ => format!("!({})", inner.text()),
            },
            Self::And(left, right) => format!("{} && {}", left.operand(), right.operand()),
            Self::Or(left, right) => format!("{} || {}", left.text(), right.text()),
        }
    }

    /// The text, in parentheses where it would be torn apart by `&&`.
    fn operand(&self) -> String {
        match self {
            Self::Or(..) => format!("({})", self.text()),
            _ => self.text(),
        }
    }
}

fn read_argument(expr: Expr) -> syn::Result<Argument> {
    match &expr {
        Expr::Lit(_) => Ok(Argument::Literal(expr)),
        Expr::Unary(unary) if matches!((&unary.op, &*unary.expr), (UnOp::Neg(_), Expr::Lit(_))) => {
            Ok(Argument::Literal(expr))
        }
        Expr::Group(group) => read_argument((*group.expr).clone()),
        Expr::Path(path) if path.path.get_ident().is_some() => Ok(Argument::Field(expr)),
        Expr::Field(field) => {
            let mut base = &*field.base;
            while let Expr::Field(inner) = base {
                base = &inner.base;
            }
            match base {
                Expr::Path(path) if path.path.get_ident().is_some() => Ok(Argument::Field(expr)),
                _ => Err(not_an_argument(&expr)),
            }
        }
        _ => Err(not_an_argument(&expr)),
    }
}

fn not_an_argument(expr: &Expr) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        "an argument of a permission is a field of the input, or a literal\nhelp: write the field's name, `is_owner(todo_id)`; it is passed by reference",
    )
}

fn unreadable(expr: &impl ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        expr,
        "this is no permission\nhelp: write calls joined with `&&`, `||` and `!`, such as `is_admin || is_owner(todo_id)`",
    )
}

/// Tokens without the blanks that `to_string` puts between them. Those in a literal are its own.
fn compact(tokens: &impl ToTokens) -> String {
    let tokens = tokens.to_token_stream().into_iter();
    tokens
        .map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => compact(&group.stream()),
            TokenTree::Literal(literal) => literal.to_string(),
            other => other.to_string().replace(' ', ""),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expect: &str) {
        let permission: Permission = syn::parse_str(expression).expect("a permission");
        assert_eq!(permission.text(), expect);
    }

    #[test]
    fn p1_an_expression_is_shown_as_a_reader_would_write_it() {
        check("users :: is_admin", "users::is_admin");
        check("is_admin ()||(is_owner( todo . id ) && ! is_locked)", "is_admin || is_owner(todo.id) && !is_locked");
        check("!(a || b) && (c || d)", "!(a || b) && (c || d)");
        check("has_scope(\"read all\") && is_at_least( -1, 'x')", "has_scope(\"read all\") && is_at_least(-1, 'x')");
    }
}
