//! What is said of functions that contradict each other or themselves, word for word.
//!
//! Each module is an application of its own; `told` gives what `check` says of it, with a function's path in the place of
//! its file and line.

// The functions are read and never called.
#![allow(dead_code, unreachable_pub)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use pikku_codegen::{Builder, Error, model::Model};
use pikku_core::{Registry, pikku_func};

/// Services and session of an application, and the application itself.
macro_rules! app {
    ($app:ident) => {
        use garde::Validate;
        use schemars::JsonSchema;
        use serde::{Deserialize, Serialize};

        use super::{Answer, pikku_func};

        /// Shared by every function.
        #[derive(Debug)]
        pub struct Services;

        /// Who is calling.
        #[derive(Debug, Clone, Serialize, Deserialize)]
        pub struct UserSession;

        pikku_core::registry!($app { services: Services, session: UserSession });
    };
}

/// The answer of every function here.
pub type Answer = Result<(), Infallible>;

/// What `check` says, one line for each thing that is wrong.
fn told(registry: &Registry) -> Vec<String> {
    let Err(Error::Rejected(diagnostics)) = Builder::new(registry.clone()).check() else { return Vec::new() };
    let named = |text: String| {
        registry.functions().iter().fold(text, |text, function| {
            let module = function.module.rsplit("checks::").next().unwrap_or_default();
            text.replace(&format!("{}:{}", function.file, function.line), &format!("{module}::{}", function.name))
        })
    };
    diagnostics.iter().map(|diagnostic| named(diagnostic.to_string())).collect()
}

#[test]
fn a_place_is_the_line_of_the_name() {
    let registry = by_name::ByName::registry();
    let lines: Vec<_> = registry.functions().iter().map(|function| function.line).collect();
    assert_eq!(lines, [by_name::todos::LINE, by_name::users::LINE]);
    assert!(registry.functions()[0].file.ends_with("tests/checks.rs"), "{}", registry.functions()[0].file);
}

mod nothing {
    #![allow(unused_imports)]

    app!(Nothing);
}

#[test]
fn zero_functions_is_an_error() {
    assert_eq!(
        told(&nothing::Nothing::registry()),
        [
            "no function is registered for `Nothing`; help: put `#[pikku_func]` on a function that takes its services, and hand `Builder::new` the `registry()` of the application in that crate"
        ]
    );
}

mod by_name {
    #![allow(unused_imports)]

    app!(ByName);

    pub mod todos {
        use super::{super::Answer, Services};

        /// The line of the function's name.
        pub const LINE: u32 = line!() + 4;

        /// Counts todos.
        #[pikku_core::pikku_func(http(get = "/todos/count"))]
        pub async fn count(_services: &Services) -> Answer {
            Ok(())
        }
    }

    pub mod users {
        use super::{super::Answer, Services};

        /// The line of the function's name.
        pub const LINE: u32 = line!() + 4;

        /// Counts users.
        #[pikku_core::pikku_func(http(get = "/users/count"))]
        pub async fn count(_services: &Services) -> Answer {
            Ok(())
        }
    }
}

#[test]
fn f7_two_functions_of_one_name_are_told_with_both_places() {
    assert_eq!(
        told(&by_name::ByName::registry()),
        [
            "by_name::users::count: `count` is registered at by_name::todos::count too; help: give one of the two another name, since clients know functions by their names"
        ]
    );
}

mod routes {
    app!(Routes);

    /// Which todo.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[garde(allow_unvalidated)]
    pub struct Named {
        /// By one name.
        pub todo_id: Option<u32>,
        /// By another.
        pub id: Option<u32>,
    }

    /// Finds.
    #[pikku_func(http(get = "/todos/{todo_id}"))]
    pub async fn find(_services: &Services, _data: Named) -> Answer {
        Ok(())
    }

    /// Finds too, after a field of another name.
    #[pikku_func(http(get = "/todos/{id}"))]
    pub async fn find_again(_services: &Services, _data: Named) -> Answer {
        Ok(())
    }

    /// Has the path with another method, which is fine.
    #[pikku_func(http(delete = "/todos/{id}"), http(get = "/same"))]
    pub async fn remove(_services: &Services, _data: Named) -> Answer {
        Ok(())
    }

