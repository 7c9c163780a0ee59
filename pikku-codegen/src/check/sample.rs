//! Values that fit a schema: an example where the schema gives one, and as many different ones as are asked for.

use std::{cell::Cell, collections::BTreeMap};

use serde_json::{Map, Value, json};

use super::{
    names::unescape,
    text::{sample_text, text_for_key},
};
use crate::schema::{Keywords, array, members};

/// Looks schemas up by reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Definitions<'m>(pub(super) &'m BTreeMap<String, Value>);

impl<'m> Definitions<'m> {
    /// The name in a reference, and what stands under it.
    pub(super) fn find(self, reference: &Value) -> Option<(&'m str, &'m Value)> {
        let name = unescape(reference.as_str()?.rsplit('/').next()?);
        self.0.get_key_value(&*name).map(|(name, schema)| (name.as_str(), schema))
    }
}

/// How deep values may be nested before a sample is given up.
const DEEPEST: u8 = 24;

/// Makes samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sampler<'m> {
    pub(super) definitions: Definitions<'m>,
    /// Whether members are there that may be left out.
    pub(super) full: bool,
    /// Set when a member was left out.
    pub(super) left_out: &'m Cell<bool>,
}

/// Where a sample stands.
#[derive(Clone, Copy)]
struct At<'a> {
    depth: u8,
    full: bool,
    /// The named types around it.
    inside: Option<&'a Inside<'a>>,
}

struct Inside<'a> {
    name: &'a str,
    outer: Option<&'a Self>,
}

impl At<'_> {
    fn is_inside(&self, name: &str) -> bool {
        let mut inside = self.inside;
        while let Some(Inside { name: other, outer }) = inside {
            if *other == name {
                return true;
            }
            inside = *outer;
        }
        false
    }
}

impl Sampler<'_> {
    /// A value that fits. What no fitting text is known for is a text all the same.
    pub(super) fn sample(&self, schema: &Value) -> Option<Value> {
        self.nth(schema, 0)
    }

    /// The value of this number: they differ from each other, unless only a part of the type has so many values.
    pub(super) fn nth(&self, schema: &Value, number: usize) -> Option<Value> {
        self.at(schema, number, At { depth: 0, full: self.full, inside: None })
    }

    /// So many values that all differ.
    pub(super) fn distinct(&self, schema: &Value, count: usize) -> Option<Vec<Value>> {
        let values: Vec<Value> = (0..count).map(|number| self.nth(schema, number)).collect::<Option<_>>()?;
        let mut texts: Vec<String> = values.iter().map(Value::to_string).collect();
        texts.sort_unstable();
        texts.windows(2).all(|pair| pair[0] != pair[1]).then_some(values)
    }

    /// So many values, different ones if there are as many.
    pub(super) fn several(&self, schema: &Value, count: usize) -> Option<(Vec<Value>, bool)> {
        match self.distinct(schema, count) {
            Some(values) => Some((values, true)),
            None => Some((vec![self.sample(schema)?; count], false)),
        }
    }

    fn at(&self, schema: &Value, number: usize, at: At<'_>) -> Option<Value> {
        if at.depth > DEEPEST {
            return None;
        }
        let next = At { depth: at.depth + 1, ..at };
        let keywords = Keywords::of(schema);
        let examples = array(keywords.examples).or(array(keywords.values));
        if let Some(examples) = examples.filter(|values| !values.is_empty()) {
            return examples.get(number).cloned();
        }
        if let Some(constant) = keywords.constant {
            return (number == 0).then(|| constant.clone());
        }
        let mut parts = Vec::new();
        if let Some((name, target)) = keywords.reference.and_then(|reference| self.definitions.find(reference)) {
            // A type that holds itself is left empty the second time.
            let full = next.full && !at.is_inside(name);
            let inside = Inside { name, outer: at.inside };
            parts.push(self.varied(target, number, At { full, inside: Some(&inside), ..next })?);
        }
        for branches in [keywords.any_of, keywords.one_of].into_iter().filter_map(array) {
            parts.push(self.branch(branches, number, next)?);
        }
        for part in array(keywords.all_of).into_iter().flatten() {
            parts.push(self.varied(part, number, next)?);
        }
        if keywords.ty.is_some() || parts.is_empty() {
            parts.push(self.of_type(schema, &keywords, number, next)?);
        }
        parts.into_iter().reduce(merge)
    }

    /// The value of this number, or the first one again: another part of the whole may differ.
    fn varied(&self, schema: &Value, number: usize, at: At<'_>) -> Option<Value> {
        self.at(schema, number, at).or_else(|| self.at(schema, 0, at))
    }

    /// A value of one of several branches. A recursive type ends at a branch that can be sampled at all.
    fn branch(&self, branches: &[Value], number: usize, at: At<'_>) -> Option<Value> {
        let count = branches.len();
        let own = || self.at(&branches[number % count], number / count, at);
        let others = || branches.iter().find_map(|branch| self.at(branch, number, at));
        if count == 0 { None } else { own().or_else(others) }
    }

    fn of_type(&self, schema: &Value, keywords: &Keywords<'_>, number: usize, at: At<'_>) -> Option<Value> {
        match keywords.type_name() {
            Some("object") => self.object(schema, keywords, number, at).map(Value::Object),
            Some("array") => {
                let items = keywords.items.unwrap_or(&Value::Null);
                let fixed = array(keywords.prefix_items).unwrap_or_default();
                let least = usize::try_from(count(keywords.min_items).unwrap_or(0)).ok()?;
                let rest = (fixed.len()..least).map(|index| self.varied(items, number + index - fixed.len(), at));
                fixed.iter().map(|item| self.varied(item, number, at)).chain(rest).collect()
            }
            Some("string") => {
                let placeholder = || (number == 0).then(|| "a".to_owned());
                sample_text(schema, number).or_else(placeholder).map(Value::String)
            }
            Some("integer") => sample_integer(schema, number),
            Some("number") => sample_number(schema, number),
            Some("boolean") => [false, true].get(number).map(|value| json!(value)),
            None if number > 0 => Some(json!(number)),
            _ => (number == 0).then_some(Value::Null),
        }
    }

    fn object(&self, schema: &Value, keywords: &Keywords<'_>, number: usize, at: At<'_>) -> Option<Map<String, Value>> {
        let mut object = Map::new();
        let required: Vec<&str> = array(keywords.required).into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, member) in members(keywords.properties) {
            if required.contains(&name.as_str()) {
                object.insert(name.clone(), self.varied(member, number, at)?);
            } else if !at.full {
                self.left_out.set(true);
            } else if let Some(value) = self.varied(member, number, at) {
                object.insert(name.clone(), value);
            }
        }
        for name in required {
            object.entry(name).or_insert(Value::Null);
        }
        let least = usize::try_from(count(keywords.min_properties).unwrap_or(0)).ok()?;
        self.fill(schema, object, least, number, at)
    }

    /// So many members of an object; none if it can't have as many, or must have more.
    pub(super) fn members(&self, schema: &Value, count: usize) -> Option<Map<String, Value>> {
        let mut any = schema.clone();
        any.as_object_mut()?.remove("minProperties");
        let Value::Object(object) = self.sample(&any)? else { return None };
        let at = At { depth: 0, full: false, inside: None };
        let object = if object.len() > count { Map::new() } else { object };
        self.fill(schema, object, count, 0, at).filter(|object| object.len() == count)
    }

    /// Adds members to an object until there are `least`, or no more can be: fields first, and then other keys.
    fn fill(
        &self,
        schema: &Value,
        mut object: Map<String, Value>,
        least: usize,
        number: usize,
        at: At<'_>,
    ) -> Option<Map<String, Value>> {
        let keywords = Keywords::of(schema);
        for (name, member) in members(keywords.properties) {
            if object.len() < least && !object.contains_key(name) {
                object.insert(name.clone(), self.varied(member, 0, at)?);
            }
        }
        if let Some(values) = keywords.map_values() {
            for index in 0..least.saturating_sub(object.len()) {
                let value = self.varied(values, number + index, at)?;
                object.insert(text_for_key(schema, number + index)?, value);
            }
        }
        Some(object)
    }
}

