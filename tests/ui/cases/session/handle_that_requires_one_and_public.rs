use pikku_core::pikku_func;
use ui::{Services, TodoError};

use pikku_core::{App, FromWire, Problem, Wire};

pub struct Account;

impl<A: App> FromWire<'_, A> for Account {
    const REQUIRES_SESSION: bool = true;

    async fn from_wire(wire: &Wire<'_, A>) -> Result<Self, Problem> {
        wire.session().map(|_| Self).ok_or_else(Problem::unauthorized)
    }
}

#[pikku_func(http(get = "/me"), auth = false)]
pub async fn me(_services: &Services, account: Account) -> Result<(), TodoError> {
    drop(account);
    Ok(())
}

fn main() {}
