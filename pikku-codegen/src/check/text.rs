//! Samples of strings: by their format, their pattern and their length.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::pattern::Pattern;
use crate::schema::{Keywords, members};

/// Nothing longer is worth trying, and a schema may say so of no real limit.
pub(super) const LONGEST: usize = 1 << 20;

/// The text of this number that fits a schema of strings; different numbers have different texts.
pub(super) fn sample_text(schema: &Value, number: usize) -> Option<String> {
    text_of_length(schema, number, &lengths(schema))
}

/// A text like that, with one of these lengths instead of those in the schema.
pub(super) fn text_of_length(schema: &Value, number: usize, lengths: &RangeInclusive<usize>) -> Option<String> {
    let fits = |text: &String| lengths.contains(&text.chars().count());
    let pattern = match schema.get("pattern").and_then(Value::as_str) {
        Some(pattern) => Some(Pattern::parse(pattern)?),
        None => None,
    };
    let matches = |text: &String| pattern.as_ref().is_none_or(|pattern| pattern.is_match(text));
    if let Some(format) = schema.get("format").and_then(Value::as_str).filter(|format| is_known(format)) {
        return texts_of_format(format, number, *lengths.start()).into_iter().find(|text| fits(text) && matches(text));
    }
    match &pattern {
        Some(pattern) => pattern.matching(number, lengths),
        None => plain_text(number, lengths),
    }
}

/// The lengths that a schema allows.
pub(super) fn lengths(schema: &Value) -> RangeInclusive<usize> {
    let length = |key| schema.get(key).and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
    length("minLength").unwrap_or(0)..=length("maxLength").unwrap_or(usize::MAX)
}

/// A key of this number for a map.
pub(super) fn text_for_key(schema: &Value, number: usize) -> Option<String> {
    let keywords = Keywords::of(schema);
    let is_of_texts = |names: &&Value| Keywords::of(names).type_name().is_none_or(|ty| ty == "string");
    if let Some(names) = keywords.property_names.filter(is_of_texts) {
        return match names.get("enum").and_then(Value::as_array) {
            Some(names) => names.get(number)?.as_str().map(str::to_owned),
            None => sample_text(names, number),
        };
    }
    match members(keywords.pattern_properties).next() {
        Some((pattern, _)) => Pattern::parse(pattern)?.matching(number, &(0..=LONGEST)),
        None if number == 0 => Some("key".to_owned()),
        None => Some(format!("key{number}")),
    }
}

/// A text of no particular kind: `a`, `a1`, `a2`, … as long as it has to be.
fn plain_text(number: usize, lengths: &RangeInclusive<usize>) -> Option<String> {
    let least = *lengths.start();
    if least > LONGEST || lengths.is_empty() {
        return None;
    }
    let own = if number == 0 { String::new() } else { number.to_string() };
    // An empty text is often taken for none, so there is a letter where there may be one.
    let letters = least.saturating_sub(own.len()).max(1).min(lengths.end().saturating_sub(own.len()));
    let text = "a".repeat(letters) + &own;
    lengths.contains(&text.len()).then_some(text)
}

fn is_known(format: &str) -> bool {
    !texts_of_format(format, 0, 0).is_empty()
}

/// Texts of a format, the usual one first.
fn texts_of_format(format: &str, number: usize, least: usize) -> Vec<String> {
    let few = |limit: usize| if number < limit { number } else { usize::MAX };
    let text = match format {
        "uuid" => format!("7f1b1c9e-5b0e-4a57-9a1c-{number:012x}"),
        "date-time" if few(60) == number => format!("2026-01-02T03:04:{number:02}Z"),
        "partial-date-time" if few(60) == number => format!("2026-01-02T03:04:{number:02}"),
        "date" => format!("{:04}-01-02", 2026 + few(7000).min(7000)),
        "time" if few(60) == number => format!("03:04:{number:02}Z"),
        "partial-time" if few(60) == number => format!("03:04:{number:02}"),
        "duration" => format!("PT{}S", number.saturating_add(1)),
        "email" => return emails(number, least),
        "uri" | "url" | "uri-reference" | "iri" => {
            let path = if number == 0 { String::new() } else { number.to_string() };
            let long = format!("https://example.com/{path}");
            let missing = least.saturating_sub(long.len());
            return vec![long + &"a".repeat(missing), format!("http://a.b/{path}")];
        }
        "ip" | "ipv4" if few(250) == number => format!("127.0.0.{}", number + 1),
        "ipv6" if number < 0xffff => format!("::{:x}", number + 1),
        "hostname" => format!("{}example.com", if number == 0 { String::new() } else { format!("a{number}.") }),
        _ => return Vec::new(),
    };
    vec![text]
}

/// Addresses. A long one has a long domain, since what stands before the `@` may have 64 letters.
fn emails(number: usize, least: usize) -> Vec<String> {
    let name = if number == 0 { "a".to_owned() } else { format!("a{number}") };
    let short = format!("{name}@b.co");
    let usual = format!("{name}@example.com");
    if least <= usual.len() {
        return vec![usual, short];
    }
    let missing = (least - usual.len()).max(2);
    let labels = "a".repeat(30) + ".";
    let domain: String = labels.chars().cycle().take(missing.saturating_sub(1)).collect();
    let domain = domain.trim_end_matches('.');
    vec![format!("{name}@{domain}{}.example.com", "a".repeat(missing - 1 - domain.len()))]
}
