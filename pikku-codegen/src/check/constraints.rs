//! Whether every constraint that is published is enforced.
//!
//! A schema can promise what no code keeps: a `#[schemars(length(…))]` without its `#[garde(length(…))]`, or a list whose
//! items nobody dives into. So each constraint is tried out: a value that breaks only this one is handed to the
//! function's own parser and validator, which have to refuse it.
//!
//! A value may be refused for another reason too: a rule that no schema tells, say. What counts is therefore whether
//! breaking the constraint adds a fault to those that are told anyway, since a validator tells all of them at once.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet, HashMap},
};

use pikku_core::{FunctionEntry, Registry, Rejection};
use serde_json::Value;

use super::{
    fits::fits,
    names::Names,
    place,
    sample::{Definitions, Sampler},
    trial::{Trial, trials},
};
use crate::{
    error::Diagnostic,
    model::{Function, Model},
};

/// What the trials found.
#[derive(Debug, Default)]
pub(super) struct Probed {
    /// Constraints that are published and not enforced.
    pub(super) unenforced: Vec<Diagnostic>,
    /// Inputs with constraints that could not be tried, each told once.
    pub(super) unknown: Vec<Diagnostic>,
    /// For each function, the pointers in its validation reports that the wire has otherwise.
    pub(super) renamed: Vec<BTreeMap<String, String>>,
}

/// Tries every constraint of every input.
pub(super) fn probe(registry: &Registry, model: &Model) -> Probed {
    let mut probed = Probed::default();
    for (function, entry) in model.functions.iter().zip(registry.functions()) {
        let renamed = match &function.input {
            Some(schema) => probe_function(function, entry, schema, Definitions(&model.inputs), &mut probed),
            None => BTreeMap::new(),
        };
        probed.renamed.push(renamed);
    }
    probed
}

fn probe_function(
    function: &Function,
    entry: &FunctionEntry,
    schema: &Value,
    definitions: Definitions<'_>,
    probed: &mut Probed,
) -> BTreeMap<String, String> {
    let prober = Prober { entry, known: RefCell::default() };
    let mut names = Names::new(schema, definitions);
    let left_out = Cell::new(false);
    let sampler = Sampler { definitions, full: false, left_out: &left_out };
    let mut tried = trials(schema, sampler);
    // Among as few other members as there must be, and among all that there can be: a flattened struct that may be
    // missing is only read if it is whole. Where nothing was left out, both are the same.
    if !tried.is_empty() && left_out.get() {
        tried.extend(trials(schema, Sampler { full: true, ..sampler }));
    }
    let attempts: Vec<Attempt> =
        tried.into_iter().map(|trial| Attempt::new(trial, schema, definitions, &prober)).collect();
    let reported = prober.reported();
    let mut verdicts: Vec<(&Attempt, Verdict)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for attempt in &attempts {
        let verdict = attempt.judge(&reported);
        if let (Verdict::Enforced, Some(pointer)) = (&verdict, attempt.told_at()) {
            names.learn(&attempt.trial.pattern, &attempt.trial.pointer, pointer);
        }
        match places.get(attempt.trial.place.as_str()) {
            Some(index) if verdict > verdicts[*index].1 => verdicts[*index] = (attempt, verdict),
            Some(_) => {}
            None => {
                places.insert(&attempt.trial.place, verdicts.len());
                verdicts.push((attempt, verdict));
            }
        }
    }
    let unenforced = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Unenforced);
    probed.unenforced.extend(unenforced.map(|(attempt, _)| unenforced_at(function, &attempt.trial)));
    let unknown: Vec<(&Trial, &str)> = verdicts
        .iter()
        .filter_map(|(attempt, verdict)| match verdict {
            Verdict::Unknown(reason) => Some((&attempt.trial, reason.as_str())),
            _ => None,
        })
        .collect();
    probed.unknown.extend(unknown_in(function, &unknown));
    names.into_table()
}

/// Where something stands in an input, in words.
fn at(trial: &Trial) -> String {
    if trial.pointer.is_empty() { "the input".to_owned() } else { format!("`{}`", trial.pointer) }
}

fn unenforced_at(function: &Function, trial: &Trial) -> Diagnostic {
    Diagnostic {
        place: place(function),
        message: format!(
            "the schema of {} in the input of `{}` says `{}: {}`, and nothing enforces it",
            at(trial),
            function.name,
            trial.keyword,
            trial.limit
        ),
        help: "derive `garde::Validate` for the input, with the constraint in `#[garde(…)]` and `#[garde(dive)]` on the way to it, or take the constraint out of the schema".to_owned(),
    }
}

