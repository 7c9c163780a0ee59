//! Who may come in: the tables of `tests/conformance`, played against servers over real sockets.

mod play;
mod setups;
mod table;
mod token;
mod wire;

use std::{collections::BTreeSet, fs, path::Path};

use table::Table;

fn read(name: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance").join(name);
    let json = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&json).unwrap_or_else(|error| panic!("{name}: {error}"))
}

async fn check(name: &str) {
    let failures = play::play(&read(name)).await;
    assert!(failures.is_empty(), "{name}:\n{}", failures.join("\n"));
}

#[tokio::test]
async fn bearer() {
    check("bearer.json").await;
}

#[tokio::test]
async fn keys() {
    check("keys.json").await;
}

#[tokio::test]
async fn cookies() {
    check("cookies.json").await;
}

#[tokio::test]
async fn several() {
    check("several.json").await;
}

#[tokio::test]
async fn sessions() {
    check("sessions.json").await;
}

#[tokio::test]
async fn jwt() {
    check("jwt.json").await;
}

#[tokio::test]
async fn permissions() {
    check("permissions.json").await;
}

#[tokio::test]
async fn starts() {
    check("starts.json").await;
}

#[test]
fn the_tables_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../conformance");
    let (mut ids, mut cases) = (BTreeSet::new(), 0);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of the tables") {
        let name = entry.expect("a file").file_name().to_string_lossy().into_owned();
        if !name.ends_with(".json") {
            continue;
        }
        let table = read(&name);
        let rows = table.rows.iter().map(|row| (&row.id, &row.rule));
        let scenes = table.scenes.iter().map(|scene| (&scene.id, &scene.rule));
        let starts = table.starts.iter().map(|start| (&start.id, &start.rule));
        for (id, rule) in rows.chain(scenes).chain(starts) {
            cases += 1;
            assert!(ids.insert(id.clone()), "{name}: there are two cases `{id}`");
            let is_rule =
                rule.strip_prefix(|c| "ACHJPSZ".contains(c)).is_some_and(|number| number.parse::<u8>().is_ok());
            assert!(is_rule, "{name}: `{rule}` of `{id}` is no rule");
        }
        names.push(name);
    }
    names.sort();
    let played = ["bearer", "cookies", "jwt", "keys", "permissions", "sessions", "several", "starts"];
    assert_eq!(names, played.map(|name| format!("{name}.json")), "a table that is not played");
    assert!(cases >= 120, "only {cases} cases are left");
}

#[tokio::test]
async fn a_case_that_is_not_so_is_told_by_its_name() {
    let table = serde_json::from_value(serde_json::json!({
        "about": "Wrong on purpose.",
        "rows": [{
            "id": "wrong", "rule": "A5", "server": "key: header", "send": { "key": "of-ada" },
            "http": ["nobody", "ada", "403 forbidden"],
            "upgrade": ["ada", "401 invalid_token", "ada"],
            "message": ["ada", "ada", "ada"],
        }],
        "scenes": [{
            "id": "wrong-scene", "rule": "S2", "server": "key: header",
            "steps": [{ "do": "request", "to": "GET /me", "is": "ada" }],
        }],
        "starts": [{ "id": "wrong-start", "rule": "Z1", "server": "key: header", "says": "no" }],
    }));
    let failures = play::play(&table.expect("a table")).await;
    assert_eq!(
        failures,
        [
            "wrong (A5): HTTP, public: expected `nobody`, got `ada`",
            "wrong (A5): upgrade, waiting: expected `401 invalid_token`, got `ada`",
            "wrong (A5): message, permissioned: expected `ada`, got `403 forbidden`",
            "wrong-scene (S2): step 1: expected `ada`, got `401 unauthorized`",
            "wrong-start (Z1): `key: header` starts",
        ]
    );
}
