//! Every shape that serde can give a value, each behind a function that gives back what it read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use pikku_core::pikku_func;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Services, TestError};

mod samples;

/// Fields with other names on the wire, some of them no identifiers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Renamed {
    /// In camel case.
    pub first_name: String,
    /// A keyword.
    pub r#type: String,
    /// With a hyphen.
    #[serde(rename = "x-rate")]
    pub rate: u8,
    /// Not ASCII.
    #[serde(rename = "größe")]
    pub size: u8,
    /// A keyword in other languages.
    #[serde(rename = "class")]
    pub kind: String,
    /// Beginning with a digit.
    #[serde(rename = "2fa")]
    pub second_factor: bool,
}

/// Fields that may be missing, null, or filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Optional {
    /// May be missing or null; always written.
    pub nullable: Option<u32>,
    /// May be missing; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Filled in where missing.
    #[serde(default)]
    pub filled_in: Vec<u8>,
    /// Filled in with a value of its own.
    #[serde(default = "seven")]
    pub seven: u8,
}

fn seven() -> u8 {
    7
}

/// Numbers, up to the ends of their ranges.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Numbers {
    pub tiny: u8,
    pub small: i16,
    pub middle: u32,
    pub big: u64,
    pub big_signed: i64,
    pub single: f32,
    pub double: f64,
    pub many: Vec<u64>,
    pub maybe: Option<i64>,
}

/// Types of other crates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Foreign {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub day: NaiveDate,
    pub price: Decimal,
    pub bytes: Vec<u8>,
    pub letter: char,
    pub anything: serde_json::Value,
}

/// Collections of collections.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Collections {
    pub list: Vec<Vec<Point>>,
    pub map: BTreeMap<String, Point>,
    pub by_number: BTreeMap<u32, String>,
    pub hash: HashMap<String, Vec<bool>>,
    pub set: BTreeSet<String>,
    pub pair: (u8, String),
    pub array: [u8; 3],
    pub nested_maybe: Vec<Option<String>>,
    pub unit: (),
}

/// A struct in another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

/// An enum of names only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Plain {
    /// The first one.
    FirstOne,
    /// The second one.
    SecondOne,
}

/// An enum as serde tags it by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub enum External {
    Unit,
    Newtype(Point),
    Tuple(u8, String),
    Struct { a: u8, b: Option<String> },
}

/// An enum with its tag inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
#[allow(missing_docs)]
pub enum Internal {
    UnitVariant,
    Newtype(Point),
    Struct { some_field: u8 },
}

/// An enum with its tag beside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
#[allow(missing_docs)]
pub enum Adjacent {
    Unit,
    Newtype(String),
    Tuple(u8, u8),
    Struct { a: u8 },
}

/// An enum without a tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs)]
pub enum Untagged {
    Number(i32),
    Text(String),
    Point(Point),
    List(Vec<Self>),
}

/// Enums of every tagging.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Enums {
    pub plain: Vec<Plain>,
    pub by_name: BTreeMap<Plain, u8>,
    pub external: Vec<External>,
    pub internal: Vec<Internal>,
    pub adjacent: Vec<Adjacent>,
    pub untagged: Vec<Untagged>,
}

/// Fields of other values among its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flattened {
    /// Its own.
    pub own: u8,
    /// A struct's.
    #[serde(flatten)]
    pub point: Point,
    /// Whatever else there is.
    #[serde(flatten)]
    pub rest: BTreeMap<String, String>,
}

/// An enum among other fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FlattenedEnum {
    /// Its own.
    pub own: u8,
    /// One of several.
    #[serde(flatten)]
    pub one_of: Internal,
}

/// A type around another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Newtype(pub String);

/// A type around another that shows as that one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Transparent {
    /// What it is around.
    pub inner: Vec<Newtype>,
}

/// A struct without fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitStruct;

/// A page of anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The next one.
    pub next: Option<Box<Self>>,
}

/// Types around types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs)]
pub struct Wrappers {
    pub newtype: Newtype,
    pub transparent: Transparent,
    pub unit: UnitStruct,
    pub points: Page<Point>,
    pub names: Page<String>,
}

/// A tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tree {
    /// A number that a double can't hold.
    pub value: u64,
    /// What grows from it.
    #[serde(default)]
    pub children: Vec<Self>,
    /// What it grows from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Box<Self>>,
}

/// Three functions for each shape, made by a macro: one that gives values, one that says whether it got them back
/// unchanged, and one that gives back what it read.
macro_rules! shapes {
    ($($shape:ty, $path:literal: $sample:ident $verify:ident $echo:ident;)*) => {$(
        #[doc = concat!("Gives values of `", stringify!($shape), "`.")]
        #[pikku_func(http(get = $path), auth = false, tags("shapes"))]
        pub async fn $sample(_services: &Services) -> Result<Vec<$shape>, TestError> {
            Ok(<$shape>::samples())
        }

        #[doc = concat!("Whether these are the values of `", stringify!($shape), "`, unchanged.")]
        #[pikku_func(http(put = $path), auth = false, tags("shapes"))]
        pub async fn $verify(_services: &Services, data: Vec<$shape>) -> Result<bool, TestError> {
            Ok(data == <$shape>::samples())
        }

        #[doc = concat!("Gives back a value of `", stringify!($shape), "`.")]
        #[pikku_func(http(post = $path), auth = false, tags("shapes"))]
        pub async fn $echo(_services: &Services, data: $shape) -> Result<$shape, TestError> {
            Ok(data)
        }
    )*};
}

shapes! {
    Renamed, "/shapes/renamed": sample_renamed verify_renamed echo_renamed;
    Optional, "/shapes/optional": sample_optional verify_optional echo_optional;
    Numbers, "/shapes/numbers": sample_numbers verify_numbers echo_numbers;
    Foreign, "/shapes/foreign": sample_foreign verify_foreign echo_foreign;
    Collections, "/shapes/collections": sample_collections verify_collections echo_collections;
    Enums, "/shapes/enums": sample_enums verify_enums echo_enums;
    External, "/shapes/external": sample_external verify_external echo_external;
    Flattened, "/shapes/flattened": sample_flattened verify_flattened echo_flattened;
    FlattenedEnum, "/shapes/flattened-enum": sample_flattened_enum verify_flattened_enum echo_flattened_enum;
    Wrappers, "/shapes/wrappers": sample_wrappers verify_wrappers echo_wrappers;
    Tree, "/shapes/tree": sample_tree verify_tree echo_tree;
}
