//! From the schemas of a [`Model`] to [`Type`]s with their final names.

mod names;
mod shape;
mod union;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Named, Type};
use crate::model::{Function, Model, Output};
use names::{Direction, Names};

/// All the types of an application, under the names that generated code gives them.
#[derive(Debug, Clone)]
pub struct Types {
    named: BTreeMap<String, Named>,
    names: Names,
}

impl Types {
    /// Parses every schema that the functions of a model use, directly or through others.
    #[must_use]
    pub fn new(model: &Model) -> Self {
        let inputs =
            Direction::new(&model.inputs, model.functions.iter().filter_map(|function| function.input.as_ref()));
        let written = model.functions.iter().flat_map(written_by).chain(model.topics.iter().map(|topic| &topic.data));
        let outputs = Direction::new(&model.outputs, written);
        let names = Names::new(&inputs, &outputs);

        let named = inputs
            .into_types()
            .map(|(raw, named)| (names.input(&raw), names.rename_input(named)))
            .chain(outputs.into_types().map(|(raw, named)| (names.output(&raw), names.rename_output(named))))
            .filter_map(|(name, named)| Some((name?.to_owned(), named)))
            .collect();
        Self { named, names }
    }

    /// Every named type that a function uses, in the order of the names.
    pub fn named(&self) -> impl Iterator<Item = &Named> {
        self.named.values()
    }

    /// The named type of this name, which is the one that [`Type::Ref`] holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Named> {
        self.named.get(name)
    }

    /// The type of a schema that describes what is read; its references point into [`Model::inputs`].
    #[must_use]
    pub fn input(&self, schema: &Value) -> Type {
        let mut ty = shape::parse_type(schema);
        self.names.rename_input_refs(&mut ty);
        ty
    }

    /// The type of a schema that describes what is written; its references point into [`Model::outputs`].
    #[must_use]
    pub fn output(&self, schema: &Value) -> Type {
        let mut ty = shape::parse_type(schema);
        self.names.rename_output_refs(&mut ty);
        ty
    }
}

/// Every schema that a function writes: its output, and the payloads of its errors.
fn written_by(function: &Function) -> impl Iterator<Item = &Value> {
    let output = match &function.output {
        Output::Json(schema) | Output::Stream(schema) => Some(schema),
        Output::None | Output::Raw => None,
    };
    output.into_iter().chain(function.errors.iter().filter_map(|error| error.data.as_ref()))
}
