//! What is tried out: for each constraint of a schema a value that keeps it, and one that breaks only it.

use std::cell::LazyCell;

use serde_json::{Map, Value, json};

use super::{
    fits::NO_FORMAT,
    names::escape,
    pattern::Pattern,
    sample::{Definitions, Sampler, count},
    text::{LONGEST, lengths, sample_text, text_for_key, text_of_length},
};
use crate::schema::{Keywords, array, members};

/// Lists and maps that may be longer than this are not made.
const MOST_ITEMS: u64 = 1_000;

/// These formats say how a string is meant, and refuse none.
const REFUSE_NOTHING: &[&str] = &["binary", "byte", "password"];

/// One constraint, and the values that try it.
#[derive(Debug, Clone)]
pub(super) struct Trial {
    /// Where the constraint stands in the schema, which tells it from all others.
    pub(super) place: String,
    /// Where it applies in the values.
    pub(super) pointer: String,
    /// The same for all items and keys: those are `*`.
    pub(super) pattern: String,
    pub(super) keyword: &'static str,
    pub(super) limit: Value,
    /// The values; none if no value is known that keeps the constraint.
    pub(super) values: Option<Values>,
}

/// A value that keeps a constraint, and one that does not.
#[derive(Debug, Clone)]
pub(super) struct Values {
    pub(super) good: Value,
    pub(super) bad: Value,
    /// Whether the bad one must be refused: a set that is given the same item twice has it once.
    pub(super) conclusive: bool,
}

impl Trial {
    fn new(keyword: &'static str, limit: &Value, values: Option<Values>) -> Self {
        let (pointer, pattern) = (String::new(), String::new());
        Self { place: format!("/{keyword}"), pointer, pattern, keyword, limit: limit.clone(), values }
    }

    fn map(self, wrap: impl Fn(Value) -> Value) -> Self {
        let values = self.values.map(|values| Values { good: wrap(values.good), bad: wrap(values.bad), ..values });
        Self { values, ..self }
    }

    /// The same trial with other members around it.
    fn beside(self, members: &Map<String, Value>) -> Self {
        self.map(|value| match value {
            Value::Object(own) => Value::Object(members.clone().into_iter().chain(own).collect()),
            other => other,
        })
    }

    /// The same trial one level further out; `pattern` is `*` where any segment would do.
    fn lift(self, segment: &str, pattern: &str, wrap: impl Fn(Value) -> Value) -> Self {
        let pointer = format!("/{}{}", escape(segment), self.pointer);
        let pattern = format!("/{pattern}{}", self.pattern);
        Self { pointer, pattern, ..self.map(wrap) }
    }

    /// The same trial of a schema that stands in another.
    fn within(self, place: &str) -> Self {
        Self { place: format!("/{place}{}", self.place), ..self }
    }
}

/// The trials of everything in a schema.
pub(super) fn trials(schema: &Value, sampler: Sampler<'_>) -> Vec<Trial> {
    Walk { sampler, definitions: sampler.definitions, inside: Vec::new() }.trials(schema)
}

struct Walk<'m> {
    sampler: Sampler<'m>,
    definitions: Definitions<'m>,
    /// The named types on the way here, so that a recursive one is entered once.
    inside: Vec<&'m str>,
}

