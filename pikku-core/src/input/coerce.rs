//! Text made into JSON, as the schema of its field asks.

use std::borrow::Cow;

use super::TextKind;

/// Writes what was given for one field: a value, or a list of them.
pub(super) fn write_values(json: &mut Vec<u8>, values: &[Cow<'_, str>], kind: TextKind) {
    let item = match kind {
        TextKind::TextList | TextKind::FileList => Some(TextKind::Text),
        TextKind::NumberList => Some(TextKind::Number),
        TextKind::BooleanList => Some(TextKind::Boolean),
        TextKind::ScalarList => Some(TextKind::Scalar),
        _ => None,
    };
    match (item, values) {
        (None, [value]) => write_text(json, value, kind),
        // A key that is repeated is a list, also where a single value is wanted: the type then says so.
        (item, values) => {
            json.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    json.push(b',');
                }
                write_text(json, value, item.unwrap_or(kind));
            }
            json.push(b']');
        }
    }
}

fn write_text(json: &mut Vec<u8>, text: &str, kind: TextKind) {
    let raw = match kind {
        TextKind::Number => is_number(text),
        TextKind::Boolean => is_boolean(text),
        TextKind::Scalar => is_number(text) || is_boolean(text),
        TextKind::Nested => is_nested(text),
        _ => false,
    };
    if raw {
        json.extend_from_slice(text.as_bytes());
    } else {
        write_string(json, text);
    }
}

/// Writes a JSON string.
pub(crate) fn write_string(json: &mut Vec<u8>, text: &str) {
    if !text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        serde_json::to_writer(json, text).expect("a string is always JSON, and a vector takes it");
    }
}

/// Whether `text` is an object or a list in JSON.
fn is_nested(text: &str) -> bool {
    text.trim_ascii_start().starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether `text` is a boolean as JSON writes them.
pub(super) fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false")
}

/// Whether `text` is a number as JSON writes them, and not beyond all that a number can be.
pub(super) fn is_number(text: &str) -> bool {
    has_shape_of_number(text) && (!may_be_huge(text) || text.parse::<f64>().is_ok_and(f64::is_finite))
}

/// Whether it takes a closer look to know that a number is finite: it has an exponent, or very many digits.
fn may_be_huge(text: &str) -> bool {
    text.len() > f64::MAX_10_EXP.unsigned_abs() as usize || text.contains(['e', 'E'])
}

fn has_shape_of_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_as_json_writes_them_are_numbers() {
        for text in ["0", "-0", "10", "1.5", "1e9", "2E-3", "-12.50e+10", "1e308", "1e-999"] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "-", "01", "+1", ".5", "1.", "1e", "0x1", "1_000", "NaN", "inf", " 1", "--1", "1e1.5"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn a_number_that_no_type_can_hold_stays_text() {
        let long = "9".repeat(400);
        for text in ["1e999", "-1E400", "1.8e308", &long] {
            assert!(!is_number(text), "{text}");
        }
        assert!(is_number(&"9".repeat(300)));
    }
}
