//! Syntax trees, built piece by piece.
//!
//! Tables and `match`es have an entry for each function. Quoting and parsing those costs an unoptimized build script far
//! more than printing them, so only what stands around them is quoted.

use proc_macro2::{Ident, Literal, Span};
use syn::{
    AngleBracketedGenericArguments, Arm, Block, Expr, ExprArray, ExprAwait, ExprCall, ExprLit, ExprMatch,
    ExprMethodCall, ExprPath, ExprReference, ExprStruct, ExprTuple, FieldValue, GenericArgument, Lit, LitBool, LitStr,
    Member, Pat, PatLit, PatTupleStruct, Path, PathSegment, QSelf, Stmt, Type, TypePath,
    punctuated::Punctuated,
    token::{Brace, Paren},
};

/// An identifier; `name` must be one.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// A path in the runtime: `pikku::Route::new`.
pub(super) fn runtime(segments: &[&str]) -> Path {
    let segments = std::iter::once(&"pikku").chain(segments).map(|segment| PathSegment::from(ident(segment)));
    Path { leading_colon: None, segments: segments.collect() }
}

/// A path as an expression.
pub(super) fn name(path: impl Into<Path>) -> Expr {
    Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path: path.into() })
}

fn literal(lit: Lit) -> Expr {
    Expr::Lit(ExprLit { attrs: Vec::new(), lit })
}

/// `"text"`
pub(super) fn string(text: &str) -> Expr {
    literal(Lit::Str(LitStr::new(text, Span::call_site())))
}

/// `true` or `false`
pub(super) fn boolean(value: bool) -> Expr {
    literal(Lit::Bool(LitBool::new(value, Span::call_site())))
}

/// `404`
pub(super) fn number(number: Literal) -> Expr {
    literal(Lit::new(number))
}

/// `function(arguments)`
pub(super) fn call(function: Path, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Call(ExprCall {
        attrs: Vec::new(),
        func: Box::new(name(function)),
        paren_token: Paren::default(),
        args: arguments.into_iter().collect(),
    })
}

/// `Some(value)`
pub(super) fn some(value: Expr) -> Expr {
    call(ident("Some").into(), [value])
}

/// `(one, other)`
pub(super) fn pair(one: Expr, other: Expr) -> Expr {
    Expr::Tuple(ExprTuple {
        attrs: Vec::new(),
        paren_token: Paren::default(),
        elems: [one, other].into_iter().collect(),
    })
}

/// `&[items]`
pub(super) fn slice(items: impl IntoIterator<Item = Expr>) -> Expr {
    let array = ExprArray { attrs: Vec::new(), bracket_token: Default::default(), elems: items.into_iter().collect() };
    Expr::Reference(ExprReference {
        attrs: Vec::new(),
        and_token: Default::default(),
        mutability: None,
        expr: Box::new(Expr::Array(array)),
    })
}

/// `member: value`
pub(super) fn field(member: &str, value: Expr) -> FieldValue {
    FieldValue {
        attrs: Vec::new(),
        member: Member::Named(ident(member)),
        colon_token: Some(Default::default()),
        expr: value,
    }
}

/// `receiver.method::<ty>(arguments).await`
pub(super) fn await_generic(
    receiver: &str,
    method: &str,
    ty: impl Into<Path>,
    arguments: impl IntoIterator<Item = Expr>,
) -> Expr {
    let ty = type_of(ty.into());
    let turbofish = AngleBracketedGenericArguments {
        colon2_token: Some(Default::default()),
        lt_token: Default::default(),
        args: [GenericArgument::Type(ty)].into_iter().collect(),
        gt_token: Default::default(),
    };
    let call = ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(name(ident(receiver))),
        dot_token: Default::default(),
        method: ident(method),
        turbofish: Some(turbofish),
        paren_token: Paren::default(),
        args: arguments.into_iter().collect(),
    };
    Expr::Await(ExprAwait {
        attrs: Vec::new(),
        base: Box::new(Expr::MethodCall(call)),
        dot_token: Default::default(),
        await_token: Default::default(),
    })
}

/// `<ty as trait_>::method()`
pub(super) fn call_of(ty: Path, trait_: Path, method: &str) -> Expr {
    let position = trait_.segments.len();
    let ty = Box::new(type_of(ty));
    let qself = QSelf {
        lt_token: Default::default(),
        ty,
        position,
        as_token: Some(Default::default()),
        gt_token: Default::default(),
    };
    let mut path = trait_;
    path.segments.push(ident(method).into());
    let func = Expr::Path(ExprPath { attrs: Vec::new(), qself: Some(qself), path });
    Expr::Call(ExprCall {
        attrs: Vec::new(),
        func: Box::new(func),
        paren_token: Paren::default(),
        args: Punctuated::new(),
    })
}

fn type_of(path: Path) -> Type {
    Type::Path(TypePath { attrs: Vec::new(), qself: None, path })
}

/// `path { fields, ..rest }`
pub(super) fn structure(path: Path, fields: impl IntoIterator<Item = FieldValue>, rest: Expr) -> Expr {
    Expr::Struct(ExprStruct {
        attrs: Vec::new(),
        qself: None,
        path,
        brace_token: Brace::default(),
        fields: fields.into_iter().collect(),
        dot2_token: Some(Default::default()),
        rest: Some(Box::new(rest)),
    })
}

/// `7`, as a pattern
pub(super) fn number_pattern(number: usize) -> Pat {
    let number = Lit::new(Literal::usize_unsuffixed(number));
    Pat::Lit(PatLit { attrs: Vec::new(), lit: number })
}

/// `Some(inner)`, as a pattern
pub(super) fn variant_pattern(variant: &str, inner: Pat) -> Pat {
    Pat::TupleStruct(PatTupleStruct {
        attrs: Vec::new(),
        qself: None,
        path: ident(variant).into(),
        paren_token: Paren::default(),
        elems: [inner].into_iter().collect(),
    })
}

/// `pattern => body,`
pub(super) fn arm(pattern: Pat, body: Expr) -> Arm {
    Arm {
        attrs: Vec::new(),
        pat: pattern,
        fat_arrow_token: Default::default(),
        body: Box::new(body),
        comma: Some(Default::default()),
    }
}

/// A `match` that has these arms before its own.
pub(super) fn match_first(mut arms: Vec<Arm>, otherwise: ExprMatch) -> Stmt {
    arms.extend(otherwise.arms);
    Stmt::Expr(Expr::Match(ExprMatch { arms, ..otherwise }), None)
}

/// `{ statements }`
pub(super) fn block(statements: impl Into<Vec<Stmt>>) -> Block {
    Block { brace_token: Brace::default(), stmts: statements.into() }
}
