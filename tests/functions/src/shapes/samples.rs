//! Values of each shape, among them those that clients are most likely to get wrong.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;

impl Renamed {
    pub(super) fn samples() -> Vec<Self> {
        vec![Self {
            first_name: "quote \" backslash \\ line\nnull \0 emoji 🦀".to_owned(),
            r#type: String::new(),
            rate: 0,
            size: 255,
            kind: "</script>*/".to_owned(),
            second_factor: true,
        }]
    }
}

impl Optional {
    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self { nullable: None, left_out: None, filled_in: vec![], seven: 7 },
            Self { nullable: Some(0), left_out: Some(String::new()), filled_in: vec![1, 2], seven: 0 },
        ]
    }
}

impl Numbers {
    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self {
                tiny: 0,
                small: 0,
                middle: 0,
                big: 0,
                big_signed: 0,
                single: 0.0,
                double: 0.0,
                many: vec![],
                maybe: None,
            },
            Self {
                tiny: u8::MAX,
                small: i16::MIN,
                middle: u32::MAX,
                big: u64::MAX,
                big_signed: i64::MIN,
                single: 1.5,
                double: 0.1 + 0.2,
                many: vec![9_007_199_254_740_993, 7, u64::MAX - 1],
                maybe: Some(-9_007_199_254_740_993),
            },
            Self {
                tiny: 1,
                small: -1,
                middle: 1,
                big: 9_007_199_254_740_992,
                big_signed: -1,
                single: -1.0e10,
                double: 1.797e308,
                many: vec![0],
                maybe: Some(i64::MAX),
            },
        ]
    }
}

impl Foreign {
    pub(super) fn samples() -> Vec<Self> {
        vec![Self {
            id: Uuid::from_u128(0x7f1b_1c9e_5b0e_4a57_9a1c_0c8f_3f6f_2c11),
            at: DateTime::from_timestamp_nanos(1_767_323_045_123_456_789),
            day: NaiveDate::from_ymd_opt(2024, 2, 29).unwrap_or_default(),
            price: Decimal::new(-123_456_789_012_345_678, 4),
            bytes: (0..=255).collect(),
            letter: '🦀',
            anything: json!({ "a": [1, null, { "b": 1.5 }], "": "empty key" }),
        }]
    }
}

impl Collections {
    pub(super) fn samples() -> Vec<Self> {
        let point = Point { x: -1, y: 2 };
        vec![
            Self {
                list: vec![],
                map: BTreeMap::new(),
                by_number: BTreeMap::new(),
                hash: HashMap::new(),
                set: BTreeSet::new(),
                pair: (0, String::new()),
                array: [0; 3],
                nested_maybe: vec![],
                unit: (),
            },
            Self {
                list: vec![vec![], vec![point.clone(), point.clone()]],
                map: [("".to_owned(), point.clone()), ("constructor".to_owned(), point)].into(),
                by_number: [(0, "zero".to_owned()), (u32::MAX, "most".to_owned())].into(),
                hash: [("a".to_owned(), vec![true, false]), ("__proto__".to_owned(), vec![])].into(),
                set: ["b".to_owned(), "a".to_owned()].into(),
                pair: (9, "nine".to_owned()),
                array: [1, 2, 3],
                nested_maybe: vec![None, Some("x".to_owned()), None],
                unit: (),
            },
        ]
    }
}

impl External {
    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self::Unit,
            Self::Newtype(Point { x: 1, y: 2 }),
            Self::Tuple(3, "three".to_owned()),
            Self::Struct { a: 1, b: None },
            Self::Struct { a: 1, b: Some("b".to_owned()) },
        ]
    }
}

impl Enums {
    pub(super) fn samples() -> Vec<Self> {
        vec![Self {
            plain: vec![Plain::FirstOne, Plain::SecondOne],
            by_name: [(Plain::FirstOne, 1), (Plain::SecondOne, 2)].into(),
            external: External::samples(),
            internal: vec![
                Internal::UnitVariant,
                Internal::Newtype(Point { x: 1, y: 2 }),
                Internal::Struct { some_field: 3 },
            ],
            adjacent: vec![
                Adjacent::Unit,
                Adjacent::Newtype("n".to_owned()),
                Adjacent::Tuple(1, 2),
                Adjacent::Struct { a: 1 },
            ],
            untagged: vec![
                Untagged::Number(-1),
                Untagged::Text("1".to_owned()),
                Untagged::Point(Point { x: 1, y: 2 }),
                Untagged::List(vec![Untagged::Number(1), Untagged::List(vec![])]),
            ],
        }]
    }
}

impl Flattened {
    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self { own: 1, point: Point { x: 1, y: 2 }, rest: BTreeMap::new() },
            Self { own: 1, point: Point { x: 1, y: 2 }, rest: [("more".to_owned(), "x".to_owned())].into() },
        ]
    }
}

impl FlattenedEnum {
    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self { own: 1, one_of: Internal::UnitVariant },
            Self { own: 2, one_of: Internal::Newtype(Point { x: 1, y: 2 }) },
            Self { own: 3, one_of: Internal::Struct { some_field: 3 } },
        ]
    }
}

impl Wrappers {
    pub(super) fn samples() -> Vec<Self> {
        vec![Self {
            newtype: Newtype("n".to_owned()),
            transparent: Transparent { inner: vec![Newtype("a".to_owned())] },
            unit: UnitStruct,
            points: Page {
                items: vec![Point { x: 1, y: 2 }],
                next: Some(Box::new(Page { items: vec![], next: None })),
            },
            names: Page { items: vec!["a".to_owned()], next: None },
        }]
    }
}

impl Tree {
    pub(super) fn samples() -> Vec<Self> {
        let leaf = |value| Self { value, children: vec![], parent: None };
        vec![Self {
            value: u64::MAX,
            children: vec![leaf(1), Self { value: 2, children: vec![leaf(9_007_199_254_740_993)], parent: None }],
            parent: Some(Box::new(leaf(3))),
        }]
    }
}
