//! Whether what a function says of its answers can be kept: statuses that fit, and error codes that mean one thing.

use pikku_core::Registry;

use super::place;
use crate::{
    error::Diagnostic,
    model::{Model, Output},
};

/// The codes of the framework's own errors, which clients know by these names, as `docs/wire.md` lists them.
const FRAMEWORK_CODES: &[&str] = &[
    "bad_request",
    "unauthorized",
    "invalid_token",
    "forbidden",
    "foreign_origin",
    "cross_site_request",
    "route_not_found",
    "unknown_action",
    "method_not_allowed",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
    "invalid_input",
    "upgrade_required",
    "websocket_version",
    "rate_limited",
    "headers_too_large",
    "internal_error",
    "deadline_exceeded",
];

/// What to do about a code.
const OWN_CODE: &str = "give it a code of its own, `#[pikku(status = …, code = \"…\")]`";

/// Statuses of answers that have no body.
const WITHOUT_BODY: &[u16] = &[204, 205, 304];

/// A status is only for answers that pikku makes, and has to let them through.
pub(super) fn check_statuses(registry: &Registry, model: &Model, found: &mut Vec<Diagnostic>) {
    for (function, entry) in model.functions.iter().zip(registry.functions()) {
        for (route, status) in entry.http.iter().filter_map(|route| Some((route, route.status?))) {
            let (fault, help) = match &function.output {
                Output::Raw => (
                    "the function makes the response itself".to_owned(),
                    "take out `status`, and give the response its status in the function",
                ),
                Output::Stream(_) => ("a stream of events is always 200".to_owned(), "take out `status`"),
                Output::Json(_) if WITHOUT_BODY.contains(&status) => (
                    format!("a response with {status} has no body, so that the output would be lost"),
                    "return `()`, or take another status",
                ),
                Output::Json(_) | Output::None => continue,
            };
            found.push(Diagnostic {
                place: place(function),
                message: format!(
                    "`{} {}` of `{}` says `status = {status}`, and {fault}",
                    route.method, route.path, function.name
                ),
                help: help.to_owned(),
            });
        }
    }
}

/// Clients tell errors apart by their codes.
pub(super) fn check_errors(model: &Model, found: &mut Vec<Diagnostic>) {
    // The functions of an application mostly share their errors, so what is wrong with one is told once.
    let mut told: Vec<(&str, &str)> = Vec::new();
    for function in &model.functions {
        for (index, variant) in function.errors.iter().enumerate() {
            let earlier = function.errors[..index].iter().find(|other| {
                other.code == variant.code && (other.status != variant.status || other.data != variant.data)
            });
            let is_framework = FRAMEWORK_CODES.contains(&variant.code.as_str());
            let key = (function.error.as_str(), variant.name.as_str());
            if (!is_framework && earlier.is_none()) || told.contains(&key) {
                continue;
            }
            told.push(key);
            found.push(match earlier {
                _ if is_framework => Diagnostic {
                    place: place(function),
                    message: format!(
                        "`{}::{}`, an error of `{}`, has the code `{}`, which is pikku's own",
                        function.error, variant.name, function.name, variant.code
                    ),
                    help: OWN_CODE.to_owned(),
                },
                Some(other) => Diagnostic {
                    place: place(function),
                    message: format!(
                        "`{}` and `{}` of `{}`, the errors of `{}`, have both the code `{}`, with another status or other data",
                        other.name, variant.name, function.error, function.name, variant.code
                    ),
                    help: OWN_CODE.to_owned(),
                },
                None => continue,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FRAMEWORK_CODES;

    #[test]
    fn x1_the_codes_that_are_pikkus_own_are_those_that_the_documentation_lists() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wire.md");
        let page = std::fs::read_to_string(page).expect("the page is there");
        let rows = page.lines().skip_while(|line| *line != "| status | code | |").skip(2);
        let codes = rows.take_while(|line| line.starts_with('|')).filter_map(|row| row.split('|').nth(2));
        let codes: Vec<_> =
            codes.flat_map(|codes| codes.split(", ")).map(|code| code.trim().trim_matches('`')).collect();
        assert_eq!(codes, FRAMEWORK_CODES);
    }
}
