//! Whether constraints that are published and not enforced are found, all of them and no others.
//!
//! There are three applications: of honest inputs, whose every constraint is enforced, of dishonest ones, and of inputs
//! that can't be tried.

// The functions are read and never called.
#![allow(dead_code, unreachable_pub)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    convert::Infallible,
    num::{NonZeroI64, NonZeroU8},
};

use garde::Validate;
use pikku_codegen::{Builder, Error};
use pikku_core::{Registry, pikku_func};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares an application with one function for each input.
macro_rules! app {
    ($app:ident: $($name:ident($input:ty)),* $(,)?) => {
        /// Shared by every function.
        #[derive(Debug)]
        pub struct Services;

        /// Who is calling.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct UserSession;

        pikku_core::registry!($app { services: Services, session: UserSession });

        $(
            /// Takes its input.
            #[pikku_func]
            pub async fn $name(_services: &Services, _data: $input) -> Result<(), Infallible> {
                Ok(())
            }
        )*
    };
}

/// What is said to be published and not enforced: the function, the pointer and the keyword.
fn unenforced(registry: Registry) -> Vec<String> {
    let diagnostics = match Builder::new(registry).inspect() {
        Ok(_) => return Vec::new(),
        Err(Error::Rejected(diagnostics)) => diagnostics,
        Err(error) => panic!("{error}"),
    };
    let short = |message: &str| {
        let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        match quoted.as_slice() {
            [pointer, function, rule] => format!("{function}{pointer} {}", rule.split(':').next().unwrap_or_default()),
            [function, rule] => format!("{function} {}", rule.split(':').next().unwrap_or_default()),
            _ => message.to_owned(),
        }
    };
    diagnostics.iter().map(|diagnostic| short(&diagnostic.message)).collect()
}

