//! An application that uses all that serde offers.

#![allow(dead_code, deprecated)]

use std::collections::{BTreeMap, BTreeSet};

use pikku_codegen::model::{Action, Channel, Function, Model, Output, Place, ReplyShape, RouteField, TextKind, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schemas::{Schemas, channel, function, variant};

/// A thing to do.
///
/// ```
/// let example = "of the functions crate, which must not become a doctest of the client's";
/// ```
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Todo {
    /// What it is known by, see [`Todo`].
    #[schemars(extend("format" = "uuid"))]
    todo_id: String,
    title: String,
    #[serde(default)]
    tags: Vec<String>,
    priority: Priority,
    #[schemars(extend("format" = "date-time"))]
    due: Option<String>,
}

/// How soon.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Priority {
    Low,
    /// Before all others.
    VeryHigh,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Page<T> {
    items: Vec<T>,
    total: u64,
}

#[derive(Deserialize, JsonSchema)]
struct ListTodos {
    /// Only those that are done, or only the others.
    completed: Option<bool>,
    tags: Option<Vec<String>>,
    #[serde(default)]
    limit: u32,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RenameTodo {
    #[schemars(extend("format" = "uuid"))]
    todo_id: String,
    /// What is to be done.
    title: String,
    dry_run: Option<bool>,
}

/// What to change about a todo.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateTodo {
    #[schemars(extend("format" = "uuid"))]
    todo_id: String,
    title: Option<String>,
    #[schemars(extend("format" = "date-time"))]
    due: Option<Option<String>>,
    #[serde(default)]
    tags: Vec<String>,
    dry_run: Option<bool>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TodoKey {
    todo_id: String,
}

#[derive(Deserialize, JsonSchema)]
struct Details {
    author: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UploadPicture {
    todo_id: String,
    #[schemars(extend("format" = "binary"))]
    picture: String,
    #[schemars(extend("format" = "binary"))]
    small_picture: Option<String>,
    details: Vec<Details>,
    caption: String,
}

/// How much is left.
#[derive(Serialize, JsonSchema)]
struct Quota {
    used: u32,
    limit: u32,
}

/// Always the same text.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Version {
    #[serde(rename = "v1")]
    #[schemars(extend("type" = "string"))]
    One,
}

/// Every kind of field.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Everything {
    boolean: bool,
    int: i64,
    byte: u8,
    big: u64,
    huge: u128,
    negative: i8,
    size: usize,
    single: f32,
    double: f64,
    letter: char,
    unit: (),
    any: Value,
    pair: (u8, String),
    point: [f64; 2],
    none: [u8; 0],
    set: BTreeSet<String>,
    map: BTreeMap<String, Todo>,
    numbered: BTreeMap<u32, Option<u8>>,
    nested: Option<Vec<Option<Todo>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
    #[deprecated]
    old: Option<u8>,
    kinds: Kinds,
    flattened: Flattened,
    loose: Loose,
}

#[derive(Deserialize, JsonSchema)]
struct Subscribe {
    /// Its name.
    topic: String,
}

/// What became of it.
#[derive(Serialize, JsonSchema)]
struct Subscribed {
    subscribed: bool,
}

#[derive(Deserialize, JsonSchema)]
struct Enter {
    room: u32,
    #[serde(default)]
    r#as: Vec<String>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Plain {
    text: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Kinds {
    external: Vec<External>,
    internal: Vec<Internal>,
    adjacent: Vec<Adjacent>,
    untagged: Vec<Untagged>,
    inline: InlineKind,
    version: Version,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum External {
    Unit,
    /// With one thing in it.
    Newtype(Todo),
    Pair(u8, String),
    #[serde(rename_all = "camelCase")]
    Struct {
        first_field: u8,
        second_field: Option<String>,
    },
    Empty {},
    List(Vec<u8>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Internal {
    UnitVariant,
    OfTodo(Todo),
    OfFields { a: i64, b: Option<Todo> },
    OfMap(BTreeMap<String, u8>),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Unit,
    Newtype(Todo),
    Pair(u8, String),
    Struct { a: u8 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Untagged {
    Number(i64),
    Todo(Todo),
    Both(u8, u8, u8),
    Struct { only_here: u8 },
    Text(String),
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
enum InlineKind {
    One,
    Two { x: u8 },
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Flattened {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    kind: InnerKind,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Loose {
    id: u8,
    #[serde(flatten)]
    others: BTreeMap<String, Priority>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Inner {
    name: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum InnerKind {
    Circle { radius: f64 },
    Square { side: f64 },
}

/// The whole model.
/// The whole model.
pub(crate) fn model() -> Model {
    let mut schemas = Schemas::new();
    let todo_errors = vec![
        variant("NotFound", "There is no such todo.", 404, "todo_not_found", None),
        variant(
            "Locked",
            "",
            423,
            "locked",
            Some(json!({"type": "object", "properties": {
            "until": {"type": "string", "format": "date-time", "description": "When it is free again."},
            "lockedBy": {"type": ["string", "null"]},
        }, "required": ["until", "lockedBy"]})),
        ),
        variant("Quota", "JSON is full.", 409, "quota", Some(schemas.output::<Quota>())),
        variant(
            "Tuple",
            "",
            409,
            "tuple",
            Some(json!({"type": "array", "prefixItems": [
            {"type": "string"}, {"type": "integer", "format": "uint8"},
        ], "minItems": 2, "maxItems": 2})),
        ),
    ];
    let of_todo =
        |function: Function| Function { error: "TodoError".to_owned(), errors: todo_errors.clone(), ..function };
    let login = variant("WrongPassword", "The name or the password is wrong.", 401, "wrong_password", None);

    let functions = vec![
        Function {
            auth: true,
            input: schemas.input::<ListTodos>(),
            output: Output::Json(schemas.output::<Page<Todo>>()),
            ..function("list_todos", "One's own todos.", "GET", "/todos")
        },
        of_todo(Function {
            auth: true,
            permissions: Some("is_todo_creator(todo_id) && !is_locked(todo_id)".to_owned()),
            input: schemas.input::<RenameTodo>(),
            output: Output::Json(schemas.output::<Todo>()),
            ..function("rename_todo", "Renames a todo. Only its creator may.", "PATCH", "/todos/{todoId}")
        }),
        of_todo(Function {
            input: schemas.input::<UpdateTodo>(),
            ..function("update_todo", "", "PATCH", "/todos/{todoId}/all")
        }),
        of_todo(Function {
            auth: true,
            input: schemas.input::<TodoKey>(),
            ..function("delete_todo", "", "DELETE", "/todos/{todoId}")
        }),
        of_todo(Function {
            input: schemas.input::<TodoKey>(),
            output: Output::Json(schemas.output::<Todo>()),
            ..function("get_todo", "", "GET", "/todos/{todoId}")
        }),
        Function {
            input: schemas.input::<UploadPicture>(),
            ..function("upload_picture", "", "POST", "/todos/{todoId}/picture")
        },
        Function { output: Output::Raw, ..function("export_todos", "All todos as a file.", "GET", "/export") },
        of_todo(Function {
            output: Output::Stream(schemas.output::<Todo>()),
            ..function("watch_todos", "Todos as they change.", "GET", "/watch")
        }),
        Function {
            input: schemas.input::<Everything>(),
            output: Output::Json(schemas.output::<Everything>()),
            ..function("echo", "", "POST", "/everything")
        },
        Function {
            error: "AuthError".to_owned(),
            errors: vec![login.clone()],
            input: schemas.input::<String>(),
            output: Output::Json(schemas.output::<String>()),
            ..function("login", "", "POST", "/login")
        },
        // The same Rust type, of which this function says that it can answer with less.
        Function {
            error: "TodoError".to_owned(),
            errors: vec![todo_errors[0].clone()],
            input: schemas.input::<Vec<Priority>>(),
            output: Output::Json(schemas.output::<(u64, Option<Todo>)>()),
            ..function("r#move", "", "PUT", "/move")
        },
        Function { http: vec![], ..function("on_no_transport", "", "GET", "/") },
        of_todo(Function {
            auth: true,
            permissions: Some("may_read(topic)".to_owned()),
            input: schemas.input::<Subscribe>(),
            output: Output::Json(schemas.output::<Subscribed>()),
            ..on_channel("subscribe", "Puts this connection on a topic.")
        }),
        Function { auth: true, ..on_channel("sign_out", "") },
        Function {
            input: schemas.input::<Enter>(),
            output: Output::Json(schemas.output::<String>()),
            ..on_channel("enter", "Greets whoever enters.")
        },
        Function {
            input: schemas.input::<Plain>(),
            output: Output::Json(schemas.output::<Plain>()),
            ..on_channel("repeat", "Says it once more.")
        },
        on_channel("take_picture", "Takes a picture."),
    ];
    let actions = |actions: &[(&str, &str, bool)]| {
        let action = |(action, function, keeps_id): &(&str, &str, bool)| Action {
            action: (*action).to_owned(),
            function: (*function).to_owned(),
            reply: ReplyShape::Result,
            keeps_id: *keeps_id,
        };
        actions.iter().map(action).collect()
    };
    let events = channel("Events", "Live changes to the todos.", "/events");
    let events = Channel {
        auth: true,
        actions: actions(&[
            ("get", "get_todo", true),
            ("sign-out", "sign_out", false),
            ("subscribe", "subscribe", false),
        ]),
        ..events
    };
    let rooms = Channel {
        routing: "kind".to_owned(),
        on_connect: Some("enter".to_owned()),
        on_message: Some("repeat".to_owned()),
        on_binary: Some("take_picture".to_owned()),
        fields: vec![
            RouteField { name: "room".to_owned(), place: Place::Path, text: TextKind::Number },
            RouteField { name: "as".to_owned(), place: Place::Query, text: TextKind::TextList },
        ],
        actions: actions(&[("echo", "echo", false)]),
        ..channel("Rooms", "", "/rooms/{room}")
    };
    // Text as it came, which is the only string that a message without an action can be.
    let plain = Channel { on_message: Some("login".to_owned()), ..channel("Plain", "Signs in.", "/plain") };
    let topics = vec![
        Topic { name: "todo-created".to_owned(), docs: "A todo was made.".to_owned(), data: schemas.output::<Todo>() },
        Topic { name: "typing".to_owned(), docs: String::new(), data: json!({"enum": ["begins", "ends"]}) },
    ];
    Model { channels: vec![events, rooms, plain], topics, ..schemas.model("ShopApp", functions) }
}

fn on_channel(name: &str, docs: &str) -> Function {
    Function { http: vec![], ..function(name, docs, "GET", "/") }
}

/// Values as the server writes them, by the type that they are in the client.
pub(crate) fn samples() -> Value {
    let todo = |title: &str| Todo {
        todo_id: "6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned(),
        title: title.to_owned(),
        tags: vec!["a".to_owned()],
        priority: Priority::VeryHigh,
        due: None,
    };
    let everything = Everything {
        boolean: true,
        int: i64::MIN,
        byte: 255,
        big: u64::MAX,
        huge: u128::from(u64::MAX),
        negative: -128,
        size: 7,
        single: 0.25,
        double: 1e300,
        letter: 'ü',
        unit: (),
        any: json!({"a": [1, null]}),
        pair: (1, "x".to_owned()),
        point: [0.5, -1.0],
        none: [],
        set: ["b".to_owned(), "a".to_owned()].into(),
        map: [("k".to_owned(), todo("mapped"))].into(),
        numbered: [(7, Some(1)), (8, None)].into(),
        nested: Some(vec![None, Some(todo("nested"))]),
        left_out: None,
        old: None,
        kinds: Kinds {
            external: vec![
                External::Unit,
                External::Newtype(todo("new")),
                External::Pair(1, "x".to_owned()),
                External::Struct { first_field: 1, second_field: None },
                External::Empty {},
                External::List(vec![1]),
            ],
            internal: vec![
                Internal::UnitVariant,
                Internal::OfTodo(todo("internal")),
                Internal::OfFields { a: 1, b: Some(todo("b")) },
                Internal::OfMap([("k".to_owned(), 1)].into()),
            ],
            adjacent: vec![
                Adjacent::Unit,
                Adjacent::Newtype(todo("adjacent")),
                Adjacent::Pair(1, "x".to_owned()),
                Adjacent::Struct { a: 1 },
            ],
            untagged: vec![
                Untagged::Number(-1),
                Untagged::Todo(todo("untagged")),
                Untagged::Both(1, 2, 3),
                Untagged::Struct { only_here: 1 },
                Untagged::Text("x".to_owned()),
            ],
            inline: InlineKind::Two { x: 1 },
            version: Version::One,
        },
        flattened: Flattened { id: 1, inner: Inner { name: "n".to_owned() }, kind: InnerKind::Circle { radius: 1.5 } },
        loose: Loose { id: 1, others: [("more".to_owned(), Priority::Low)].into() },
    };
    json!({
        "Everything": [everything],
        "Page": [Page { items: vec![todo("one")], total: 1 }],
        "Priority": [Priority::Low],
        "Todo": [todo("t")],
    })
}
