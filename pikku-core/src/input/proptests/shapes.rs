//! The strict deserializer beside serde_json's own, over a type of every shape.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Rejection, name, parse, ratio, text, value};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn h4_strict_takes_what_serde_takes(value in shapes(), change in change()) {
        let mut json = serde_json::to_value(&value).expect("it is JSON");
        let unchanged = json.to_string();
        change.apply(&mut json);
        for text in [unchanged, json.to_string()] {
            match (parse::<Shapes>(text.as_bytes()), serde_json::from_str::<Shapes>(&text)) {
                (Ok(strict), Ok(serde)) => prop_assert_eq!(strict, serde),
                (Err(Rejection::Invalid(_)), Err(_)) => {}
                // Strictness by design: an array is no struct.
                (Err(Rejection::Invalid(errors)), Ok(_)) => {
                    prop_assert!(errors[0].detail.contains("invalid type: sequence"), "{:?}: {}", errors, text);
                }
                (strict, serde) => prop_assert!(false, "{:?} is not {:?}: {}", strict, serde, text),
            }
        }
    }
}

/// A type for each way that derived code asks for its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shapes {
    plain: Plain,
    tuple: (u8, String),
    newtype: Newtype,
    pair: Pair,
    unit: (),
    optional: Option<Option<i32>>,
    list: Vec<Plain>,
    array: [i16; 2],
    by_name: BTreeMap<String, Plain>,
    by_number: BTreeMap<i32, bool>,
    by_variant: BTreeMap<Word, u64>,
    letter: char,
    ratio: f64,
    external: Vec<External>,
    internal: Vec<Internal>,
    adjacent: Vec<Adjacent>,
    untagged: Vec<Untagged>,
    flattened: Flattened,
    any: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Plain {
    id: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(i64);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pair(bool, i8);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Word {
    One,
    TwoWords,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum External {
    Unit,
    Newtype(Plain),
    Tuple(i32, bool),
    Struct { id: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Newtype(Plain),
    Struct { id: u8, name: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data")]
enum Adjacent {
    Unit,
    Newtype(Plain),
    Tuple(i32, bool),
    Struct { id: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Flag(bool),
    Struct { id: u8 },
    Tuple(String, bool),
    Text(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flattened {
    own: bool,
    #[serde(flatten)]
    plain: Plain,
    #[serde(flatten)]
    internal: Internal2,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Internal2 {
    First { left: i32 },
    Second { right: Option<String> },
}

fn plain() -> impl Strategy<Value = Plain> {
    (any::<u32>(), proptest::option::of(text())).prop_map(|(id, text)| Plain { id, text })
}

fn external() -> impl Strategy<Value = External> {
    prop_oneof![
        Just(External::Unit),
        plain().prop_map(External::Newtype),
        any::<(i32, bool)>().prop_map(|(number, flag)| External::Tuple(number, flag)),
        any::<u8>().prop_map(|id| External::Struct { id }),
    ]
}

fn internal() -> impl Strategy<Value = Internal> {
    prop_oneof![
        Just(Internal::Unit),
        plain().prop_map(Internal::Newtype),
        (any::<u8>(), proptest::option::of(text())).prop_map(|(id, name)| Internal::Struct { id, name }),
    ]
}

fn adjacent() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Unit),
        plain().prop_map(Adjacent::Newtype),
        any::<(i32, bool)>().prop_map(|(number, flag)| Adjacent::Tuple(number, flag)),
        any::<u8>().prop_map(|id| Adjacent::Struct { id }),
    ]
}

fn untagged() -> impl Strategy<Value = Untagged> {
    prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        any::<bool>().prop_map(Untagged::Flag),
        any::<u8>().prop_map(|id| Untagged::Struct { id }),
        (text(), any::<bool>()).prop_map(|(text, flag)| Untagged::Tuple(text, flag)),
        text().prop_map(Untagged::Text),
    ]
}

fn flattened() -> impl Strategy<Value = Flattened> {
    let internal = prop_oneof![
        any::<i32>().prop_map(|left| Internal2::First { left }),
        proptest::option::of(text()).prop_map(|right| Internal2::Second { right }),
    ];
    (any::<bool>(), plain(), internal, proptest::collection::btree_map("x[0-9]", value(), 0..3))
        .prop_map(|(own, plain, internal, rest)| Flattened { own, plain, internal, rest })
}

prop_compose! {
    fn shapes()(
        (plain, tuple, newtype, pair) in (plain(), (any::<u8>(), text()), any::<i64>(), any::<(bool, i8)>()),
        optional in proptest::option::of(any::<i32>()),
        list in vec(plain(), 0..3),
        array in any::<[i16; 2]>(),
        by_name in proptest::collection::btree_map(name(), plain(), 0..3),
        by_number in proptest::collection::btree_map(any::<i32>(), any::<bool>(), 0..3),
        by_variant in proptest::collection::btree_map(select(vec![Word::One, Word::TwoWords]), any::<u64>(), 0..2),
        (letter, ratio) in (any::<char>(), ratio()),
        (external, internal) in (vec(external(), 0..3), vec(internal(), 0..3)),
        (adjacent, untagged) in (vec(adjacent(), 0..3), vec(untagged(), 0..3)),
        (flattened, any) in (flattened(), value()),
    ) -> Shapes {
        Shapes {
            plain,
            tuple,
            newtype: Newtype(newtype),
            pair: Pair(pair.0, pair.1),
            unit: (),
            optional: optional.map(Some),
            list,
            array,
            by_name,
            by_number,
            by_variant,
            letter,
            ratio,
            external,
            internal,
            adjacent,
            untagged,
            flattened,
            any,
        }
    }
}

/// A change at one place of a JSON tree.
#[derive(Debug, Clone)]
struct Change {
    way: Vec<prop::sample::Index>,
    to: ChangeTo,
}

#[derive(Debug, Clone)]
enum ChangeTo {
    Value(Value),
    Nothing,
    Renamed(String),
}

fn change() -> impl Strategy<Value = Change> {
    let to = prop_oneof![
        3 => value().prop_map(ChangeTo::Value),
        2 => Just(ChangeTo::Value(json!({ "id": 1 }))),
        1 => Just(ChangeTo::Value(json!([1, null]))),
        1 => Just(ChangeTo::Nothing),
        1 => prop_oneof![name(), Just("kind".to_owned()), Just("Unit".to_owned()), Just("7".to_owned()), Just("+7".to_owned()), Just("007".to_owned())].prop_map(ChangeTo::Renamed),
    ];
    (vec(any::<prop::sample::Index>(), 1..6), to).prop_map(|(way, to)| Change { way, to })
}

impl Change {
    /// Goes down as far as the way leads, and changes what is there.
    fn apply(self, tree: &mut Value) {
        Self::apply_at(&self.way, self.to, tree);
    }

    fn apply_at(way: &[prop::sample::Index], to: ChangeTo, at: &mut Value) {
        let (Some((step, rest)), false) = (way.split_first(), is_leaf(at)) else {
            if let ChangeTo::Value(value) = to {
                *at = value;
            }
            return;
        };
        match at {
            Value::Array(items) => {
                let index = step.index(items.len());
                match to {
                    ChangeTo::Nothing if rest.is_empty() => drop(items.remove(index)),
                    to => Self::apply_at(rest, to, &mut items[index]),
                }
            }
            Value::Object(members) => {
                let key = members.keys().nth(step.index(members.len())).cloned().unwrap_or_default();
                match to {
                    ChangeTo::Nothing if rest.is_empty() => drop(members.remove(&key)),
                    ChangeTo::Renamed(name) if rest.is_empty() => {
                        let value = members.remove(&key).unwrap_or_default();
                        members.insert(name, value);
                    }
                    to => Self::apply_at(rest, to, &mut members[&key]),
                }
            }
            _ => {}
        }
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    }
}
