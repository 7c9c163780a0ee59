//! An application whose names are those that Rust, or the wire, find odd, and whose types hold themselves.

#![allow(dead_code, clippy::use_self)]

use pikku_codegen::model::{Action, Channel, Function, Model, Output, ReplyShape, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::schemas::{Schemas, channel, function, variant};

#[derive(Serialize, Deserialize, JsonSchema)]
struct Odd {
    names: Names,
    signs: Vec<Sign>,
    trees: Trees,
    shadows: (Outcome, Box<Shadow>),
}

/// Names that Rust or the wire find odd.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Names {
    r#type: u8,
    #[serde(rename = "self")]
    this: u8,
    #[serde(rename = "crate")]
    krate: u8,
    #[serde(rename = "kebab-case")]
    kebab: u8,
    #[serde(rename = "fooBar")]
    foo_bar: u8,
    #[serde(rename = "foo_bar")]
    foo_bar_again: u8,
    #[serde(rename = "1st")]
    first: u8,
    #[serde(rename = "")]
    empty: u8,
    größe: u8,
}

#[derive(Serialize, Deserialize, JsonSchema)]
enum Sign {
    #[serde(rename = "+1")]
    Plus,
    #[serde(rename = "-1")]
    Minus,
    #[serde(rename = "")]
    Nothing,
    #[serde(rename = "Self")]
    Own,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Trees {
    list: TreeList,
    chain: Chain,
    expression: Expression,
    man: Option<Man>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct TreeList(Vec<TreeList>);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Chain {
    value: u8,
    next: Option<Box<Chain>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Expression {
    Number(f64),
    Sum(Vec<Expression>),
    Not(Box<Expression>),
    Both { left: Box<Expression>, right: Box<Expression> },
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Man {
    wife: Option<Box<Woman>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Woman {
    husband: Option<Box<Man>>,
    sons: Vec<Man>,
}

/// Named as something that everyone uses.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Option")]
struct Choice {
    text: String,
}

/// Named as something that everyone uses.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "String")]
struct Cord {
    length: u8,
}

/// Named as something that everyone uses.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Result")]
struct Outcome {
    ok: Option<Choice>,
    cords: Vec<Cord>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Box")]
struct Shadow {
    inner: Option<Box<Shadow>>,
}

/// The whole model.
pub(crate) fn model() -> Model {
    let mut schemas = Schemas::new();
    let of_todo = |function: Function| Function {
        error: "TodoError".to_owned(),
        errors: vec![variant("Self", "", 409, "self", None), variant("Again", "", 404, "self", None)],
        ..function
    };
    let functions = vec![
        Function {
            input: schemas.input::<Odd>(),
            output: Output::Json(schemas.output::<Odd>()),
            ..function("echo", "", "POST", "/odd")
        },
        // Whose error would be called as that of the next.
        of_todo(function("archive", "", "POST", "/archive")),
        function("todo", "", "POST", "/todo"),
        // Whose names are taken, in one way or another.
        function("new", "", "POST", "/new"),
        function("r#move", "", "OPTIONS", "/move"),
        Function {
            input: Some(json!({"type": "object", "properties": {"a b": {"type": "object", "properties": {
                "c": {"type": "array", "items": {"enum": ["x", "y"]}},
            }}}})),
            output: Output::Json(json!({"type": "array", "items": {"type": "object", "properties": {
                "new": {"const": 1},
                "echo": {"type": ["string", "integer", "null"]},
            }}})),
            ..function("inline", "", "PUT", "/inline")
        },
    ];
    let action = |action: &str| Action {
        action: action.to_owned(),
        function: "echo".to_owned(),
        reply: ReplyShape::Result,
        keeps_id: false,
    };
    // Actions, a topic and a channel whose names are taken, no identifiers, or one and the same.
    let socket = Channel {
        on_message: Some("echo".to_owned()),
        actions: ["", "self", "socket", "a-b", "a_b", "send", "on_a"].map(action).into(),
        ..channel("TODO", "", "/")
    };
    let topics = vec![Topic { name: "a".to_owned(), docs: String::new(), data: json!({"type": "null"}) }];
    Model { channels: vec![socket], topics, ..schemas.model("Odd", functions) }
}

/// Values as the server writes them, by the type that they are in the client.
pub(crate) fn samples() -> Value {
    let not = Box::new(Expression::Not(Box::new(Expression::Number(1.5))));
    let couple = Man { wife: Some(Box::new(Woman { husband: None, sons: vec![Man { wife: None }] })) };
    let odd = Odd {
        names: Names {
            r#type: 1,
            this: 2,
            krate: 3,
            kebab: 4,
            foo_bar: 5,
            foo_bar_again: 6,
            first: 7,
            empty: 8,
            größe: 9,
        },
        signs: vec![Sign::Plus, Sign::Minus, Sign::Nothing, Sign::Own],
        trees: Trees {
            list: TreeList(vec![TreeList(vec![]), TreeList(vec![TreeList(vec![])])]),
            chain: Chain { value: 1, next: Some(Box::new(Chain { value: 2, next: None })) },
            expression: Expression::Both { left: not, right: Box::new(Expression::Sum(vec![Expression::Number(1.0)])) },
            man: Some(couple),
        },
        shadows: (
            Outcome { ok: Some(Choice { text: "x".to_owned() }), cords: vec![Cord { length: 1 }] },
            Box::new(Shadow { inner: Some(Box::new(Shadow { inner: None })) }),
        ),
    };
    json!({ "Odd": [odd] })
}
