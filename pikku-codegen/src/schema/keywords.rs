//! The keywords of a schema.

use serde_json::{Map, Value};

/// The keywords that are asked for, found in one pass.
///
/// A schema has few of them and is asked for many, and each look-up by name hashes the name. In a build script, which is
/// not optimized, that came to a sixth of the time.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Keywords<'s> {
    pub(crate) reference: Option<&'s Value>,
    pub(crate) ty: Option<&'s Value>,
    pub(crate) format: Option<&'s Value>,
    pub(crate) constant: Option<&'s Value>,
    pub(crate) values: Option<&'s Value>,
    pub(crate) examples: Option<&'s Value>,
    pub(crate) property_names: Option<&'s Value>,
    pub(crate) all_of: Option<&'s Value>,
    pub(crate) any_of: Option<&'s Value>,
    pub(crate) one_of: Option<&'s Value>,
    pub(crate) properties: Option<&'s Value>,
    pub(crate) required: Option<&'s Value>,
    pub(crate) pattern_properties: Option<&'s Value>,
    pub(crate) additional_properties: Option<&'s Value>,
    pub(crate) items: Option<&'s Value>,
    pub(crate) prefix_items: Option<&'s Value>,
    pub(crate) min_items: Option<&'s Value>,
    pub(crate) max_items: Option<&'s Value>,
    pub(crate) min_properties: Option<&'s Value>,
    pub(crate) max_properties: Option<&'s Value>,
    pub(crate) unique_items: Option<&'s Value>,
    pub(crate) title: Option<&'s Value>,
    pub(crate) description: Option<&'s Value>,
    pub(crate) deprecated: Option<&'s Value>,
    /// What pikku says of a type beyond JSON Schema, `x-pikku`.
    pub(crate) pikku: Option<&'s Value>,
}

impl<'s> Keywords<'s> {
    /// The keywords of a schema; `true` and `false` have none.
    pub(crate) fn of(schema: &'s Value) -> Self {
        schema.as_object().map(Self::from).unwrap_or_default()
    }

    /// The type; of several, the first that is not `null`.
    pub(crate) fn type_name(&self) -> Option<&'s str> {
        match self.ty? {
            Value::String(name) => Some(name),
            Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
            _ => None,
        }
    }

    /// The schema of the values of a map.
    pub(crate) fn map_values(&self) -> Option<&'s Value> {
        let others = self.additional_properties.filter(|others| **others != false);
        members(self.pattern_properties).map(|(_, schema)| schema).next().or(others)
    }
}

impl<'s> From<&'s Map<String, Value>> for Keywords<'s> {
    fn from(schema: &'s Map<String, Value>) -> Self {
        let mut keywords = Self::default();
        for (keyword, value) in schema {
            let place = match keyword.as_str() {
                "$ref" => &mut keywords.reference,
                "type" => &mut keywords.ty,
                "format" => &mut keywords.format,
                "const" => &mut keywords.constant,
                "enum" => &mut keywords.values,
                "examples" => &mut keywords.examples,
                "propertyNames" => &mut keywords.property_names,
                "allOf" => &mut keywords.all_of,
                "anyOf" => &mut keywords.any_of,
                "oneOf" => &mut keywords.one_of,
                "properties" => &mut keywords.properties,
                "required" => &mut keywords.required,
                "patternProperties" => &mut keywords.pattern_properties,
                "additionalProperties" => &mut keywords.additional_properties,
                "items" => &mut keywords.items,
                "prefixItems" => &mut keywords.prefix_items,
                "minItems" => &mut keywords.min_items,
                "maxItems" => &mut keywords.max_items,
                "minProperties" => &mut keywords.min_properties,
                "maxProperties" => &mut keywords.max_properties,
                "uniqueItems" => &mut keywords.unique_items,
                "title" => &mut keywords.title,
                "description" => &mut keywords.description,
                "deprecated" => &mut keywords.deprecated,
                "x-pikku" => &mut keywords.pikku,
                _ => continue,
            };
            *place = Some(value);
        }
        keywords
    }
}

/// The members of a keyword that holds an object.
pub(crate) fn members(keyword: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    keyword.and_then(Value::as_object).into_iter().flatten()
}

/// The items of a keyword, if it holds a list.
pub(crate) fn array(keyword: Option<&Value>) -> Option<&[Value]> {
    keyword.and_then(Value::as_array).map(Vec::as_slice)
}