    /// Answers what another does.
    #[pikku_func(http(get = "/same"))]
    pub async fn same(_services: &Services) -> Answer {
        Ok(())
    }

    /// Answers a path beside the parameter, which is fine.
    #[pikku_func(http(get = "/todos/count"))]
    pub async fn count(_services: &Services) -> Answer {
        Ok(())
    }

    /// Answers one path twice.
    #[pikku_func(http(put = "/twice"), http(put = "/twice"))]
    pub async fn twice(_services: &Services) -> Answer {
        Ok(())
    }
}

#[test]
fn f7_two_functions_on_one_route_are_told_with_both_places() {
    const HELP: &str = "; help: give one of the two another path or method";
    let mut told = told(&routes::Routes::registry());
    told.sort();
    assert_eq!(
        told,
        [
            format!(
                "routes::find: `find` and `find_again` (routes::find_again) both answer `GET /todos/{{todo_id}}`{HELP}"
            ),
            format!("routes::same: `same` and `remove` (routes::remove) both answer `GET /same`{HELP}"),
            format!("routes::twice: `twice` and `twice` (routes::twice) both answer `PUT /twice`{HELP}"),
        ]
    );
}

mod parameters {
    app!(Parameters);

    /// A todo.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    #[garde(allow_unvalidated)]
    pub struct Todo {
        /// Which one.
        pub todo_id: u32,
        /// Its title.
        pub long_title: Option<String>,
    }

    /// Uses Rust's name of a field, where the wire's is wanted.
    #[pikku_func(http(get = "/todos/{todo_id}"))]
    pub async fn by_rust_name(_services: &Services, _data: Todo) -> Answer {
        Ok(())
    }

    /// Uses the wire's name.
    #[pikku_func(http(get = "/todos/{todoId}/title"))]
    pub async fn by_wire_name(_services: &Services, _data: Todo) -> Answer {
        Ok(())
    }

    /// Has an input without any fields.
    #[pikku_func(http(post = "/sum/{name}"))]
    pub async fn sum(_services: &Services, _data: Vec<u32>) -> Answer {
        Ok(())
    }
}

#[test]
fn f7_a_path_parameter_without_a_field_lists_the_fields() {
    assert_eq!(
        told(&parameters::Parameters::registry()),
        [
            "parameters::by_rust_name: the input of `by_rust_name` has no field for the path parameter `todo_id`; help: the fields are `todoId`, `longTitle`; a parameter has the name that the field has on the wire",
            "parameters::sum: the input of `sum` has no field for the path parameter `name`; help: make the input a struct with a field of that name",
        ]
    );
}

mod nested {
    app!(Nested);

    /// A filter.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[garde(allow_unvalidated)]
    pub struct Filter {
        /// A part of the title.
        pub title: Option<String>,
    }

    /// A page.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[garde(allow_unvalidated)]
    pub struct Page {
        /// How many.
        pub limit: Option<u32>,
    }

    /// What is listed.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[garde(allow_unvalidated)]
    pub struct List {
        /// Nested, as a query can't be.
        pub filter: Filter,
        /// Flattened, as a query can be.
        #[serde(flatten)]
        pub page: Page,
        /// A list of strings, which is a key that is repeated.
        pub tags: Option<Vec<String>>,
    }

    /// Lists.
    #[pikku_func(http(get = "/todos"))]
    pub async fn by_get(_services: &Services, _data: List) -> Answer {
        Ok(())
    }

    /// Lists too, with a body.
    #[pikku_func(http(post = "/todos"), http(delete = "/todos"))]
    pub async fn by_post(_services: &Services, _data: List) -> Answer {
        Ok(())
    }

    /// Has it in its path.
    #[pikku_func(http(post = "/todos/{filter}"))]
    pub async fn in_path(_services: &Services, _data: List) -> Answer {
        Ok(())
    }
}

#[test]
fn nested_data_outside_of_a_body_is_told() {
    assert_eq!(
        told(&nested::Nested::registry()),
        [
            "nested::by_get: the field `filter` of `by_get` is nested data, which a query can't carry; help: use POST, or flatten it with `#[serde(flatten)]`",
            "nested::in_path: the field `filter` of `in_path` is nested data, which the path can't carry; help: take it from the body, or make it a string, number, boolean or enum",
        ]
    );
}

