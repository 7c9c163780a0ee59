//! What functions say of their answers and of their forms, and can't keep; and what becomes of files that an earlier build
//! generated.

// The functions are read and never called.
#![allow(dead_code, unreachable_pub)]

use std::fs;

use pikku_codegen::{Builder, Error};
use pikku_core::Registry;

/// What is said of an application, without places and help.
fn told(registry: Registry) -> Vec<String> {
    match Builder::new(registry).inspect() {
        Ok(_) => Vec::new(),
        Err(Error::Rejected(diagnostics)) => {
            diagnostics.into_iter().map(|diagnostic| format!("{}; {}", diagnostic.message, diagnostic.help)).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

macro_rules! app {
    ($app:ident) => {
        /// Shared by every function.
        #[derive(Debug)]
        pub struct Services;

        /// Who is calling.
        #[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
        pub struct UserSession;

        pikku_core::registry!($app { services: Services, session: UserSession });
    };
}

mod statuses {
    use std::convert::Infallible;

    use pikku_core::{EventStream, Raw, pikku_func};

    app!(Statuses);

    /// A stream.
    #[pikku_func(http(get = "/stream", status = 202))]
    pub async fn stream(_services: &Services) -> Result<EventStream<u8>, Infallible> {
        unreachable!()
    }

    /// A response of its own.
    #[pikku_func(http(get = "/own", status = 202))]
    pub async fn own(_services: &Services) -> Result<Raw, Infallible> {
        unreachable!()
    }

    /// An output that nobody would see.
    #[pikku_func(http(post = "/lost", status = 204))]
    pub async fn lost(_services: &Services) -> Result<u8, Infallible> {
        unreachable!()
    }

    /// These are fine.
    #[pikku_func(http(post = "/made", status = 201), http(put = "/made"))]
    pub async fn made(_services: &Services) -> Result<u8, Infallible> {
        unreachable!()
    }

    /// This is too.
    #[pikku_func(http(post = "/nothing", status = 204))]
    pub async fn nothing(_services: &Services) -> Result<(), Infallible> {
        unreachable!()
    }
}

#[test]
fn a_status_that_no_answer_would_have_is_refused() {
    assert_eq!(
        told(statuses::Statuses::registry()),
        [
            "`POST /lost` of `lost` says `status = 204`, and a response with 204 has no body, so that the output would be lost; return `()`, or take another status",
            "`GET /own` of `own` says `status = 202`, and the function makes the response itself; take out `status`, and give the response its status in the function",
            "`GET /stream` of `stream` says `status = 202`, and a stream of events is always 200; take out `status`",
        ]
    );
}

mod codes {
    use pikku_core::{PikkuError, pikku_func};

    app!(Codes);

    /// How it fails.
    #[derive(Debug, thiserror::Error, PikkuError)]
    pub enum Failure {
        /// As the framework does.
        #[error("it is forbidden")]
        #[pikku(status = 403)]
        Forbidden,
        /// One way.
        #[error("it is not there")]
        #[pikku(status = 404, code = "missing")]
        NotFound,
        /// Another way.
        #[error("it is gone")]
        #[pikku(status = 410, code = "missing")]
        Gone,
        /// The same way by another name.
        #[error("it is nowhere")]
        #[pikku(status = 404, code = "missing")]
        Nowhere,
        /// The same way with data.
        #[error("it is lost")]
        #[pikku(status = 404, code = "missing")]
        Lost {
            /// Since when.
            since: u32,
        },
    }

    /// Fails.
    #[pikku_func]
    pub async fn fail(_services: &Services) -> Result<(), Failure> {
        unreachable!()
    }

    /// Fails too, with the same errors.
    #[pikku_func]
    pub async fn fail_again(_services: &Services) -> Result<(), Failure> {
        unreachable!()
    }
}

#[test]
fn x2_a_code_means_one_thing() {
    let own = "give it a code of its own, `#[pikku(status = …, code = \"…\")]`";
    let both = |variant: &str| {
        format!(
            "`NotFound` and `{variant}` of `Failure`, the errors of `fail`, have both the code `missing`, with another status or other data; {own}"
        )
    };
    let forbidden =
        format!("`Failure::Forbidden`, an error of `fail`, has the code `forbidden`, which is pikku's own; {own}");
    // `Nowhere` is told apart from `Gone`, which comes before it.
    let nowhere = both("Nowhere").replace("`NotFound`", "`Gone`");
    assert_eq!(told(codes::Codes::registry()), [forbidden, both("Gone"), nowhere, both("Lost")]);
}

mod forms {
    use std::convert::Infallible;

    use pikku_core::{Upload, pikku_func};
    use schemars::JsonSchema;
    use serde::Deserialize;

    app!(Forms);

    /// What a file is about.
    #[derive(Debug, Deserialize, JsonSchema)]
    pub struct Meta {
        /// By whom.
        pub author: String,
    }

    /// A file and what it is about.
    #[derive(Debug, Deserialize, JsonSchema)]
    pub struct Described {
        /// Nested data.
        pub meta: Meta,
        /// A list of nested data.
        pub others: Vec<Meta>,
        /// A list that may be left out.
        #[serde(default)]
        pub tags: Vec<String>,
        /// A list that may not.
        pub labels: Vec<String>,
        /// The file.
        pub file: Upload,
    }

    /// Takes a form.
    #[pikku_func(http(post = "/described"))]
    pub async fn describe(_services: &Services, _data: Described) -> Result<(), Infallible> {
        unreachable!()
    }
}

#[test]
fn a_form_with_files_can_not_say_that_a_list_of_texts_is_empty() {
    assert_eq!(
        told(forms::Forms::registry()),
        [
            "the list `labels` of `describe` is required, and a form with files can't say that a list is empty; put `#[serde(default)]` on it"
        ]
    );
}

mod fine {
    use std::convert::Infallible;

    use pikku_core::pikku_func;

    app!(Fine);

    /// Does nothing.
    #[pikku_func(http(post = "/nothing"))]
    pub async fn nothing(_services: &Services) -> Result<(), Infallible> {
        unreachable!()
    }
}

#[test]
fn generated_files_that_are_left_over_are_removed() {
    let folder = tempfile::tempdir().expect("there is a place for files");
    let at = |name: &str| folder.path().join(name);
    let model = Builder::new(fine::Fine::registry()).inspect().expect("it is fine").model;
    fs::write(at("pikku.json"), serde_json::to_string(&model).expect("it is JSON")).expect("it can be written");

    let web = at("web");
    fs::create_dir(&web).expect("it can be made");
    for (name, text) in [
        ("pikku-readers.js", "// @generated by pikku-codegen from fine; do not edit by hand.\n"),
        ("pikku-own.js", "// Written by hand, not @generated by pikku-codegen.\n"),
        ("page.html", "// @generated by pikku-codegen from fine; do not edit by hand.\n"),
    ] {
        fs::write(web.join(name), text).expect("it can be written");
    }
    let builder = || Builder::from_model(at("pikku.json")).typescript(&web).rust_client_to(web.join("client.rs"));
    let Err(Error::Stale(stale)) = builder().check() else { panic!("nothing is current") };
    assert!(stale.contains(&web.join("pikku-readers.js")) && !stale.contains(&web.join("pikku-own.js")), "{stale:?}");

    builder().emit().expect("it can be written");
    let exists = |name: &str| web.join(name).exists();
    assert!(!exists("pikku-readers.js"));
    assert!(["pikku-own.js", "page.html", "client.rs", "pikku-fetch.js"].into_iter().all(exists));
    builder().check().expect("all is current");
}
