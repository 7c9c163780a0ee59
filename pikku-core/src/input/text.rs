//! Text on its way in and out: percent-encoding, read strictly, so that what can't be decoded is an error and never a
//! guess; and what is told of text that somebody sent.

use std::borrow::Cow;

/// Text that is not percent-encoded UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    /// A `%` without two hexadecimal digits behind it.
    #[error("a `%` must be followed by two hexadecimal digits")]
    Escape,
    /// Bytes that are no text.
    #[error("the decoded bytes are not UTF-8")]
    Utf8,
}

/// Decodes a segment of a path.
pub(crate) fn decode_component(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    decode(text, false)
}

/// The decoded pairs of a query or a form, in their order.
pub(crate) fn form_pairs(form: &str) -> impl Iterator<Item = Result<(Cow<'_, str>, Cow<'_, str>), DecodeError>> {
    form.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(key, true)?, decode(value, true)?))
    })
}

#[inline]
fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, DecodeError> {
    let needs_work = |byte: &u8| *byte == b'%' || (plus_is_space && *byte == b'+');
    let Some(start) = text.as_bytes().iter().position(needs_work) else {
        return Ok(Cow::Borrowed(text));
    };
    decode_from(text, start, plus_is_space).map(Cow::Owned)
}

/// Decodes a text that has something to decode at `start`.
fn decode_from(text: &str, start: usize, plus_is_space: bool) -> Result<String, DecodeError> {
    let mut decoded = Vec::with_capacity(text.len());
    decoded.extend_from_slice(&text.as_bytes()[..start]);
    let mut rest = text.as_bytes()[start..].iter();
    while let Some(byte) = rest.next() {
        decoded.push(match byte {
            b'%' => {
                let high = rest.next().and_then(hex_digit).ok_or(DecodeError::Escape)?;
                let low = rest.next().and_then(hex_digit).ok_or(DecodeError::Escape)?;
                high << 4 | low
            }
            b'+' if plus_is_space => b' ',
            byte => *byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| DecodeError::Utf8)
}

fn hex_digit(byte: &u8) -> Option<u8> {
    // A hexadecimal digit is below 16, so the conversion always fits.
    char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The most bytes of one text that an answer gives back.
const LONGEST: usize = 500;

/// A text as it is told to somebody: its middle is left out if it is long.
///
/// An answer would otherwise be many times as large as the request that it refuses. What is wrong stands at the end of
/// most messages, and so the end stays.
pub(crate) fn excerpt(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return Cow::Borrowed(text);
    }
    let head = text.floor_char_boundary(LONGEST / 2);
    let tail = text.ceil_char_boundary(text.len() - LONGEST / 2);
    Cow::Owned(format!("{}…{}", &text[..head], &text[tail..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_decode() {
        assert_eq!(decode_component("plain").as_deref(), Ok("plain"));
        assert_eq!(decode_component("a%20b%2Fc+d").as_deref(), Ok("a b/c+d"));
        assert_eq!(decode_component("%E2%9C%93").as_deref(), Ok("✓"));
    }

    #[test]
    fn bad_escapes_are_refused() {
        for text in ["%", "%4", "%zz", "a%+1b"] {
            assert_eq!(decode_component(text), Err(DecodeError::Escape), "{text}");
        }
        assert_eq!(decode_component("%ff"), Err(DecodeError::Utf8));
    }

    #[test]
    fn pairs_keep_their_order_and_may_lack_a_value() {
        let pairs: Result<Vec<_>, _> = form_pairs("a=1&b&&a=x%3Dy+z").collect();
        let pairs = pairs.expect("well formed");
        assert_eq!(pairs, [("a".into(), "1".into()), ("b".into(), "".into()), ("a".into(), "x=y z".into())]);
    }

    #[test]
    fn long_text_loses_its_middle_between_characters() {
        assert_eq!(excerpt("short"), "short");
        for letter in ["a", "é", "✓", "🎈"] {
            let told = excerpt(&letter.repeat(10_000)).into_owned();
            assert!(told.len() <= LONGEST + '…'.len_utf8() && told.contains('…'), "{told}");
            assert!(told.starts_with(letter) && told.ends_with(letter), "{told}");
        }
    }
}
