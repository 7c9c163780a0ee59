//! Whether every constraint that is published is enforced.
//!
//! A schema can promise what no code keeps: a `#[schemars(length(…))]` without its `#[garde(length(…))]`, or a list whose
//! items nobody dives into. So each constraint is tried out: a value that keeps everything but this one is handed to the
//! function's own parser and validator, which have to refuse it. Where they do, their report also tells what Rust calls
//! the field that the wire calls otherwise.

use std::collections::{BTreeMap, BTreeSet};

use pikku_core::{FieldError, FunctionEntry, Registry, Rejection};
use serde_json::{Map, Value, json};

use super::{
    place,
    sample::{Definitions, sample, type_of},
};
use crate::{
    error::Diagnostic,
    model::{Function, Model},
};

/// What the trials found.
#[derive(Debug, Default)]
pub(super) struct Probed {
    /// Constraints that are published and not enforced.
    pub(super) unenforced: Vec<Diagnostic>,
    /// Constraints that could not be tried.
    pub(super) unknown: Vec<Diagnostic>,
    /// For each function, what Rust and the wire call its fields where the two differ.
    pub(super) renamed: Vec<BTreeMap<String, String>>,
}

/// Tries every constraint of every input.
pub(super) fn probe(registry: &Registry, model: &Model) -> Probed {
    let mut probed = Probed::default();
    for (function, entry) in model.functions.iter().zip(registry.functions()) {
        let renamed = match &function.input {
            Some(schema) => probe_function(function, entry, schema, Definitions(&model.inputs), &mut probed),
            None => BTreeMap::new(),
        };
        probed.renamed.push(renamed);
    }
    probed
}

fn probe_function(
    function: &Function,
    entry: &FunctionEntry,
    schema: &Value,
    definitions: Definitions<'_>,
    probed: &mut Probed,
) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    let mut walk = Walk { definitions, inside: Vec::new(), names: BTreeSet::new() };
    let trials = walk.trials(schema);
    for name in &walk.names {
        let rust = snake_case(name);
        if rust != *name {
            renamed.insert(rust, name.clone());
        }
    }
    let refusal = |value: &Value| (entry.probe)(value.to_string().as_bytes()).err();
    for trial in trials {
        let at = if trial.pointer.is_empty() { "the input".to_owned() } else { format!("`{}`", trial.pointer) };
        if refusal(&trial.good).is_some() {
            probed.unknown.push(Diagnostic {
                place: place(function),
                message: format!("whether `{}` of {at} in the input of `{}` is enforced can't be tried, for want of a value that is accepted", trial.keyword, function.name),
                help: "give the type an example, `#[schemars(example = …)]`".to_owned(),
            });
            continue;
        }
        match refusal(&trial.bad) {
            None => probed.unenforced.push(Diagnostic {
                place: place(function),
                message: format!("the schema of {at} in the input of `{}` says `{}: {}`, and nothing enforces it", function.name, trial.keyword, trial.limit),
                help: "derive `garde::Validate` for the input, with the constraint in `#[garde(…)]` and `#[garde(dive)]` on the way to it, or take the constraint out of the schema".to_owned(),
            }),
            Some(Rejection::Invalid(errors)) => learn_names(&trial.pointer, &errors, &mut renamed),
            Some(Rejection::Malformed(_)) => {}
        }
    }
    renamed
}

/// Compares where an error was expected with where it was told.
fn learn_names(wire: &str, errors: &[FieldError], renamed: &mut BTreeMap<String, String>) {
    let [error] = errors else { return };
    let (wire, rust): (Vec<_>, Vec<_>) = (wire.split('/').collect(), error.pointer.split('/').collect());
    if wire.len() == rust.len() {
        for (wire, rust) in wire.into_iter().zip(rust).filter(|(wire, rust)| wire != rust) {
            renamed.insert(rust.to_owned(), wire.to_owned());
        }
    }
}

/// One constraint to be tried: a value that keeps it and everything else, and one that breaks only it.
#[derive(Debug)]
struct Trial {
    pointer: String,
    keyword: &'static str,
    limit: Value,
    good: Value,
    bad: Value,
}

impl Trial {
    /// The same trial with other members around it.
    fn beside(self, members: &Map<String, Value>) -> Self {
        let with = |value: Value| match value {
            Value::Object(own) => Value::Object(members.clone().into_iter().chain(own).collect()),
            other => other,
        };
        Self { good: with(self.good), bad: with(self.bad), ..self }
    }

    /// The same trial one level further out.
    fn lift(self, segment: &str, wrap: impl Fn(Value) -> Value) -> Self {
        Self { pointer: format!("/{segment}{}", self.pointer), good: wrap(self.good), bad: wrap(self.bad), ..self }
    }
}

