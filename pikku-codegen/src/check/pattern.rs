//! Texts that match a pattern, and texts that don't.

use std::ops::RangeInclusive;

use regex::Regex;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// Texts longer than this are not tried.
const LONGEST: usize = 1 << 16;

/// How many more repetitions than it must have a pattern is tried with, one after the other.
const REPETITIONS: u32 = 64;

/// A pattern, taken apart.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    hir: Hir,
}

impl Pattern {
    /// Reads a pattern; those that Rust's `regex` can't read are not read here either.
    pub(super) fn parse(pattern: &str) -> Option<Self> {
        Some(Self { regex: Regex::new(pattern).ok()?, hir: regex_syntax::parse(pattern).ok()? })
    }

    /// The text of this number that matches and has one of these lengths; different numbers have different texts.
    pub(super) fn matching(&self, number: usize, lengths: &RangeInclusive<usize>) -> Option<String> {
        let least = u32::try_from(*lengths.start()).unwrap_or(u32::MAX);
        (0..=REPETITIONS).chain(std::iter::once(least)).find_map(|extra| {
            let mut writer = Writer { text: String::new(), choice: number, extra };
            writer.write(&self.hir)?;
            // Whatever of the number was not used up would make the text one that another number has too.
            let text = (writer.choice == 0).then_some(writer.text)?;
            let missing = lengths.start().saturating_sub(text.chars().count());
            let padded = text.chars().chain(std::iter::repeat_n('a', missing)).collect();
            [text, padded].into_iter().find(|text| self.fits(text, lengths))
        })
    }

    fn fits(&self, text: &str, lengths: &RangeInclusive<usize>) -> bool {
        lengths.contains(&text.chars().count()) && self.regex.is_match(text)
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// A text that does not match, made from one that does and of one of these lengths if that is possible.
    pub(super) fn misfit(&self, good: &str, lengths: &RangeInclusive<usize>) -> Option<String> {
        let mut letters = vec!['!', 'a', 'A', '0', ' ', '-', '\u{1}', 'é'];
        excluded(&self.hir, &mut letters);
        let count = good.chars().count().max(1);
        let texts = letters.iter().flat_map(|letter| {
            let repeated = std::iter::repeat_n(*letter, count).collect();
            let last: String = good.chars().take(count - 1).chain([*letter]).collect();
            let first: String = std::iter::once(*letter).chain(good.chars().skip(1)).collect();
            [repeated, last, first, format!("{good}{letter}")]
        });
        let misfits: Vec<String> =
            texts.chain([String::new()]).filter(|text: &String| !self.regex.is_match(text)).collect();
        let fitting = misfits.iter().find(|text| lengths.contains(&text.chars().count()));
        fitting.or(misfits.first()).cloned()
    }
}

/// Letters that the pattern's classes leave out, which are the likeliest not to match.
fn excluded(hir: &Hir, letters: &mut Vec<char>) {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.negate();
            letters.extend(candidates(&class).into_iter().take(2));
        }
        HirKind::Capture(capture) => excluded(&capture.sub, letters),
        HirKind::Repetition(repetition) => excluded(&repetition.sub, letters),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| excluded(part, letters)),
        _ => {}
    }
}

/// Letters of a class, the plainest first.
fn candidates(class: &ClassUnicode) -> Vec<char> {
    let contains = |letter: &char| class.ranges().iter().any(|range| (range.start()..=range.end()).contains(letter));
    let plain = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('!'..='/').filter(contains);
    let ends = class.ranges().iter().take(16).map(ClassUnicodeRange::start);
    let mut letters: Vec<char> = Vec::new();
    for letter in plain.chain(ends) {
        if !letters.contains(&letter) {
            letters.push(letter);
        }
    }
    letters
}

/// Writes one text that a pattern matches.
struct Writer {
    text: String,
    /// What is left of the text's number: each choice takes its share of it.
    choice: usize,
    /// How many more repetitions there are than there must be.
    extra: u32,
}

