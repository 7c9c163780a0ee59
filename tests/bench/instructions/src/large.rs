//! Applications that are large in one way, which ought to make no difference to what one call costs.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use contract_functions::{ContractApp, hello};
use pikku_core::{
    __private::{self as pikku, Application, Dispatch, Incoming, Problem, Route},
    Pikku, Server,
};

use crate::{
    Result,
    cases::{App, Case, Exchange, case, echo, get, publish},
    check::count_case,
    spawn,
};

include!("names.rs");

// `ALL_ROUTES`, ten thousand of them.
include!(concat!(env!("OUT_DIR"), "/routes.rs"));

/// Channels with so many actions, generated from a model of them.
#[allow(dead_code, reason = "a generated router has more than is asked for here")]
mod actions {
    pub(super) mod of_1 {
        include!(concat!(env!("OUT_DIR"), "/actions_1.rs"));
    }
    pub(super) mod of_10 {
        include!(concat!(env!("OUT_DIR"), "/actions_10.rs"));
    }
    pub(super) mod of_100 {
        include!(concat!(env!("OUT_DIR"), "/actions_100.rs"));
    }
    pub(super) mod of_1000 {
        include!(concat!(env!("OUT_DIR"), "/actions_1000.rs"));
    }
}

/// A large application.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Large {
    /// One with so many routes.
    Routes(usize),
    /// One whose channel has so many actions.
    Actions(usize),
}

/// The same call in larger and larger applications. It is for the last one of its kind.
fn series(name: &str, sizes: &[usize], call: impl Fn(usize) -> (App, Exchange)) -> Vec<Case> {
    let case = |size: &usize| {
        let (app, exchange) = call(*size);
        Case { app, ..case(&format!("{name} {size}"), "hello", exchange) }
    };
    sizes.iter().map(case).collect()
}

pub(crate) fn cases() -> Vec<Case> {
    let path = |number| route(number).replace("{part}", "bolt");
    let in_routes = |size| (App::Large(Large::Routes(size)), get(&path(size - 1), ""));
    let in_actions = |size| (App::Large(Large::Actions(size)), echo(&action(size - 1)));
    let mut cases = series("request among routes:", &[10, 100, 1000, 10_000], in_routes);
    cases.extend(series("message among actions:", &[1, 10, 100, 1000], in_actions));
    cases.extend(series("publish among topics:", &[1, 100, 10_000, 100_000], |size| (App::Contract, publish(1, size))));
    cases
}

/// How much more the same call may cost in a larger application than in the smallest.
const TOLERANCE: f64 = 0.1;

/// Prints what each of them costs, and finds out whether that is the same however large the application is.
pub(crate) fn count_all() -> Result<()> {
    let mut out = io::stdout().lock();
    let (mut smallest, mut grown) = (BTreeMap::new(), Vec::new());
    for case in cases() {
        let count = count_case("pikku", &case)?;
        writeln!(out, "{:32}{count:>12}", case.name)?;
        let series = case.name.split(':').next().unwrap_or_default().to_owned();
        let least = *smallest.entry(series).or_insert(count);
        if count as f64 > least as f64 * (1.0 + TOLERANCE) {
            grown.push(case.name);
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    let most = TOLERANCE * 100.0;
    Err(format!("more than {most:.0} % above the smallest of its kind: {}", grown.join(", ")).into())
}

/// Serves one of those that there are.
pub(crate) fn serve(server: Server, pikku: Pikku<ContractApp>, large: Large) {
    match large {
        Large::Routes(10) => spawn(server, Application::<_, Routes<10>>::new(pikku)),
        Large::Routes(100) => spawn(server, Application::<_, Routes<100>>::new(pikku)),
        Large::Routes(1000) => spawn(server, Application::<_, Routes<1000>>::new(pikku)),
        Large::Routes(10_000) => spawn(server, Application::<_, Routes<10_000>>::new(pikku)),
        Large::Actions(1) => spawn(server, actions::of_1::application(pikku)),
        Large::Actions(10) => spawn(server, actions::of_10::application(pikku)),
        Large::Actions(100) => spawn(server, actions::of_100::application(pikku)),
        Large::Actions(1000) => spawn(server, actions::of_1000::application(pikku)),
        other => panic!("there is no {other:?}"),
    }
}

/// An application with `N` routes, which lead to one function.
enum Routes<const N: usize> {}

impl<const N: usize> Dispatch<ContractApp> for Routes<N> {
    const ROUTES: &'static [Route] = ALL_ROUTES.split_at(N).0;

    async fn dispatch(_route: usize, incoming: Incoming<'_, ContractApp>) -> std::result::Result<(), Problem> {
        incoming.serve::<hello>().await
    }

    fn middleware(_route: usize) -> Vec<pikku::Layer<ContractApp>> {
        Vec::new()
    }
}
