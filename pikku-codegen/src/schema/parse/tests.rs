//! Every shape that schemars makes of a serde type, as real types; the expected text is a short notation of [`Type`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::*;
use crate::model::{ErrorVariant, HttpRoute};
use crate::schema::{Field, Object, Tagging, Union, Variant};

/// Checks what a type's schema, in both directions, becomes.
fn check<T: JsonSchema>(expect: &str) {
    check_directions::<T>(expect, expect);
}

fn check_directions<T: JsonSchema>(input: &str, output: &str) {
    for (settings, expect) in [
        (SchemaSettings::draft2020_12().for_deserialize(), input),
        (SchemaSettings::draft2020_12().for_serialize(), output),
    ] {
        let mut generator = settings.into_generator();
        let schema = T::json_schema(&mut generator);
        assert_eq!(text(&shape::parse_type(schema.as_value())), expect);
    }
}

fn check_schema(schema: &Value, expect: &str) {
    assert_eq!(text(&shape::parse_type(schema)), expect, "{schema}");
}

/// A type in a notation that fits on a line.
fn text(ty: &Type) -> String {
    let all = |types: &[Type]| types.iter().map(text).collect::<Vec<_>>().join(", ");
    match ty {
        Type::Any => "any".into(),
        Type::Null => "null".into(),
        Type::Boolean => "bool".into(),
        Type::Integer(format) => format.clone().unwrap_or("integer".into()),
        Type::Number(format) => format.clone().unwrap_or("number".into()),
        Type::String(format) => format.clone().unwrap_or("string".into()),
        Type::File => "file".into(),
        Type::Const(value) => value.to_string(),
        Type::List(item) => format!("[{}]", text(item)),
        Type::Set(item) => format!("set[{}]", text(item)),
        Type::Tuple(items) => format!("({})", all(items)),
        Type::Map(values) => format!("{{*: {}}}", text(values)),
        Type::Nullable(inner) => format!("{}?", text(inner)),
        Type::Ref(name) => name.clone(),
        Type::Object(Object { fields, flattened, rest }) => {
            let fields = fields.iter().map(|Field { name, ty, required, docs, deprecated }| {
                let optional = if *required { "" } else { "~" };
                let docs = if docs.is_empty() { String::new() } else { format!(" /{docs}/") };
                let deprecated = if *deprecated { " old" } else { "" };
                format!("{name}{optional}: {}{docs}{deprecated}", text(ty))
            });
            let flattened = flattened.iter().map(|ty| format!("..{}", text(ty)));
            let rest = rest.iter().map(|ty| format!("*: {}", text(ty)));
            format!("{{{}}}", fields.chain(flattened).chain(rest).collect::<Vec<_>>().join(", "))
        }
        Type::Union(Union { tagging, variants }) => {
            let tagging = match tagging {
                Tagging::External => "external".into(),
                Tagging::Internal { tag } => format!("internal({tag})"),
                Tagging::Adjacent { tag, content } => format!("adjacent({tag}, {content})"),
                Tagging::Untagged => "untagged".into(),
            };
            let variants = variants.iter().map(|Variant { name, docs, content }| {
                let docs = if docs.is_empty() { String::new() } else { format!(" /{docs}/") };
                let content = content.as_ref().map(|ty| format!(" = {}", text(ty))).unwrap_or_default();
                format!("{name}{content}{docs}")
            });
            format!("{tagging}<{}>", variants.collect::<Vec<_>>().join(" | "))
        }
    }
}

/// A todo.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Todo {
    /// What it is known by.
    todo_id: String,
    #[serde(default)]
    tags: Vec<String>,
    due: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Box<Self>>,
    #[deprecated]
    old: u64,
}

