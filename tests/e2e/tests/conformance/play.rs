//! Plays the cases of a table, and tells what is not as it says.

use std::{collections::HashMap, time::Duration};

use e2e::socket::Next;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    setups::{self, Stage},
    table::{Jar, Row, Scene, Sets, Start, Step, Table, cookie_of},
    wire::{self, Answer, Connection, PATIENCE},
};

/// What went wrong in a case, one line each.
type Failures = Vec<String>;

/// Plays a whole table.
pub(crate) async fn play(table: &Table) -> Failures {
    let mut failures = Failures::new();
    let mut stages = HashMap::new();
    for row in &table.rows {
        let name = row.server.as_str();
        if !stages.contains_key(name) {
            stages.insert(name, setups::start(name).await.expect("it starts"));
        }
        failures.extend(named(&row.id, &row.rule, play_row(row, &stages[name]).await));
    }
    for scene in &table.scenes {
        let stage = setups::start(&scene.server).await.expect("it starts");
        let played = play_scene(scene, &stage).await;
        failures.extend(named(&scene.id, &scene.rule, played.err().into_iter().collect()));
    }
    for start in &table.starts {
        failures.extend(named(&start.id, &start.rule, play_start(start).await.err().into_iter().collect()));
    }
    failures
}

fn named(id: &str, rule: &str, failures: Failures) -> Failures {
    failures.into_iter().map(|failure| format!("{id} ({rule}): {failure}")).collect()
}

/// What a row asks for over HTTP, and what the tables call it.
const FUNCTIONS: [&str; 3] = ["public", "protected", "permissioned"];

/// The doors of a row, and the first message at each.
const DOORS: [(&str, &str); 3] = [("open", "public"), ("waiting", "public"), ("closed", "protected")];

async fn play_row(row: &Row, stage: &Stage) -> Failures {
    let mut failures = Failures::new();
    for (function, expected) in FUNCTIONS.iter().zip(&row.http) {
        compare(&mut failures, &format!("HTTP, {function}"), expected, ask(row, stage, function).await);
    }
    for ((door, action), expected) in DOORS.iter().zip(&row.upgrade) {
        compare(&mut failures, &format!("upgrade, {door}"), expected, knock(row, stage, door, action).await);
    }
    let Some(message) = &row.message else { return failures };
    match open(row, stage, "open").await {
        Ok(Ok(mut connection)) => {
            for (action, expected) in FUNCTIONS.iter().zip(message) {
                let outcome = connection.outcome(action).await;
                compare(&mut failures, &format!("message, {action}"), expected, outcome);
            }
        }
        Ok(Err(answer)) => failures.push(format!("the open door answered {}", answer.outcome())),
        Err(error) => failures.push(error),
    }
    failures
}

async fn ask(row: &Row, stage: &Stage, function: &str) -> Result<String, String> {
    let (target, headers) = row.send.prepare(&format!("/conformance/{function}"), stage, &Jar::new()).await?;
    challenged(&wire::request(&stage.http, &stage.server, "GET", &target, &headers, None).await?)
}

async fn open(row: &Row, stage: &Stage, door: &str) -> Result<Result<Connection, Answer>, String> {
    let (target, headers) = row.send.prepare(&format!("/conformance/{door}"), stage, &Jar::new()).await?;
    wire::connect(&stage.server, &target, &headers).await
}

async fn knock(row: &Row, stage: &Stage, door: &str, action: &str) -> Result<String, String> {
    match open(row, stage, door).await? {
        Ok(mut connection) => connection.outcome(action).await,
        Err(answer) => challenged(&answer),
    }
}

/// The outcome of an answer whose challenge is the one that belongs to it (A5, Z2).
fn challenged(answer: &Answer) -> Result<String, String> {
    let outcome = answer.outcome();
    let expected = match outcome.as_str() {
        "401 unauthorized" => Some("Bearer"),
        "401 invalid_token" => Some(r#"Bearer error="invalid_token""#),
        _ => None,
    };
    if answer.challenge.as_deref() != expected {
        return Err(format!("{outcome} with the challenge {:?} instead of {expected:?}", answer.challenge));
    }
    Ok(outcome)
}

fn compare(failures: &mut Failures, at: &str, expected: &str, outcome: Result<String, String>) {
    match outcome {
        // Whatever a table says: no credential is ever a failure of the server.
        Ok(outcome) if outcome.starts_with('5') => failures.push(format!("{at}: {outcome}, which nobody may cause")),
        Ok(outcome) if outcome == expected => {}
        Ok(outcome) => failures.push(format!("{at}: expected `{expected}`, got `{outcome}`")),
        Err(error) => failures.push(format!("{at}: expected `{expected}`, got {error}")),
    }
}

async fn play_start(start: &Start) -> Result<(), String> {
    match setups::start(&start.server).await {
        Ok(_) => Err(format!("`{}` starts", start.server)),
        Err(said) if said.contains(&start.says) => Ok(()),
        Err(said) => Err(format!("expected it to say `{}`, and it says `{said}`", start.says)),
    }
}

/// What a scene has come to.
struct Actors<'s> {
    stage: &'s Stage,
    jar: Jar,
    connections: HashMap<String, Connection>,
}