mod published {
    app!(Published);

    /// Says much and enforces nothing.
    #[derive(Debug, Deserialize, JsonSchema)]
    pub struct Loose {
        /// Its length.
        #[schemars(length(min = 1, max = 9))]
        pub length: String,
        /// Its pattern.
        #[schemars(regex(pattern = "^[A-Z]{3}$"))]
        pub pattern: String,
        /// Its range.
        #[schemars(range(min = 1, max = 5))]
        pub range: i32,
        /// Its range, of a number with a fraction.
        #[schemars(range(min = 0.5))]
        pub ratio: f64,
        /// Its format.
        #[schemars(email)]
        pub email: String,
        /// Its count.
        #[schemars(length(min = 1))]
        pub items: Vec<u8>,
        /// Its length, where there is one.
        #[schemars(length(min = 2))]
        pub optional: Option<String>,
    }

    /// Adds.
    #[pikku_func(http(post = "/loose"))]
    pub async fn loose(_services: &Services, _data: Loose) -> Answer {
        Ok(())
    }

    /// A part.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    pub struct Part {
        /// How many.
        #[garde(range(min = 1))]
        pub count: u32,
    }

    /// Has parts that nobody looks into.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    pub struct Undived {
        /// One.
        #[garde(skip)]
        pub part: Part,
        /// Several.
        #[garde(length(max = 3))]
        pub parts: Vec<Part>,
        /// By name.
        #[garde(skip)]
        pub named: std::collections::BTreeMap<String, Part>,
    }

    /// Adds.
    #[pikku_func(http(post = "/undived"))]
    pub async fn undived(_services: &Services, _data: Undived) -> Answer {
        Ok(())
    }
}

/// What is said of a constraint that is published and not enforced.
fn unenforced(function: &str, pointer: &str, constraint: &str) -> String {
    format!(
        "published::{function}: the schema of `{pointer}` in the input of `{function}` says `{constraint}`, and nothing enforces it; help: derive `garde::Validate` for the input, with the constraint in `#[garde(…)]` and `#[garde(dive)]` on the way to it, or take the constraint out of the schema"
    )
}

#[test]
fn h5_a_constraint_that_is_published_and_not_enforced_is_told() {
    assert_eq!(
        told(&published::Published::registry()),
        [
            unenforced("loose", "/length", "minLength: 1"),
            unenforced("loose", "/length", "maxLength: 9"),
            unenforced("loose", "/pattern", "pattern: \"^[A-Z]{3}$\""),
            unenforced("loose", "/range", "minimum: 1"),
            unenforced("loose", "/range", "maximum: 5"),
            unenforced("loose", "/ratio", "minimum: 0.5"),
            unenforced("loose", "/email", "format: \"email\""),
            unenforced("loose", "/items", "minItems: 1"),
            unenforced("loose", "/optional", "minLength: 2"),
            unenforced("undived", "/part/count", "minimum: 1"),
            unenforced("undived", "/parts/0/count", "minimum: 1"),
            unenforced("undived", "/named/key/count", "minimum: 1"),
        ]
    );
}

mod enforced {
    use std::collections::BTreeMap;

    app!(Enforced);

    /// A part.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Part {
        /// How many.
        #[garde(range(min = 1))]
        pub part_count: u32,
    }

    /// Says much and enforces all of it.
    #[derive(Debug, Deserialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Tight {
        /// Its length.
        #[garde(length(chars, min = 1, max = 9))]
        pub long_title: String,
        /// Its pattern.
        #[garde(pattern("^[A-Z]{3}$"))]
        pub code: String,
        /// Its range.
        #[garde(range(min = 1, max = 5))]
        pub priority: Option<i32>,
        /// Its format.
        #[garde(email)]
        #[serde(rename = "mail")]
        pub address: String,
        /// Its count, and that of each item.
        #[garde(length(min = 1, max = 3), inner(length(chars, min = 2)))]
        pub tags: Vec<String>,
        /// Parts.
        #[garde(dive)]
        pub all_parts: Vec<Part>,
        /// Parts by name.
        #[garde(dive)]
        pub named: BTreeMap<String, Part>,
        /// Limits that are the type's own.
        #[garde(skip)]
        pub small: u8,
        /// A list of a fixed length.
        #[garde(skip)]
        pub pair: (u8, i16),
    }

    /// Adds.
    #[pikku_func(http(post = "/tight"), http(put = "/again/{longTitle}"))]
    pub async fn tight(_services: &Services, _data: Tight) -> Answer {
        Ok(())
    }

    /// Reads nothing.
    #[pikku_func(http(get = "/nothing"), auth = false)]
    pub async fn nothing(_services: &Services) -> Answer {
        Ok(())
    }
}