#[test]
fn structs_know_which_fields_may_be_missing_in_each_direction() {
    check_directions::<Todo>(
        "{todoId: string /What it is known by./, tags~: [string], due~: string?, parent~: Todo?, old: uint64 old}",
        "{todoId: string /What it is known by./, tags: [string], due: string?, parent~: Todo?, old: uint64 old}",
    );
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Everything {
    f: f32,
    c: char,
    bytes: Vec<u8>,
    pair: [f64; 2],
    long: [u8; 32],
    set: BTreeSet<String>,
    tuple: (u8, String),
    any: Value,
    unit: (),
    big: u128,
    size: usize,
    map: BTreeMap<String, i64>,
    numbered: BTreeMap<u32, Todo>,
    twice: Option<Option<u8>>,
    result: Result<u8, String>,
}

#[test]
fn plain_types_keep_their_kind_and_format() {
    let with = |optional: &str| {
        format!(
            "{{f: float, c: string, bytes: [uint8], pair: (double, double), long: [uint8], set: set[string], \
             tuple: (uint8, string), any: any, unit: null, big: uint128, size: uint, map: {{*: int64}}, \
             numbered: {{*: Todo}}, twice{optional}: uint8?, result: Result_of_uint8_or_string}}"
        )
    };
    check_directions::<Everything>(&with("~"), &with(""));
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Plain {
    One,
    TwoThree,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Documented {
    /// The first.
    One,
    Two,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    /// Has a todo.
    New(Todo),
    Tuple(u8, String),
    Struct {
        a: i64,
    },
    Null(()),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    /// Has a todo.
    New(Todo),
    Struct {
        a: i64,
    },
    Map(BTreeMap<String, u8>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", content = "data")]
enum Adjacent {
    Unit,
    New(Todo),
    Tuple(u8, String),
    Struct { a: i64 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum SameField {
    Created { id: u64 },
    Deleted { id: u64 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(u64),
    Todo(Todo),
    Nothing,
    Both(u8, u8),
    Struct { a: u8 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum PartlyUntagged {
    A,
    B(u8),
    #[serde(untagged)]
    Other(String),
}

#[test]
fn enums_are_recognized_by_their_tagging() {
    check::<Plain>("external<one | two_three>");
    check::<Documented>("external<Two | One /The first./>");
    check::<External>(
        "external<Unit | New = Todo /Has a todo./ | Tuple = (uint8, string) | Struct = {a: int64} | Null = null>",
    );
    check::<Internal>("internal(kind)<Unit | New = Todo /Has a todo./ | Struct = {a: int64} | Map = {*: uint8}>");
    check::<Adjacent>("adjacent(kind, data)<Unit | New = Todo | Tuple = (uint8, string) | Struct = {a: int64}>");
    check::<SameField>("internal(type)<Created = {id: uint64} | Deleted = {id: uint64}>");
    check::<Untagged>("untagged<Integer = uint64 | Todo = Todo | Tuple = (uint8, uint8) | A = {a: uint8}>?");
    check::<PartlyUntagged>("untagged<A = \"A\" | B = {B: uint8} | Text = string>");
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Small {
    s: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flattened {
    a: u8,
    #[serde(flatten)]
    small: Small,
    #[serde(flatten)]
    others: HashMap<String, Plain>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct FlattenedEnum {
    x: u8,
    #[serde(flatten)]
    of: SameField,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct FlattenedEnums {
    #[serde(flatten)]
    of: SameField,
    #[serde(flatten)]
    external: External,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct OnlyFlattened {
    #[serde(flatten)]
    of: SameField,
}

#[test]
fn flattened_members_lie_beside_the_fields() {
    check::<Flattened>("{a: uint8, s: string, *: Plain}");
    check::<FlattenedEnum>("{x: uint8, ..internal(type)<Created = {id: uint64} | Deleted = {id: uint64}>}");
    check::<OnlyFlattened>("internal(type)<Created = {id: uint64} | Deleted = {id: uint64}>");
    check::<FlattenedEnums>(
        "{..internal(type)<Created = {id: uint64} | Deleted = {id: uint64}>, \
         ..external<New = Todo /Has a todo./ | Tuple = (uint8, string) | Struct = {a: int64} | Null = null | Unit = null>}",
    );
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Unit;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Newtype(Vec<Todo>);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Empty {}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum InlinePlain {
    One,
    Two,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
#[schemars(inline)]
enum InlineTagged {
    Unit,
    Struct { id: u64 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct InlineEnums {
    plain: Option<InlinePlain>,
    tagged: Option<InlineTagged>,
}

#[test]
fn small_structs_and_inlined_types_stay_what_they_are() {
    check::<Unit>("null");
    check::<Newtype>("[Todo]");
    check::<Empty>("{}");
    check_directions::<InlineEnums>(
        "{plain~: external<One | Two>?, tagged~: internal(type)<Unit | Struct = {id: uint64}>?}",
        "{plain: external<One | Two>?, tagged: internal(type)<Unit | Struct = {id: uint64}>?}",
    );
}

#[test]
fn hand_written_schemas_become_something_at_least_as_wide() {
    check_schema(&json!(true), "any");
    check_schema(&json!(false), "any");
    check_schema(&json!({}), "any");
    check_schema(&json!({"not": {"type": "string"}}), "any");
    check_schema(&json!({"type": "string", "format": "binary"}), "file");
    check_schema(&json!({"type": ["string", "integer", "null"]}), "untagged<Text = string | Integer = integer>?");
    check_schema(&json!({"enum": [1, 2]}), "untagged<Type1 = 1 | Type2 = 2>");
    check_schema(&json!({"const": null}), "null");
    check_schema(&json!({"items": {"type": "string"}}), "[string]");
    check_schema(&json!({"prefixItems": [{"type": "string"}]}), "[any]");
    check_schema(&json!({"allOf": [{"$ref": "#/$defs/A"}]}), "A");
    check_schema(&json!({"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}), "{..A, ..B}");
    check_schema(&json!({"$ref": "#/$defs/a~1b%20c"}), "a/b c");
    check_schema(&json!({"$ref": "https://example.com/schema"}), "any");
}

fn model(input: Value, inputs: Value, output: Value, outputs: Value) -> Model {
    let map = |value: Value| value.as_object().expect("an object").clone().into_iter().collect();
    let function = Function {
        name: "f".into(),
        module: "m".into(),
        file: "f.rs".into(),
        line: 1,
        docs: String::new(),
        auth: false,
        permissions: None,
        tags: vec![],
        input: Some(input),
        output: Output::Json(output),
        error: "Error".into(),
        errors: Vec::<ErrorVariant>::new(),
        requires_channel: false,
        has_middleware: false,
        http: Vec::<HttpRoute>::new(),
        renamed: BTreeMap::new(),
    };
    Model {
        channels: Vec::new(),
        topics: Vec::new(),
        contract: 1,
        app: "App".into(),
        app_module: "app".into(),
        source: "app".into(),
        functions: vec![function],
        inputs: map(inputs),
        outputs: map(outputs),
    }
}

fn check_names(model: &Model, named: &[&str]) {
    let types = Types::new(model);
    let found: Vec<String> = types.named().map(|named| format!("{} = {}", named.name, text(&named.ty))).collect();
    assert_eq!(found, named);
}

#[test]
fn a_type_that_is_the_same_in_both_directions_is_named_once() {
    let (todo, reference) = (json!({"Todo": {"type": "string"}}), json!({"$ref": "#/$defs/Todo"}));
    let model = model(reference.clone(), todo.clone(), reference, todo);
    check_names(&model, &["Todo = string"]);
}

#[test]
fn a_type_that_differs_or_refers_to_one_that_does_gets_a_name_for_its_input() {
    let reference = json!({"$ref": "#/$defs/Page"});
    let page = json!({"type": "array", "items": {"$ref": "#/$defs/Todo"}});
    let model = model(
        reference.clone(),
        json!({"Page": page, "Todo": {"type": "string"}, "TodoInput": {"type": "null"}, "Unused": true}),
        reference,
        json!({"Page": page, "Todo": {"type": "integer"}}),
    );
    check_names(&model, &["Page = [Todo]", "PageInput = [TodoInput]", "Todo = integer", "TodoInput = string"]);
    assert_eq!(Types::new(&model).input(&json!({"$ref": "#/$defs/Todo"})), Type::Ref("TodoInput".into()));
    assert_eq!(Types::new(&model).output(&json!({"$ref": "#/$defs/Todo"})), Type::Ref("Todo".into()));
}

#[test]
fn names_become_identifiers_and_stay_apart() {
    let definitions = json!({
        "Page_for_Todo": {"type": "string"},
        "PageForTodo": {"type": "integer"},
        "2d": {"type": "null"},
        "größe": {"type": "boolean"},
    });
    let all = json!({"prefixItems": [
        {"$ref": "#/$defs/Page_for_Todo"}, {"$ref": "#/$defs/PageForTodo"}, {"$ref": "#/$defs/2d"},
        {"$ref": "#/$defs/größe"}, {"$ref": "#/$defs/Missing"},
    ], "items": false});
    let model = model(all.clone(), definitions, json!(true), json!({}));
    check_names(&model, &["Größe = bool", "PageForTodo = integer", "PageForTodo2 = string", "Type2d = null"]);
    assert_eq!(text(&Types::new(&model).input(&all)), "(PageForTodo2, PageForTodo, Type2d, Größe, any)");
}

#[test]
fn recursive_types_end() {
    let reference = json!({"$ref": "#/$defs/Tree"});
    let tree = json!({"Tree": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}});
    check_names(&model(reference.clone(), tree.clone(), reference, tree), &["Tree = [Tree]"]);
}