/// One warning for all that could not be tried, since it is mostly one field that stands in the way of the others.
fn unknown_in(function: &Function, unknown: &[(&Trial, &str)]) -> Option<Diagnostic> {
    let ((trial, reason), others) = unknown.split_first()?;
    let others = match others.len() {
        0 => String::new(),
        1 => " and another constraint".to_owned(),
        count => format!(" and {count} other constraints"),
    };
    Some(Diagnostic {
        place: place(function),
        message: format!(
            "whether `{}` of {}{others} in the input of `{}` is enforced can't be tried: {reason}",
            trial.keyword,
            at(trial),
            function.name
        ),
        help: "give the type an example that is accepted, `#[schemars(example = …)]`".to_owned(),
    })
}

/// Hands values to a function's parser and validator.
struct Prober<'a> {
    entry: &'a FunctionEntry,
    known: RefCell<HashMap<String, Outcome>>,
}

/// A fault: its pointer and its detail.
type Fault = (String, String);

/// What came of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Taken,
    Refused(BTreeSet<Fault>),
}

impl Prober<'_> {
    fn probe(&self, value: &Value) -> Outcome {
        let json = serde_json::to_string(value).unwrap_or_default();
        let mut known = self.known.borrow_mut();
        known
            .entry(json)
            .or_insert_with_key(|json| match (self.entry.probe)(json.as_bytes()) {
                Ok(()) => Outcome::Taken,
                Err(Rejection::Invalid(errors)) => {
                    Outcome::Refused(errors.into_iter().map(|error| (error.pointer, error.detail)).collect())
                }
                Err(Rejection::Malformed(detail)) => Outcome::Refused([(String::new(), detail)].into()),
            })
            .clone()
    }

    /// The faults that a validator told. A parser stops at the first one, so those that came with others are not its.
    fn reported(&self) -> BTreeSet<Fault> {
        let known = self.known.borrow();
        let several = known.values().filter_map(|outcome| match outcome {
            Outcome::Refused(faults) if faults.len() > 1 => Some(faults),
            _ => None,
        });
        several.flatten().cloned().collect()
    }
}

/// One trial and its outcome.
#[derive(Debug)]
struct Attempt {
    trial: Trial,
    /// Whether the schema has no objection to the bad value after all, as where another branch of a union takes it.
    is_void: bool,
    /// What came of the good value and of the bad one.
    outcomes: Option<(Outcome, Outcome)>,
}

/// What is known of a constraint. Of two verdicts on one, the greater counts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Void,
    Unknown(String),
    Unenforced,
    Enforced,
}

impl Attempt {
    fn new(trial: Trial, schema: &Value, definitions: Definitions<'_>, prober: &Prober<'_>) -> Self {
        let values = trial.values.as_ref();
        let is_void = values.is_some_and(|values| fits(schema, &values.bad, definitions));
        let outcomes = values.map(|values| (prober.probe(&values.good), prober.probe(&values.bad)));
        Self { trial, is_void, outcomes }
    }

    fn judge(&self, reported: &BTreeSet<Fault>) -> Verdict {
        let (Some((good, bad)), Some(values)) = (&self.outcomes, &self.trial.values) else {
            return Verdict::Unknown("no value is known that keeps it".to_owned());
        };
        match (good, bad) {
            _ if self.is_void => Verdict::Void,
            (_, Outcome::Taken) if values.conclusive => Verdict::Unenforced,
            (_, Outcome::Taken) => Verdict::Unknown("there are too few different items".to_owned()),
            (Outcome::Taken, Outcome::Refused(_)) => Verdict::Enforced,
            (Outcome::Refused(before), Outcome::Refused(after)) => {
                // Faults are counted, since a rule may put the value into its words.
                let count =
                    |faults: &BTreeSet<Fault>, at: &str| faults.iter().filter(|(pointer, _)| pointer == at).count();
                if after.iter().any(|(pointer, _)| count(after, pointer) > count(before, pointer)) {
                    Verdict::Enforced
                } else if after.is_subset(before) && after.is_subset(reported) {
                    Verdict::Unenforced
                } else {
                    Verdict::Unknown(culprit(before))
                }
            }
        }
    }

    /// Where the fault was told, if it was in one place.
    fn told_at(&self) -> Option<&str> {
        let (good, Outcome::Refused(bad)) = self.outcomes.as_ref()? else { return None };
        let told_anyway = |fault: &&Fault| matches!(good, Outcome::Refused(faults) if faults.contains(*fault));
        let mut pointers = bad.iter().filter(|fault| !told_anyway(fault)).map(|(pointer, _)| pointer.as_str());
        let first = pointers.next()?;
        pointers.all(|pointer| pointer == first).then_some(first)
    }
}

/// What a good value was refused for.
fn culprit(faults: &BTreeSet<Fault>) -> String {
    match faults.first() {
        Some((pointer, detail)) if pointer.is_empty() => format!("the server refuses a sample, `{detail}`"),
        Some((pointer, detail)) => format!("the server refuses a sample for its `{pointer}`, `{detail}`"),
        None => "the server refuses a sample".to_owned(),
    }
}