impl Writer {
    /// Picks one of so many.
    fn choose(&mut self, count: usize) -> usize {
        let chosen = self.choice % count;
        self.choice /= count;
        chosen
    }

    fn write(&mut self, hir: &Hir) -> Option<()> {
        if self.text.len() > LONGEST {
            return None;
        }
        match hir.kind() {
            // What is asked of a place between letters shows when the whole text is matched.
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => self.text.push_str(std::str::from_utf8(&literal.0).ok()?),
            HirKind::Class(Class::Unicode(class)) => self.write_letter(&candidates(class))?,
            HirKind::Class(Class::Bytes(class)) => {
                let letters: Vec<char> = class.ranges().iter().map(|range| char::from(range.start())).collect();
                self.write_letter(&letters)?;
            }
            HirKind::Repetition(repetition) => {
                let most = repetition.max.unwrap_or(u32::MAX);
                for _ in 0..repetition.min.saturating_add(self.extra).min(most) {
                    self.write(&repetition.sub)?;
                }
            }
            HirKind::Capture(capture) => self.write(&capture.sub)?,
            HirKind::Concat(parts) => parts.iter().try_for_each(|part| self.write(part))?,
            HirKind::Alternation(parts) => {
                let chosen = self.choose(parts.len());
                self.write(&parts[chosen])?;
            }
        }
        Some(())
    }

    fn write_letter(&mut self, letters: &[char]) -> Option<()> {
        if letters.is_empty() {
            return None;
        }
        let chosen = self.choose(letters.len());
        self.text.push(letters[chosen]);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn texts_match_and_misfits_do_not() {
        for pattern in [
            r"^\d{3}-\d{4}$",
            r"^[A-Z]{3}$",
            r"^(a|b)+@[a-z0-9]{2,}\.com$",
            r"^https?://\S+$",
            r"^#(?:[0-9a-fA-F]{3}){1,2}$",
            r"^[^x]*$",
            r"ab",
            r"\bword\b",
            r"^\p{Lu}\p{Ll}+$",
            r"^-?\d+(\.\d+)?([eE]\d+)?$",
        ] {
            let parsed = Pattern::parse(pattern).expect("it is a pattern");
            let good = parsed.matching(0, &(0..=100)).unwrap_or_else(|| panic!("nothing matches {pattern}"));
            assert!(parsed.is_match(&good), "{pattern}: {good}");
            let bad = parsed.misfit(&good, &(0..=100)).unwrap_or_else(|| panic!("everything matches {pattern}"));
            assert!(!parsed.is_match(&bad), "{pattern}: {bad}");
        }
        assert_eq!(Pattern::parse(".*").and_then(|pattern| pattern.misfit("a", &(0..=9))), None);
    }

    #[test]
    fn texts_have_the_length_that_is_asked_for() {
        for (pattern, lengths) in [("^[a-z]+$", 40..=40), ("^[a-z]+(-[a-z]+)*$", 10..=12), ("a", 300..=300)] {
            let text = Pattern::parse(pattern).and_then(|pattern| pattern.matching(0, &lengths));
            assert!(text.is_some_and(|text| lengths.contains(&text.len())), "{pattern}");
        }
        assert_eq!(Pattern::parse("^[a-z]{3}$").and_then(|pattern| pattern.matching(0, &(4..=9))), None);
    }

    #[test]
    fn different_numbers_have_different_texts() {
        let pattern = Pattern::parse("^[ab]{2}$").expect("it is a pattern");
        let texts: BTreeSet<_> = (0..4).filter_map(|number| pattern.matching(number, &(0..=9))).collect();
        assert_eq!(texts.into_iter().collect::<Vec<_>>(), ["aa", "ab", "ba", "bb"]);
        assert_eq!(pattern.matching(4, &(0..=9)), None);
    }
}