async fn play_scene(scene: &Scene, stage: &Stage) -> Result<(), String> {
    let (jar, connections) = (Jar::new(), HashMap::new());
    let mut actors = Actors { stage, jar, connections };
    for (number, step) in scene.steps.iter().enumerate() {
        actors.play(step).await.map_err(|error| format!("step {}: {error}", number + 1))?;
    }
    Ok(())
}

impl Actors<'_> {
    async fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Request { to, send, body, is, says, sets, r#as, until, times } => {
                let (method, target) = to.split_once(' ').ok_or("a request is a method and a target")?;
                let (target, headers) = send.prepare(target, self.stage, &self.jar).await?;
                let stage = self.stage;
                let send = || wire::request(&stage.http, &stage.server, method, &target, &headers, body.as_ref());
                let mut answer = send().await?;
                let deadline = Instant::now() + PATIENCE;
                while *until && answer.outcome() != *is && Instant::now() < deadline {
                    sleep(Duration::from_millis(20)).await;
                    answer = send().await?;
                }
                for _ in 1..*times {
                    expect(answer, is)?;
                    answer = send().await?;
                }
                let answer = expect(answer, is)?;
                if says.as_ref().is_some_and(|says| *says != answer.body) {
                    return Err(format!("expected {says:?}, got {}", answer.body));
                }
                let set = match (answer.cookies.as_slice(), cookie_of(&answer.cookies)) {
                    ([], _) => Sets::Nothing,
                    ([cookie], Some(value)) if value.is_empty() && cookie.contains("Max-Age=0") => Sets::ExpiredCookie,
                    (_, Some(_)) => Sets::Cookie,
                    (other, None) => return Err(format!("odd cookies: {other:?}")),
                };
                if sets.is_some_and(|expected| expected != set) {
                    return Err(format!("expected {sets:?} in the way of cookies, got {set:?}"));
                }
                if let Some(name) = r#as {
                    self.jar.insert(name.clone(), cookie_of(&answer.cookies).ok_or("there is no cookie to keep")?);
                }
            }
            Step::Open { to, send, r#as, is } => {
                let (target, headers) = send.prepare(to, self.stage, &self.jar).await?;
                match wire::connect(&self.stage.server, &target, &headers).await? {
                    Ok(connection) if is == "open" => {
                        self.connections.insert(r#as.clone().unwrap_or_default(), connection);
                    }
                    Ok(_) => return Err(format!("expected `{is}`, and it opens")),
                    Err(answer) => drop(expect(answer, is)?),
                }
            }
            Step::Say { on, message, hear, until } => {
                let connection = self.connection(on)?;
                let mut heard = connection.ask(message).await?;
                let deadline = Instant::now() + PATIENCE;
                while *until && !includes(&heard, hear) && Instant::now() < deadline {
                    sleep(Duration::from_millis(20)).await;
                    heard = connection.ask(message).await?;
                }
                check_heard(&heard, hear)?;
            }
            Step::Hear { on, message } => match self.connection(on)?.next().await? {
                Next::Message(heard) => check_heard(&heard, message)?,
                other => return Err(format!("expected {message}, got {other:?}")),
            },
            Step::Closes { on, code } => match self.connection(on)?.next().await? {
                Next::Closed(closed) if closed == *code => {}
                other => return Err(format!("expected the code {code}, got {other:?}")),
            },
            Step::RevokeAllOf { user, sessions } => {
                let revoked = self.stage.sessions.revoke_all_of(user).await.map_err(|error| error.to_string())?;
                if revoked != *sessions {
                    return Err(format!("expected {sessions} to be revoked, and it was {revoked}"));
                }
            }
            Step::Keys { are } => self.stage.keys.change(are),
            Step::Asked { times } => {
                let asked = self.stage.keys.asked();
                if asked != *times {
                    return Err(format!("expected the source to be asked {times} times, and it was {asked}"));
                }
            }
        }
        Ok(())
    }

    fn connection(&mut self, name: &str) -> Result<&mut Connection, String> {
        self.connections.get_mut(name).ok_or(format!("there is no connection `{name}`"))
    }
}

fn expect(answer: Answer, expected: &str) -> Result<Answer, String> {
    let outcome = challenged(&answer)?;
    match outcome == expected && answer.status < 500 {
        true => Ok(answer),
        false => Err(format!("expected `{expected}`, got `{outcome}`")),
    }
}

fn check_heard(heard: &Value, expected: &Value) -> Result<(), String> {
    match includes(heard, expected) && heard["error"]["status"].as_u64().is_none_or(|status| status < 500) {
        true => Ok(()),
        false => Err(format!("expected {expected}, heard {heard}")),
    }
}

/// Whether a value has at least what is expected of it.
fn includes(value: &Value, expected: &Value) -> bool {
    match (value, expected) {
        (Value::Object(value), Value::Object(expected)) => {
            expected.iter().all(|(name, expected)| value.get(name).is_some_and(|value| includes(value, expected)))
        }
        _ => value == expected,
    }
}