impl Walk<'_> {
    fn trials(&mut self, schema: &Value) -> Vec<Trial> {
        let keywords = Keywords::of(schema);
        let mut trials = Vec::new();
        if let Some((name, target)) = keywords.reference.and_then(|reference| self.definitions.find(reference))
            && !self.inside.contains(&name)
        {
            self.inside.push(name);
            trials.extend(self.beside(schema, "$ref", target).into_iter().map(|trial| trial.within("$ref")));
            self.inside.pop();
        }
        for (key, branches) in [("anyOf", keywords.any_of), ("oneOf", keywords.one_of), ("allOf", keywords.all_of)] {
            for (index, branch) in array(branches).into_iter().flatten().enumerate() {
                let branch = self.beside(schema, key, branch);
                trials.extend(branch.into_iter().map(|trial| trial.within(&format!("{key}/{index}"))));
            }
        }
        match keywords.type_name() {
            Some("object") => trials.extend(self.object_trials(schema, &keywords)),
            Some("array") => trials.extend(self.array_trials(schema, &keywords)),
            Some("string") => trials.extend(string_trials(schema)),
            Some("integer" | "number") => trials.extend(number_trials(schema, &keywords, self.sampler)),
            _ => {}
        }
        trials
    }

    /// The trials of a part of a schema, with the members that the rest of it asks for: beside the branches of a
    /// flattened enum stand the fields of the struct that it is flattened into.
    fn beside(&mut self, schema: &Value, key: &str, part: &Value) -> Vec<Trial> {
        let trials = self.trials(part);
        if trials.is_empty() {
            return trials;
        }
        let mut rest = schema.clone();
        // Of several branches one holds, and of several parts all do.
        if let Some(rest) = rest.as_object_mut().filter(|_| key != "allOf") {
            rest.remove(key);
        }
        let has_members = ["properties", "$ref", "allOf", "anyOf", "oneOf"].iter().any(|key| rest.get(*key).is_some());
        match has_members.then(|| self.sampler.sample(&rest)).flatten() {
            Some(Value::Object(members)) => trials.into_iter().map(|trial| trial.beside(&members)).collect(),
            _ => trials,
        }
    }

    fn object_trials(&mut self, schema: &Value, keywords: &Keywords<'_>) -> Vec<Trial> {
        let mut trials = Vec::new();
        // Members of a flattened enum are beside the others, so a sample of the whole has them too.
        let sampler = self.sampler;
        let base = LazyCell::new(|| match sampler.sample(schema) {
            Some(Value::Object(base)) => base,
            _ => Map::new(),
        });
        let with = |name: &str, value: Value| {
            let mut object = (*base).clone();
            object.insert(name.to_owned(), value);
            Value::Object(object)
        };
        for (name, member) in members(keywords.properties) {
            let lift = |trial: Trial| trial.lift(name, &escape(name), |value| with(name, value)).within(&escape(name));
            trials.extend(self.trials(member).into_iter().map(lift));
        }
        if let Some(values) = keywords.map_values()
            && let Some(key) = text_for_key(schema, 0)
        {
            let lift = |trial: Trial| trial.lift(&key, "*", |value| with(&key, value)).within("*");
            trials.extend(self.trials(values).into_iter().map(lift));
        }
        let limits = [("minProperties", keywords.min_properties, -1), ("maxProperties", keywords.max_properties, 1)];
        for (keyword, limit, beyond) in limits {
            let Some(limit) = count(limit).filter(|limit| *limit <= MOST_ITEMS) else { continue };
            let Some(other) = limit.checked_add_signed(beyond) else { continue };
            let map = |count: u64| self.sampler.members(schema, usize::try_from(count).ok()?).map(Value::Object);
            // There are no more keys to a map whose keys are an enum, and so nothing that breaks a greater limit.
            let (good, bad) = (map(limit), map(other));
            if good.is_some() && bad.is_none() && keywords.map_values().is_none() {
                continue;
            }
            let values = good.zip(bad).map(|(good, bad)| Values { good, bad, conclusive: true });
            trials.push(Trial::new(keyword, &json!(limit), values));
        }
        trials
    }

    fn array_trials(&mut self, schema: &Value, keywords: &Keywords<'_>) -> Vec<Trial> {
        let mut trials = Vec::new();
        if let Some(items) = array(keywords.prefix_items) {
            let Some(Value::Array(base)) = self.sampler.sample(schema) else { return trials };
            for (index, item) in items.iter().enumerate() {
                // An example may be shorter than the schema says.
                if index >= base.len() {
                    continue;
                }
                let with = |value: Value| {
                    let mut tuple = base.clone();
                    tuple[index] = value;
                    Value::Array(tuple)
                };
                let segment = index.to_string();
                let lift = |trial: Trial| trial.lift(&segment, "*", with).within(&segment);
                trials.extend(self.trials(item).into_iter().map(lift));
            }
            return trials;
        }
        let Some(items) = keywords.items else { return trials };
        let least = usize::try_from(count(keywords.min_items).unwrap_or(0).clamp(1, MOST_ITEMS)).unwrap_or(1);
        // The others differ from the first one, so that a set has as many items as it must.
        let others = self.sampler.several(items, least).map(|(values, _)| values).unwrap_or_default();
        let list = |first: Value| {
            let others = others.iter().filter(|other| **other != first).take(least - 1).cloned();
            Value::Array(std::iter::once(first.clone()).chain(others).collect())
        };
        trials.extend(self.trials(items).into_iter().map(|trial| trial.lift("0", "*", list).within("items")));
        for (keyword, limit, beyond) in [("minItems", keywords.min_items, -1), ("maxItems", keywords.max_items, 1)] {
            let Some(limit) = count(limit).filter(|limit| *limit <= MOST_ITEMS) else { continue };
            let Some(other) = limit.checked_add_signed(beyond) else { continue };
            let several = |count: u64| self.sampler.several(items, usize::try_from(count).ok()?);
            let values = several(limit).zip(several(other)).map(|((good, _), (bad, conclusive))| Values {
                good: Value::Array(good),
                bad: Value::Array(bad),
                conclusive,
            });
            trials.push(Trial::new(keyword, &json!(limit), values));
        }
        trials
    }
}