/// A sample of the members that a schema has whichever of its branches holds.
fn beside_branches(schema: &Value, key: &str, definitions: Definitions<'_>) -> Option<Map<String, Value>> {
    schema.get("properties")?;
    let mut without = schema.clone();
    without.as_object_mut()?.remove(key);
    match sample(&without, definitions)? {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

struct Walk<'m> {
    definitions: Definitions<'m>,
    /// The named types on the way here, so that a recursive one is entered once.
    inside: Vec<&'m str>,
    /// The names of all fields that were met.
    names: BTreeSet<String>,
}

impl<'m> Walk<'m> {
    /// The trials of everything in a schema.
    fn trials(&mut self, schema: &Value) -> Vec<Trial> {
        let mut trials = Vec::new();
        if let Some((name, target)) = self.definitions.resolve(schema) {
            if self.inside.contains(&name) {
                return trials;
            }
            self.inside.push(name);
            trials.extend(self.trials(target));
            self.inside.pop();
        }
        for key in ["anyOf", "oneOf"] {
            let Some(branches) = schema.get(key).and_then(Value::as_array) else { continue };
            // Beside the branches of a flattened enum stand the fields of the struct that it is flattened into.
            let beside = beside_branches(schema, key, self.definitions);
            for trial in branches.iter().flat_map(|branch| self.trials(branch)).collect::<Vec<_>>() {
                trials.push(match &beside {
                    Some(beside) => trial.beside(beside),
                    None => trial,
                });
            }
        }
        match type_of(schema) {
            Some("object") => trials.extend(self.object_trials(schema)),
            Some("array") => trials.extend(self.array_trials(schema)),
            Some("string") => trials.extend(string_trials(schema, self.definitions)),
            Some("integer" | "number") => trials.extend(number_trials(schema, self.definitions)),
            _ => {}
        }
        trials
    }

    fn object_trials(&mut self, schema: &Value) -> Vec<Trial> {
        let mut trials = Vec::new();
        // Members of a flattened enum are beside the others, so a sample of the whole has them too.
        let Some(Value::Object(base)) = sample(schema, self.definitions) else { return trials };
        let with = |name: &str, value: Value| {
            let mut object = base.clone();
            object.insert(name.to_owned(), value);
            Value::Object(object)
        };
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.names.insert(name.clone());
            trials.extend(self.trials(member).into_iter().map(|trial| trial.lift(name, |value| with(name, value))));
        }
        if let Some(values) = schema.get("additionalProperties").filter(|values| values.is_object()) {
            trials.extend(self.trials(values).into_iter().map(|trial| trial.lift("key", |value| with("key", value))));
        }
        for (keyword, count) in [("minProperties", -1_i64), ("maxProperties", 1)] {
            let Some(limit) = schema.get(keyword).and_then(Value::as_i64) else { continue };
            let value = schema.get("additionalProperties").and_then(|values| sample(values, self.definitions));
            let Some(value) = value else { continue };
            let of =
                |count: i64| Value::Object((0..count).map(|n| (format!("k{n}"), value.clone())).collect::<Map<_, _>>());
            trials.push(Trial {
                pointer: String::new(),
                keyword,
                limit: json!(limit),
                good: of(limit),
                bad: of((limit + count).max(0)),
            });
        }
        trials
    }

    fn array_trials(&mut self, schema: &Value) -> Vec<Trial> {
        let mut trials = Vec::new();
        if let Some(items) = schema.get("prefixItems").and_then(Value::as_array) {
            let Some(Value::Array(base)) = sample(schema, self.definitions) else { return trials };
            for (index, item) in items.iter().enumerate() {
                let with = |value: Value| {
                    let mut tuple = base.clone();
                    tuple[index] = value;
                    Value::Array(tuple)
                };
                trials.extend(self.trials(item).into_iter().map(|trial| trial.lift(&index.to_string(), with)));
            }
            return trials;
        }
        let Some(items) = schema.get("items") else { return trials };
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).max(1);
        let rest = sample(items, self.definitions);
        let of = |first: Value, count: u64| {
            let mut list = vec![first];
            list.extend((1..count).filter_map(|_| rest.clone()));
            Value::Array(list)
        };
        trials.extend(self.trials(items).into_iter().map(|trial| trial.lift("0", |value| of(value, least))));
        let Some(item) = sample(items, self.definitions) else { return trials };
        let list = |count: u64| Value::Array((0..count).map(|_| item.clone()).collect());
        let limit = |key: &str| schema.get(key).and_then(Value::as_u64).filter(|limit| *limit <= 10_000);
        // A list whose length is fixed is an array in Rust, which serde takes at its length only.
        if let Some(most) = limit("maxItems") {
            trials.push(Trial {
                pointer: String::new(),
                keyword: "maxItems",
                limit: json!(most),
                good: list(most),
                bad: list(most + 1),
            });
        }
        if let Some(least) = limit("minItems").filter(|least| *least > 0) {
            trials.push(Trial {
                pointer: String::new(),
                keyword: "minItems",
                limit: json!(least),
                good: list(least),
                bad: list(least - 1),
            });
        }
        trials
    }
}

