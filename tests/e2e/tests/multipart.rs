//! Multipart forms and their files (H4).

use e2e::{Answer, Running, app, serve};
use serde_json::json;

const KIND: (&str, &str) = ("content-type", "multipart/form-data; boundary=X");

/// A form of these parts: a name, a file name if it is a file, and the content.
fn form(parts: &[(&str, Option<&str>, &str)]) -> String {
    let mut body = String::new();
    for (name, file, content) in parts {
        let file = file.map(|file| format!("; filename=\"{file}\"")).unwrap_or_default();
        body += &format!("--X\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n");
    }
    body + "--X--\r\n"
}

async fn put(server: &Running, body: &str) -> Answer {
    server.send("PUT", "/picture", &[KIND], body).await
}

#[tokio::test]
async fn h4_a_file_is_read_while_it_arrives() {
    let server = serve(app().await).await;
    let content = "0123456789".repeat(10_000);
    let body = form(&[("caption", None, "me"), ("width", None, "7"), ("picture", Some("a.png"), &content)]);
    let answer = put(&server, &body).await;
    let sum: u32 = content.bytes().map(u32::from).sum();
    assert_eq!((answer.status, answer.json()), (200, json!({ "text": "me 7 a.png", "bytes": 100_000, "sum": sum })));
}

#[tokio::test]
async fn h4_a_file_that_is_too_large_is_413_also_while_it_is_read() {
    let server = serve(app().await).await;
    let content = "x".repeat(300_000);
    let body = form(&[("caption", None, "me"), ("width", None, "7"), ("picture", Some("a.png"), &content)]);
    let answer = put(&server, &body).await;
    assert_eq!((answer.status, &answer.json()["code"]), (413, &json!("payload_too_large")), "{answer:?}");
}

#[tokio::test]
async fn h4_fields_behind_the_file_are_refused_and_not_lost() {
    let server = serve(app().await).await;
    let body = form(&[("caption", None, "me"), ("width", None, "7"), ("picture", Some("a"), "x"), ("late", None, "x")]);
    let answer = put(&server, &body).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text.contains("last part"), "{answer:?}");
}

#[tokio::test]
async fn h4_a_bad_form_is_told_where() {
    let server = serve(app().await).await;
    let file = ("picture", Some("a"), "x");
    for (body, status, pointer) in [
        (form(&[("caption", None, "me"), ("width", None, "wide"), file]), 422, "/width"),
        (form(&[("width", None, "7"), file]), 422, "/caption"),
        (form(&[("caption", None, "me"), ("width", None, "7")]), 422, "/picture"),
        (form(&[("caption", None, "me"), ("width", None, "7"), ("picture", None, "no file")]), 422, "/picture"),
        (form(&[("caption", None, &"x".repeat(21)), ("width", None, "7"), file]), 422, "/caption"),
        (form(&[file]).replace("--X--", ""), 422, "/caption"),
        ("--X\r\nnonsense".to_owned(), 400, ""),
        (String::new(), 400, ""),
    ] {
        let answer = put(&server, &body).await;
        let told = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, told.as_str()), (status, pointer), "{body}: {answer:?}");
    }
    let no_boundary = server.send("PUT", "/picture", &[("content-type", "multipart/form-data")], "x").await;
    assert_eq!(no_boundary.status, 400);
}

#[tokio::test]
async fn h4_a_file_is_no_text() {
    let server = serve(app().await).await;
    let file = ("picture", Some("a"), "x");
    for (method, path, body, pointer) in [
        ("POST", "/login", form(&[("name", Some("a"), "x")]), "/name"),
        ("POST", "/login", form(&[("name", None, "ada"), ("other/one", Some("a"), "x")]), "/other~1one"),
        ("PUT", "/picture", form(&[("caption", Some("a"), "x"), ("width", None, "7"), file]), "/caption"),
        ("PUT", "/picture", form(&[("caption", None, "x"), ("width", Some("a"), "7"), file]), "/width"),
    ] {
        let answer = server.send(method, path, &[KIND], &body).await;
        let told = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, told.as_str()), (422, pointer), "{answer:?}");
    }
}

#[tokio::test]
async fn h4_nested_data_beside_a_file_is_json() {
    let server = serve(app().await).await;
    let send = async |about: &str| {
        let body = form(&[("about", None, about), ("file", Some("a"), "12")]);
        server.send("POST", "/described", &[KIND], &body).await
    };
    let answer = send(r#" {"shortLabel": "one", "sizes": [1, 2]}"#).await;
    let sum: u32 = "12".bytes().map(u32::from).sum();
    assert_eq!((answer.status, answer.json()), (200, json!({ "text": "one [1, 2]", "bytes": 2, "sum": sum })));
    for (about, status, pointer) in [
        (r#"{"shortLabel": "one", "sizes": ["x"]}"#, 422, "/about/sizes/0"),
        (r#"{"shortLabel": "", "sizes": []}"#, 422, "/about/shortLabel"),
        (r#"{"shortLabel": "one", "sizes": []"#, 422, "/about"),
        ("one", 422, "/about"),
        ("", 422, "/about"),
        (r#"{"shortLabel": "one", "shortLabel": "two", "sizes": []}"#, 400, ""),
        (r#"{"shortLabel": "one", "sizes": []}, "file": {}"#, 422, "/about"),
    ] {
        let answer = send(about).await;
        let told = answer.json()["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, told.as_str()), (status, pointer), "{about}: {answer:?}");
    }
}

#[tokio::test]
async fn h4_a_function_can_not_hide_that_a_file_was_cut() {
    let server = serve(app().await).await;
    let send = async |size: usize, more: &[_]| {
        let content = "x".repeat(size);
        let body = form(&[&[("file", Some("a"), content.as_str())], more].concat());
        server.send("POST", "/careless", &[KIND], &body).await
    };
    assert_eq!(send(700, &[]).await.json(), 700);
    for (size, more, status) in [(300_000, &[][..], 413), (700, &[("late", None, "x")], 400)] {
        let answer = send(size, more).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn z4_a_form_has_not_any_number_of_fields() {
    let server = serve(app().await).await;
    let names: Vec<String> = (0..1100).map(|number| format!("f{number}")).collect();
    let parts: Vec<_> = names.iter().map(|name| (name.as_str(), None, "")).collect();
    let answer = server.send("POST", "/login", &[KIND], &form(&parts)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("bad_request")), "{answer:?}");
}

#[tokio::test]
async fn h4_several_files_are_kept() {
    let server = serve(app().await).await;
    let body = form(&[("files", Some("a"), "12"), ("cover", Some("c"), "3"), ("files", Some("b"), "4")]);
    let answer = server.send("POST", "/files", &[KIND], &body).await;
    let sum: u32 = "1234".bytes().map(u32::from).sum();
    assert_eq!((answer.status, answer.json()), (200, json!({ "text": "abc", "bytes": 4, "sum": sum })), "{answer:?}");
}

#[tokio::test]
async fn h4_a_file_can_not_be_forged_in_json() {
    let server = serve(app().await).await;
    let answer = server.post("/files", r#"{"files": ["\u0000upload:0"]}"#).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!("/files/0")));
}