mod honest {
    use super::*;

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Phone {
        #[garde(pattern("^[0-9]{3}-[0-9]{4}$"))]
        number: String,
        #[garde(length(chars, min = 2, max = 5))]
        name: String,
        #[garde(pattern("^[a-z]+(-[a-z]+)*$"), length(chars, min = 12, max = 20))]
        slug: Option<String>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Rules {
        #[garde(suffix(".rs"), length(chars, max = 30))]
        file: String,
        #[garde(custom(even), range(min = -3, max = 9))]
        number: i32,
        #[garde(length(chars, min = 8))]
        password: String,
        #[garde(custom(same_as(&self.password)))]
        repeated: String,
        #[garde(alphanumeric, length(chars, min = 3, max = 4))]
        code: Option<String>,
        #[garde(contains("x"), length(chars, max = 3))]
        cross: Option<String>,
    }

    fn even(number: &i32, (): &()) -> garde::Result {
        if number % 2 == 1 { Ok(()) } else { Err(garde::Error::new(format!("{number} is even"))) }
    }

    fn same_as(password: &str) -> impl FnOnce(&String, &()) -> garde::Result + '_ {
        move |repeated, ()| {
            if repeated == password { Err(garde::Error::new("is the same")) } else { Ok(()) }
        }
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Numbers {
        #[garde(skip)]
        whole: NonZeroI64,
        #[garde(skip)]
        small: NonZeroU8,
        #[garde(range(min = 0.5, max = 0.75))]
        ratio: f64,
        #[garde(range(max = -5))]
        below: Option<i64>,
        #[garde(range(min = 1, max = 255))]
        byte: u8,
        #[garde(length(min = 1))]
        list: Vec<NonZeroI64>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Collections {
        #[garde(length(max = 3))]
        set: BTreeSet<String>,
        #[garde(length(min = 2, max = 3))]
        several: BTreeSet<String>,
        #[garde(length(min = 1, max = 2))]
        plain: BTreeSet<Plain>,
        #[garde(length(max = 3))]
        bytes: Option<BTreeSet<u8>>,
        #[garde(length(max = 2))]
        pairs: BTreeSet<(bool, u8)>,
        #[garde(length(min = 2, max = 4))]
        map: BTreeMap<String, Plain>,
        #[garde(length(min = 1))]
        numbered: HashMap<u32, String>,
        #[garde(length(min = 2, max = 4))]
        by_name: BTreeMap<Plain, u8>,
        #[garde(length(min = 1, max = 5))]
        all: BTreeMap<Plain, u8>,
        #[garde(skip)]
        array: [u8; 3],
        #[garde(skip)]
        letter: char,
        #[garde(inner(inner(range(max = 7))))]
        nested: Vec<Vec<i32>>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum Plain {
        One,
        Two,
        Three,
        Four,
        Five,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Formats {
        #[garde(email, length(chars, max = 40))]
        mail: String,
        #[garde(url, length(chars, max = 60))]
        page: Option<String>,
        #[garde(pattern("^[A-Z]{3}$"))]
        code: Option<String>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Nested {
        #[garde(dive)]
        first_part: Part,
        #[garde(dive)]
        more_parts: Vec<Part>,
        #[garde(dive)]
        by_name: BTreeMap<String, Snake>,
        #[garde(dive)]
        maybe: Option<Box<Part>>,
        #[garde(skip)]
        user_name: String,
        #[garde(dive)]
        tree: Tree,
        #[garde(dive)]
        wrapped: Wrapped,
        #[garde(dive)]
        transparent: Transparent,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Part {
        #[serde(rename = "n")]
        #[garde(range(min = 1))]
        amount: u32,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Snake {
        #[garde(length(chars, min = 1))]
        user_name: String,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Tree {
        #[garde(length(chars, max = 9))]
        tree_name: String,
        #[garde(dive)]
        #[serde(default)]
        sub_trees: Vec<Self>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Wrapped(#[garde(length(chars, max = 9))] String);

    #[derive(Deserialize, JsonSchema, Validate)]
    #[garde(transparent)]
    #[serde(transparent)]
    pub struct Transparent(#[garde(length(chars, max = 9))] String);

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Flattened {
        #[garde(range(max = 5))]
        own: i32,
        #[serde(flatten)]
        #[garde(dive)]
        page: Option<Page>,
        #[serde(flatten)]
        #[garde(dive)]
        shape: Internal,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Page {
        #[garde(range(max = 100))]
        page_limit: u16,
        #[garde(range(min = 3))]
        page_offset: i32,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(tag = "type")]
    pub enum Internal {
        Dot,
        Circle {
            #[garde(range(max = 7))]
            radius: i32,
        },
        Square {
            #[garde(range(max = 8))]
            side: i32,
        },
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Enums {
        #[garde(dive)]
        external: External,
        #[garde(dive)]
        adjacent: Adjacent,
        #[garde(dive)]
        untagged: Option<Untagged>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub enum External {
        Unit,
        Newtype(#[garde(range(max = 7))] i32),
        Inner(#[garde(dive)] Part),
        Struct {
            #[serde(rename = "sideLength")]
            #[garde(range(max = 7))]
            side: i32,
        },
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(tag = "t", content = "c")]
    pub enum Adjacent {
        Unit,
        Newtype(#[garde(length(chars, max = 3))] String),
        Struct {
            #[garde(range(max = 7))]
            a: i32,
        },
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(untagged)]
    pub enum Untagged {
        Short(#[garde(length(chars, max = 3))] String),
        Number(#[garde(range(max = 3))] i32),
    }

    /// A text that its own parser looks at.
    #[derive(Deserialize, JsonSchema)]
    #[serde(try_from = "String")]
    #[schemars(extend("pattern" = "^#[0-9a-f]{6}$"))]
    pub struct Color(String);

    impl TryFrom<String> for Color {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            let is_digit = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
            match text.strip_prefix('#') {
                Some(digits) if digits.len() == 6 && digits.chars().all(is_digit) => Ok(Self(text)),
                _ => Err("a color is `#` and six digits"),
            }
        }
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Colored {
        #[garde(skip)]
        color: Color,
        #[garde(length(chars, max = 3))]
        name: String,
    }

    app!(
        Honest: phone(Phone), rules(Rules), numbers(Numbers), collections(Collections), formats(Formats),
        nested(Nested), flattened(Flattened), enums(Enums), colored(Colored), list(Vec<Part>), tree(Tree),
    );
}

#[test]
fn h5_honest_inputs_are_told_nothing() {
    let inspection = Builder::new(honest::Honest::registry()).inspect().expect("it is honest");
    let warnings: Vec<String> = inspection.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn pointers_of_reports_are_known_with_what_the_wire_has_for_them() {
    let model = Builder::new(honest::Honest::registry()).inspect().expect("it is honest").model;
    let renamed = |name: &str| {
        let function = model.functions.iter().find(|function| function.name == name).expect("there is one");
        function.renamed.iter().map(|(rust, wire)| format!("{rust} {wire}")).collect::<Vec<_>>()
    };
    assert_eq!(
        renamed("nested"),
        [
            "/by_name /byName",
            "/first_part /firstPart",
            "/first_part/amount /firstPart/n",
            "/maybe/amount /maybe/n",
            "/more_parts /moreParts",
            "/more_parts/*/amount /moreParts/*/n",
            "/tree/sub_trees /tree/subTrees",
            "/tree/sub_trees/*/sub_trees /tree/subTrees/*/subTrees",
            "/tree/sub_trees/*/sub_trees/*/sub_trees /tree/subTrees/*/subTrees/*/subTrees",
            "/tree/sub_trees/*/sub_trees/*/tree_name /tree/subTrees/*/subTrees/*/treeName",
            "/tree/sub_trees/*/tree_name /tree/subTrees/*/treeName",
            "/tree/tree_name /tree/treeName",
            "/user_name /userName",
            "/wrapped/0 /wrapped",
        ]
    );
    assert_eq!(
        renamed("flattened"),
        ["/page/page_limit /pageLimit", "/page/page_offset /pageOffset", "/shape/radius /radius", "/shape/side /side"]
    );
    assert_eq!(renamed("list"), ["/*/amount /*/n"]);
    // A report does not say of which variant a field is, so what two variants have at one place is told of the enum.
    assert_eq!(
        renamed("enums"),
        [
            "/adjacent/0 /adjacent/c",
            "/adjacent/a /adjacent/c/a",
            "/external/0 /external",
            "/external/0/amount /external/Inner/n",
            "/external/side /external/Struct/sideLength",
            "/untagged/0 /untagged",
        ]
    );
}

mod dishonest {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    pub struct NotValidated {
        #[schemars(length(min = 1, max = 5))]
        name: String,
        #[schemars(range(min = 1, max = 5))]
        number: i32,
        #[schemars(email)]
        mail: Option<String>,
        #[schemars(regex(pattern = "^[a-z]+$"))]
        word: String,
        #[schemars(length(min = 1, max = 2))]
        list: Vec<u8>,
        #[schemars(extend("minProperties" = 1))]
        map: BTreeMap<String, u8>,
        #[schemars(extend("maxProperties" = 1))]
        by_name: BTreeMap<super::honest::Plain, u8>,
        #[schemars(extend("multipleOf" = 5))]
        step: i32,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Undived {
        #[garde(length(chars, max = 5))]
        name: String,
        #[garde(skip)]
        part: Short,
        #[garde(skip)]
        parts: Vec<Short>,
        #[garde(skip)]
        map: BTreeMap<String, Short>,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Short {
        #[garde(length(chars, max = 5))]
        text: String,
    }

    /// The rule that no schema tells stands in nobody's way.
    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct BesideRules {
        #[garde(custom(refuse))]
        never: String,
        #[garde(length(chars, max = 5))]
        enforced: String,
        #[garde(skip)]
        #[schemars(length(max = 5))]
        published: String,
        #[garde(pattern("^[a-z]+$"))]
        #[schemars(length(max = 5))]
        both: String,
        #[garde(email)]
        #[schemars(length(max = 50))]
        mail: String,
    }

    fn refuse(_: &str, (): &()) -> garde::Result {
        Err(garde::Error::new("is never right"))
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    #[serde(tag = "type")]
    pub enum OneVariant {
        Honest {
            #[garde(range(max = 7))]
            size: i32,
        },
        Dishonest {
            #[garde(skip)]
            #[schemars(range(max = 7))]
            size: i32,
        },
    }

    app!(
        Dishonest: not_validated(NotValidated), undived(Undived), beside_rules(BesideRules), one_variant(OneVariant),
    );
}

#[test]
fn h5_a_constraint_that_is_not_enforced_fails_the_build() {
    assert_eq!(
        unenforced(dishonest::Dishonest::registry()),
        [
            "beside_rules/published maxLength",
            "beside_rules/both maxLength",
            "beside_rules/mail maxLength",
            "not_validated/name minLength",
            "not_validated/name maxLength",
            "not_validated/number minimum",
            "not_validated/number maximum",
            "not_validated/mail format",
            "not_validated/word pattern",
            "not_validated/list minItems",
            "not_validated/list maxItems",
            "not_validated/map minProperties",
            "not_validated/by_name maxProperties",
            "not_validated/step multipleOf",
            "one_variant/size maximum",
            "undived/part/text maxLength",
            "undived/parts/0/text maxLength",
            "undived/map/key/text maxLength",
        ]
    );
}

mod obscure {
    use super::*;

    /// A text that no schema tells how to write.
    #[derive(Deserialize, JsonSchema)]
    #[serde(try_from = "String")]
    #[schemars(with = "String")]
    pub struct Secret(String);

    impl TryFrom<String> for Secret {
        type Error = &'static str;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            if text == "open sesame" { Ok(Self(text)) } else { Err("not the secret") }
        }
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct Guarded {
        #[garde(skip)]
        secret: Secret,
        #[garde(length(chars, min = 1, max = 5))]
        name: String,
        #[garde(range(max = 5))]
        number: i32,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct WithExample {
        #[garde(skip)]
        #[schemars(example = "open sesame")]
        secret: Secret,
        #[garde(length(chars, min = 1, max = 5))]
        name: String,
    }

    #[derive(Deserialize, JsonSchema, Validate)]
    pub struct LookAhead {
        #[garde(skip)]
        #[schemars(regex(pattern = "^(?=.*x)[a-z]+$"))]
        word: String,
        #[garde(length(chars, max = 5))]
        name: String,
    }

    app!(Obscure: guarded(Guarded), with_example(WithExample), look_ahead(LookAhead));
}

#[test]
fn what_can_not_be_tried_is_one_warning_that_names_the_culprit() {
    let warnings = Builder::new(obscure::Obscure::registry()).inspect().expect("nothing is known to be wrong").warnings;
    let messages: Vec<&str> = warnings.iter().map(|warning| warning.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "whether `minLength` of `/name` and 2 other constraints in the input of `guarded` is enforced can't be tried: the server refuses a sample for its `/secret`, `not the secret`",
            "whether `pattern` of `/word` in the input of `look_ahead` is enforced can't be tried: no value is known that keeps it",
        ]
    );
}