fn string_trials(schema: &Value, definitions: Definitions<'_>) -> Vec<Trial> {
    let mut trials = Vec::new();
    let good = sample(schema, definitions).unwrap_or(Value::Null);
    let text = good.as_str().unwrap_or_default().to_owned();
    let mut trial = |keyword: &'static str, limit: &Value, bad: String| {
        trials.push(Trial {
            pointer: String::new(),
            keyword,
            limit: limit.clone(),
            good: good.clone(),
            bad: bad.into(),
        });
    };
    // Nothing longer is worth trying, and a schema may say so of no real limit.
    let length =
        |limit: &Value| limit.as_u64().and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit < 1 << 20);
    if let Some(limit) = schema.get("minLength")
        && let Some(least @ 1..) = length(limit)
    {
        trial("minLength", limit, text.chars().cycle().take(least - 1).collect());
    }
    if let Some(limit) = schema.get("maxLength")
        && let Some(most) = length(limit)
    {
        let last = text.chars().last().unwrap_or('a');
        let padding = std::iter::repeat_n(last, (most + 1).saturating_sub(text.chars().count()));
        trial("maxLength", limit, text.chars().chain(padding).collect());
    }
    if let Some(limit) = schema.get("pattern")
        && let Some(bad) = limit.as_str().and_then(|pattern| misfit(pattern, &text))
    {
        trial("pattern", limit, bad);
    }
    // These formats say how a string is meant, and refuse none.
    let format = schema.get("format").filter(|format| !matches!(format.as_str(), Some("binary" | "byte" | "password")));
    if let Some(limit) = format {
        trial("format", limit, "\u{1} of no format \u{1}".to_owned());
    }
    trials
}

/// A text that does not match, as long as the one that does if possible.
fn misfit(pattern: &str, good: &str) -> Option<String> {
    let pattern = regex::Regex::new(pattern).ok()?;
    let count = good.chars().count().max(1);
    ['!', 'a', 'A', '0', ' ', '-', '\u{1}', 'é']
        .into_iter()
        .map(|letter| std::iter::repeat_n(letter, count).collect::<String>())
        .chain(std::iter::once(String::new()))
        .find(|text| !pattern.is_match(text))
}

fn number_trials(schema: &Value, definitions: Definitions<'_>) -> Vec<Trial> {
    let good = sample(schema, definitions).unwrap_or(Value::Null);
    let whole = type_of(schema) == Some("integer");
    let beyond = |limit: &Value, step: i64| match limit.as_i64() {
        Some(limit) if whole => limit.checked_add(step).map(|value| json!(value)),
        // Beyond 64 bits no integer type reads it, whatever the validator says.
        _ if whole => None,
        _ => limit.as_f64().map(|limit| {
            #[expect(clippy::cast_precision_loss, reason = "the step is one")]
            let step = step as f64;
            json!(limit + step)
        }),
    };
    let natural = |limit: &Value| whole && is_natural(limit, schema.get("format").and_then(Value::as_str));
    let candidates = [("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)];
    let mut trials = Vec::new();
    for (keyword, step) in candidates {
        if let Some(limit) = schema.get(keyword).filter(|limit| !natural(limit))
            && let Some(bad) = beyond(limit, step)
        {
            trials.push(Trial { pointer: String::new(), keyword, limit: limit.clone(), good: good.clone(), bad });
        }
    }
    if let Some(limit) = schema.get("multipleOf")
        && let Some(step) = limit.as_f64()
        && let Some(start) = good.as_f64()
        && step > 1.0
    {
        trials.push(Trial {
            pointer: String::new(),
            keyword: "multipleOf",
            limit: limit.clone(),
            good: good.clone(),
            bad: json!(start + 1.0),
        });
    }
    trials
}

/// Whether a bound is that of the integer type itself, which no value of the type can break.
fn is_natural(limit: &Value, format: Option<&str>) -> bool {
    let (least, most) = match format {
        Some("uint8") => (0, i64::from(u8::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("uint64" | "uint128" | "uint") => (0, i64::MAX),
        Some("int8") => (i64::from(i8::MIN), i64::from(i8::MAX)),
        Some("int16") => (i64::from(i16::MIN), i64::from(i16::MAX)),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => return false,
    };
    limit.as_i64().is_some_and(|limit| limit == least || limit == most)
}

/// `todoId` as `todo_id`: what a field is called in Rust if nobody said otherwise.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter == '-' {
            snake.push('_');
        } else {
            if letter.is_uppercase() && before != '_' && before != '-' && !before.is_uppercase() {
                snake.push('_');
            }
            snake.extend(letter.to_lowercase());
        }
        before = letter;
    }
    snake
}