#[test]
fn h5_constraints_that_are_enforced_pass() {
    assert_eq!(told(&enforced::Enforced::registry()), Vec::<String>::new());
}

mod good {
    app!(Good);

    /// A part.
    #[derive(Debug, Deserialize, Serialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Part {
        /// How many.
        #[garde(range(min = 1))]
        pub part_count: u32,
    }

    /// A todo.
    #[derive(Debug, Deserialize, Serialize, JsonSchema, Validate)]
    #[serde(rename_all = "camelCase")]
    pub struct Todo {
        /// Its title.
        #[garde(length(chars, min = 1))]
        pub long_title: String,
        /// Whom to tell.
        #[garde(email)]
        #[serde(rename = "mail")]
        pub address: String,
        /// Its parts.
        #[garde(dive)]
        pub all_parts: Vec<Part>,
        /// A name that is the same on the wire.
        #[garde(skip)]
        pub done: bool,
    }

    /// Adds a todo.
    #[pikku_func(http(post = "/todos"))]
    pub async fn add(_services: &Services, _data: Todo) -> Answer {
        Ok(())
    }

    /// Counts todos.
    #[pikku_func(http(get = "/todos/count"), auth = false)]
    pub async fn count(_services: &Services) -> Answer {
        Ok(())
    }
}

/// The files below a folder, by their path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("it is in the folder").to_owned();
                found.insert(name, fs::read(&path).expect("the file can be read"));
            }
        }
    }
    found
}

/// A builder that writes everything it can below `folder`.
fn builder(folder: &Path) -> Builder {
    Builder::new(good::Good::registry())
        .typescript(folder.join("web"))
        .rust_client_to(folder.join("client.rs"))
        .model(folder.join("model.json"))
}

/// What cargo runs with `OUT_DIR` set, which a test can't set for itself.
#[test]
#[ignore = "it is the build script that other tests run"]
fn build_script() {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").expect("a test runs this"));
    builder(&out_dir).emit().expect("it emits");
}

/// Runs the build script in a process of its own; gives what it told cargo.
fn emit(folder: &Path) -> String {
    let output = Command::new(env::current_exe().expect("a test is a program"))
        .args(["build_script", "--exact", "--ignored", "--nocapture"])
        .env("OUT_DIR", folder)
        .output()
        .expect("it runs");
    let (told, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{error}");
    told.into_owned()
}

#[test]
fn g1_two_runs_give_the_same_bytes() {
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    emit(one.path());
    emit(other.path());
    let (one, other) = (files(one.path()), files(other.path()));
    assert!(one.contains_key(Path::new("router.rs")) && one.len() > 4, "{:?}", one.keys());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (name, bytes) in &one {
        assert!(other[name] == *bytes, "{} differs", name.display());
    }
}

#[test]
fn g1_files_are_written_only_when_they_change() {
    let folder = tempfile::tempdir().expect("a folder");
    emit(folder.path());
    let written = files(folder.path());
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in written.keys() {
        let file = fs::File::options().write(true).open(folder.path().join(name)).expect("it was written");
        file.set_modified(long_ago).expect("the time can be set");
    }
    let changed = folder.path().join("client.rs");
    fs::write(&changed, "changed by hand").expect("it can be written");
    emit(folder.path());
    assert_eq!(files(folder.path()), written);
    for name in written.keys() {
        let path = folder.path().join(name);
        let modified = fs::metadata(&path).and_then(|data| data.modified()).expect("it is there");
        assert_eq!(modified == long_ago, path != changed, "{}", name.display());
    }
}

#[test]
fn g1_the_build_script_is_run_again_when_a_written_file_is_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    emit(folder.path());
    let told = emit(folder.path());
    let client = folder.path().join("client.rs");
    for line in ["cargo::rerun-if-changed=build.rs", &format!("cargo::rerun-if-changed={}", client.display())] {
        assert!(told.lines().any(|told| told == line), "{line} is not in\n{told}");
    }
}

