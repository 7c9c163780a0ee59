//! From JSON Schema to types: what the Rust and the TypeScript emitters print.
//!
//! The schemas are those that schemars makes of serde types, so the parser knows the shapes serde can have and gives
//! each a name; whatever else a hand-written schema says becomes the closest wider type, never a narrower one.

mod keywords;
mod parse;

pub(crate) use keywords::{Keywords, array, members};
pub use parse::Types;

/// A type, as its JSON looks.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Anything at all.
    Any,
    /// `null` and nothing else, such as a unit struct.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number, with the schema's format (`uint8`, `int64`, `uint`, …) if it has one.
    Integer(Option<String>),
    /// A number with a fraction; the format is `float` or `double`.
    Number(Option<String>),
    /// A string, with the schema's format (`uuid`, `date-time`, …) if it has one.
    String(Option<String>),
    /// The content of a file, which travels in a multipart form.
    File,
    /// One value: a string, number or boolean that is always the same.
    Const(serde_json::Value),
    /// A list.
    List(Box<Self>),
    /// A list in which no item stands twice.
    Set(Box<Self>),
    /// A list of fixed length.
    Tuple(Vec<Self>),
    /// An object with keys of the caller's choosing.
    Map(Box<Self>),
    /// An object with named fields.
    Object(Object),
    /// One of several.
    Union(Union),
    /// The type or `null`.
    Nullable(Box<Self>),
    /// A named type.
    Ref(String),
}

/// An object with named fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// The fields, in the order of the schema.
    pub fields: Vec<Field>,
    /// Types whose members lie in the same object (`#[serde(flatten)]` of an enum).
    pub flattened: Vec<Type>,
    /// What the values of all other keys are, if there may be others (`#[serde(flatten)]` of a map).
    pub rest: Option<Box<Type>>,
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The name on the wire.
    pub name: String,
    /// The doc comment.
    pub docs: String,
    /// The type.
    pub ty: Type,
    /// Whether it is always there.
    pub required: bool,
    /// Whether it is marked `deprecated`.
    pub deprecated: bool,
}

/// One of several types, told apart as serde tells them apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Union {
    /// How the variants are told apart.
    pub tagging: Tagging,
    /// The variants.
    pub variants: Vec<Variant>,
}

/// How the variants of a union are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tagging {
    /// `"Unit"` or `{"Variant": content}`: serde's default. A plain enum of strings is the case without any content.
    External,
    /// `{"tag": "Variant", …fields}`.
    Internal {
        /// The field that holds the variant's name.
        tag: String,
    },
    /// `{"tag": "Variant", "content": …}`.
    Adjacent {
        /// The field that holds the variant's name.
        tag: String,
        /// The field that holds its content.
        content: String,
    },
    /// By trying.
    Untagged,
}

/// One variant of a union.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The name on the wire; untagged variants get one that is made up from their type.
    pub name: String,
    /// The doc comment.
    pub docs: String,
    /// The content beside the tag, if there is any. Of an internally tagged variant: the object without its tag.
    pub content: Option<Type>,
}

/// A named type.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The name in `#/$defs/`.
    pub name: String,
    /// The doc comment.
    pub docs: String,
    /// The type.
    pub ty: Type,
}