/// Two samples that have to hold at once: the members of both, if they are objects.
fn merge(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, Value::Object(other)) if other.is_empty() => one,
        (_, other) => other,
    }
}

/// A limit that counts something.
pub(super) fn count(limit: Option<&Value>) -> Option<u64> {
    limit.and_then(Value::as_u64)
}

fn sample_integer(schema: &Value, number: usize) -> Option<Value> {
    let bound = |key: &str| {
        let bound = schema.get(key)?;
        bound.as_i64().map(i128::from).or(bound.as_u64().map(i128::from))
    };
    let step = bound("multipleOf").filter(|step| *step > 0).unwrap_or(1);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|bound| bound + 1));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|bound| bound - 1));
    let least = least.map(|least| -(-least).div_euclid(step) * step);
    let most = most.map(|most| most.div_euclid(step) * step);
    let start = 0.max(least.unwrap_or(0)).min(most.unwrap_or(i128::MAX));
    let fits = |value: &i128| {
        least.is_none_or(|least| *value >= least)
            && most.is_none_or(|most| *value <= most)
            && schema.get("not").and_then(|not| not.get("const")).is_none_or(|not| *not != json!(value))
    };
    // Away from zero first, and then to the other side of it.
    let up = (0..).map(|count| start + count * step).take(number + 2);
    let down = (1..).map(|count| start - count * step).take(number + 2);
    let value = up.chain(down).filter(fits).nth(number)?;
    i64::try_from(value).map(Value::from).or_else(|_| u64::try_from(value).map(Value::from)).ok()
}

fn sample_number(schema: &Value, number: usize) -> Option<Value> {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    let (least, above) = (bound("minimum"), bound("exclusiveMinimum"));
    let (most, below) = (bound("maximum"), bound("exclusiveMaximum"));
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    #[expect(clippy::cast_precision_loss, reason = "no list is as long")]
    let count = number as f64;
    if let Some(step) = step {
        let first = least.or(above).unwrap_or(0.0).max(0.0).min(most.or(below).unwrap_or(f64::MAX));
        return Some(json!(((first / step).ceil() + count) * step));
    }
    let value = match (least.or(above), most.or(below)) {
        // Never at an end that is left out itself.
        (Some(least), Some(most)) if above.is_some() || number > 0 => {
            least + (most - least) * (count + 1.0) / (count + 2.0)
        }
        (Some(least), Some(most)) if below.is_some() => least + (most - least) / 2.0,
        (Some(least), _) if above.is_some() => least + count + 1.0,
        (Some(least), _) => least + count,
        (None, Some(most)) => most.min(0.0) - count - if below.is_some() { 1.0 } else { 0.0 },
        (None, None) => count,
    };
    Some(json!(value))
}
