//! What stands in the signatures of a function, on whichever transport it is called.

use std::collections::BTreeMap;

use proc_macro2::{Ident, TokenStream};

use super::{
    RustClientError, clearable,
    errors::Errors,
    names::{ident, pascal_case},
    simplify::simplify,
    types::{Position, TypeWriter},
};
use crate::{
    model::{Function, Output},
    schema::Types,
};

/// The types of a function, as they stand in a signature.
pub(super) struct Signature {
    /// The input, borrowed.
    pub(super) input: Option<TokenStream>,
    /// What it answers with, or each item of a stream.
    pub(super) output: Option<TokenStream>,
    pub(super) error: Ident,
}

/// The signatures of functions, by their names. Types that have no name of their own get one here, once.
pub(super) fn signatures<'m>(
    functions: impl Iterator<Item = &'m Function>,
    says: &BTreeMap<&str, String>,
    types: &Types,
    errors: &Errors,
    writer: &mut TypeWriter<'_>,
) -> Result<BTreeMap<&'m str, Signature>, RustClientError> {
    let signatures = functions.map(|function| {
        let (pascal, method) = (pascal_case(&function.name), says.get(function.name.as_str()));
        let position = |suffix: &str, what: &str| {
            let says = method.map(|method| format!("{what} {method}.")).unwrap_or_default();
            Position::new(format!("{pascal}{suffix}"), says)
        };
        let input = function.input.as_ref().map(|schema| simplify(types.input(schema)));
        let input = input.map(|ty| {
            let position = position("Input", "The input of").of_input(clearable(function));
            writer.borrowed(&ty, &position)
        });
        let input = input.transpose()?;
        let output = match &function.output {
            Output::None | Output::Raw => None,
            Output::Json(schema) => {
                Some(writer.ty(&simplify(types.output(schema)), &position("Output", "The answer of"))?)
            }
            Output::Stream(schema) => {
                Some(writer.ty(&simplify(types.output(schema)), &position("Event", "What is sent by"))?)
            }
        };
        let error = match errors.name(&function.name) {
            "" => "NoError",
            name => name,
        };
        Ok((function.name.as_str(), Signature { input, output, error: ident(error) }))
    });
    signatures.collect()
}
