//! Counts all cases, and compares them with the counts that are kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{self, Write},
    path::Path,
    process::Command,
};

use serde::{Deserialize, Serialize};

use crate::{
    Result,
    cases::{Case, cases},
    counting::PATTERN,
};

/// How much a case may grow.
const TOLERANCE: f64 = 0.03;

/// What is kept: counts, and what they were counted with.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    rustc: String,
    valgrind: String,
    /// What hand-written axum costs, by case.
    axum: BTreeMap<String, u64>,
    /// What pikku costs.
    pikku: BTreeMap<String, u64>,
}

/// Counts, and checks or keeps what came out.
pub(crate) fn run(keep: bool) -> Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.json");
    let kept: Counts = match fs::read(&path) {
        Ok(json) => serde_json::from_slice(&json)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Counts::default(),
        Err(error) => return Err(error.into()),
    };
    let cases = cases();
    let counts = count(&cases)?;
    let grown = report(&cases, &kept, &counts)?;
    if keep {
        fs::write(&path, serde_json::to_string_pretty(&counts)? + "\n")?;
        return Ok(());
    }
    if (&kept.rustc, &kept.valgrind) != (&counts.rustc, &counts.valgrind) {
        let with = |counts: &Counts| format!("{}, {}", counts.rustc, counts.valgrind);
        writeln!(io::stdout(), "\nkept: {}\nnow:  {}", with(&kept), with(&counts))?;
    }
    if grown.is_empty() {
        return Ok(());
    }
    let help = "if that is as it should be, renew the counts: tests/bench/instructions/run --keep";
    Err(format!("more than {:.0} % above what is kept: {}\n  help: {help}", TOLERANCE * 100.0, grown.join(", ")).into())
}

fn count(cases: &[Case]) -> Result<Counts> {
    let mut counts = Counts { rustc: version("rustc")?, valgrind: version("valgrind")?, ..Counts::default() };
    let yardsticks: BTreeSet<_> = cases.iter().map(|case| case.yardstick).collect();
    for case in cases {
        counts.pikku.insert(case.name.clone(), count_case("pikku", case)?);
        if yardsticks.contains(case.name.as_str()) {
            counts.axum.insert(case.name.clone(), count_case("axum", case)?);
        }
    }
    Ok(counts)
}

/// Instructions of one turn of a case.
pub(crate) fn count_case(server: &str, case: &Case) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(format!("--toggle-collect={PATTERN}"))
        .arg(env::current_exe()?)
        .args(["turn", server, &case.name])
        .output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    let collected = log.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse::<u64>().ok());
    match collected.filter(|_| output.status.success()) {
        Some(collected) if collected > 0 => Ok(collected / case.turns),
        _ => Err(format!("`{}` on {server} can't be counted:\n{log}", case.name).into()),
    }
}

/// Prints all that came out, and says what has grown too much.
///
/// What pikku costs is compared by its ratio to hand-written axum in the same run. With the same compiler and the same
/// libraries that is as sharp as the count itself, and other ones move both.
fn report(cases: &[Case], kept: &Counts, counts: &Counts) -> Result<Vec<String>> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:22}{:>12}{:>12}{:>8}{:>12}{:>8}{:>10}", "", "axum", "pikku", "ratio", "kept", "ratio", "change")?;
    let mut grown = Vec::new();
    for case in cases {
        let ratio = |counts: &Counts| {
            let (pikku, axum) = (*counts.pikku.get(&case.name)?, *counts.axum.get(case.yardstick)?);
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
            Some((pikku, axum, pikku as f64 / axum as f64))
        };
        let (pikku, axum, now) = ratio(counts).ok_or("a case was not counted")?;
        let known = ratio(kept);
        let change = known.map_or(f64::INFINITY, |(.., before)| now / before - 1.0);
        if change > TOLERANCE {
            grown.push(match known {
                Some(_) => format!("{} by {:.1} %", case.name, change * 100.0),
                None => format!("{}, which is new", case.name),
            });
        }
        let (before, before_ratio) = known.map_or_else(Default::default, |(pikku, _, ratio)| (pikku, ratio));
        let name = &case.name;
        let change = change * 100.0;
        writeln!(out, "{name:22}{axum:>12}{pikku:>12}{now:>8.3}{before:>12}{before_ratio:>8.3}{change:>+8.1} %")?;
    }
    Ok(grown)
}

/// What a program says that it is.
fn version(program: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