#[test]
fn g1_check_names_the_files_that_are_stale() {
    let folder = tempfile::tempdir().expect("a folder");
    let stale = || match builder(folder.path()).check() {
        Ok(()) => Vec::new(),
        Err(Error::Stale(paths)) => paths,
        Err(error) => panic!("{error}"),
    };
    assert!(stale().contains(&folder.path().join("client.rs")), "{:?}", stale());
    assert!(files(folder.path()).is_empty(), "`check` wrote a file");
    emit(folder.path());
    assert_eq!(stale(), Vec::<PathBuf>::new());
    let model = folder.path().join("model.json");
    let changed = fs::read_to_string(&model).expect("it was written") + "\n";
    fs::write(&model, changed).expect("it can be written");
    assert_eq!(stale(), std::slice::from_ref(&model));
    let error = builder(folder.path()).check().expect_err("it is stale");
    assert_eq!(
        error.to_string(),
        format!("{} is stale; help: generate again and commit what changed", model.display())
    );
}

#[test]
fn emit_without_a_build_script_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = builder(folder.path()).emit().expect_err("there is no `OUT_DIR`");
    assert_eq!(error.to_string(), "`OUT_DIR` is not set; help: call `emit` from a build script, or say where files go");
}

#[test]
fn h5_what_the_wire_calls_a_field_is_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    emit(folder.path());
    let model = fs::read(folder.path().join("pikku.json")).expect("it was written");
    let model: Model = serde_json::from_slice(&model).expect("it is a model");
    let renamed: Vec<_> =
        model.functions[0].renamed.iter().map(|(rust, wire)| (rust.as_str(), wire.as_str())).collect();
    assert_eq!(
        renamed,
        [
            ("/address", "/mail"),
            ("/all_parts", "/allParts"),
            ("/all_parts/*/part_count", "/allParts/*/partCount"),
            ("/long_title", "/longTitle"),
        ]
    );
    assert_eq!(model.functions[1].renamed, BTreeMap::new());
}

#[test]
fn a_model_gives_the_same_clients_as_the_functions() {
    let (folder, clients) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    emit(folder.path());
    Builder::from_model(folder.path().join("model.json"))
        .typescript(clients.path().join("web"))
        .rust_client_to(clients.path().join("client.rs"))
        .emit()
        .expect("it emits");
    let by_functions = files(folder.path());
    for (name, bytes) in files(clients.path()) {
        assert!(by_functions[&name] == bytes, "{} differs", name.display());
    }
}

#[test]
fn a_model_of_another_contract_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    emit(folder.path());
    let path = folder.path().join("model.json");
    let text = fs::read_to_string(&path).expect("it was written");
    let ours = format!("\"contract\": {}", pikku_core::CONTRACT_VERSION);
    assert!(text.contains(&ours), "{text:.80}");
    fs::write(&path, text.replace(&ours, "\"contract\": 4711")).expect("it can be written");
    let error = Builder::from_model(&path).check().expect_err("it is of another version");
    assert_eq!(
        error.to_string(),
        format!(
            "the model is of contract version 4711, and this pikku-codegen is of {}; help: generate the model anew",
            pikku_core::CONTRACT_VERSION
        )
    );
}

#[test]
fn a_model_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("model.json");
    let refused = |says: &str| {
        let error = Builder::from_model(&path).check().expect_err("it is no model").to_string();
        assert!(error.starts_with(&format!("{}: ", path.display())) && error.contains(says), "{error}");
    };
    refused("No such file");
    fs::write(&path, "{}").expect("it can be written");
    refused(
        "missing field `contract` at line 1 column 2; help: generate it anew with the version of pikku that is used here",
    );
}