fn string_trials(schema: &Value) -> Vec<Trial> {
    let mut trials = Vec::new();
    let good = sample_text(schema, 0);
    let mut trial = |keyword: &'static str, limit: &Value, bad: &dyn Fn(&str) -> Option<String>| {
        let values = good.as_ref().map(|good| {
            let bad = bad(good)?;
            Some(Values { good: json!(good), bad: json!(bad), conclusive: true })
        });
        match values {
            // Nothing breaks a pattern that matches everything.
            Some(None) => {}
            values => trials.push(Trial::new(keyword, limit, values.flatten())),
        }
    };
    let allowed = lengths(schema);
    let (least, most) = (*allowed.start(), *allowed.end());
    if let Some(limit) = schema.get("minLength")
        && (1..LONGEST).contains(&least)
    {
        let shorter = |good: &str| Some(good.chars().take(least - 1).collect());
        trial("minLength", limit, &|good| text_of_length(schema, 0, &(0..=least - 1)).or_else(|| shorter(good)));
    }
    if let Some(limit) = schema.get("maxLength")
        && most < LONGEST
    {
        let longer = |good: &str| {
            let last = good.chars().last().unwrap_or('a');
            Some(good.chars().chain(std::iter::repeat(last)).take(most + 1).collect())
        };
        trial("maxLength", limit, &|good| {
            text_of_length(schema, 0, &(most + 1..=most.saturating_add(64))).or_else(|| longer(good))
        });
    }
    if let Some(limit) = schema.get("pattern")
        && let Some(pattern) = limit.as_str()
    {
        match Pattern::parse(pattern) {
            Some(pattern) => trial("pattern", limit, &|good| pattern.misfit(good, &allowed)),
            None => trials.push(Trial::new("pattern", limit, None)),
        }
    }
    if let Some(limit) = schema.get("format")
        && !limit.as_str().is_some_and(|format| REFUSE_NOTHING.contains(&format))
    {
        let bad = Some(format!("{NO_FORMAT} of no format {NO_FORMAT}"));
        let good = good.clone().unwrap_or_else(|| "a".to_owned());
        let values = bad.map(|bad| Values { good: json!(good), bad: json!(bad), conclusive: true });
        trials.push(Trial::new("format", limit, values));
    }
    trials
}

fn number_trials(schema: &Value, keywords: &Keywords<'_>, sampler: Sampler<'_>) -> Vec<Trial> {
    let sample = LazyCell::new(|| sampler.sample(schema));
    let whole = keywords.type_name() == Some("integer");
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
    let values = |bad: Value| (*sample).clone().map(|good| Values { good, bad, conclusive: true });
    let mut trials = Vec::new();
    for (keyword, step) in [("minimum", -1), ("exclusiveMinimum", 0), ("maximum", 1), ("exclusiveMaximum", 0)] {
        if let Some(limit) = schema.get(keyword).filter(|limit| !natural(limit))
            && let Some(bad) = beyond(limit, step)
        {
            trials.push(Trial::new(keyword, limit, values(bad)));
        }
    }
    if let Some(limit) = schema.get("multipleOf")
        && let Some(start) =
            sample.as_ref().and_then(Value::as_i64).filter(|_| limit.as_i64().is_some_and(|step| step > 1))
    {
        trials.push(Trial::new("multipleOf", limit, values(json!(start + 1))));
    }
    if let Some(constant) = schema.get("not").and_then(|not| not.get("const")) {
        trials.push(Trial::new("not", constant, values(constant.clone())));
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
