//! The servers that the tables name.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use e2e::Running;
use pikku_core::{
    ApiKeySource, Error, JwtService, Key, MemorySessionStore, Origins, Pikku, Sessions, auth_api_key, auth_api_key_jwt,
    auth_bearer, auth_cookie, days, require_scope,
};
use test_functions::{Services, TestApp, TestError, UserSession};

use super::token::key;

/// A server, and what else a case can get hold of.
pub(crate) struct Stage {
    pub(crate) server: Running,
    pub(crate) http: reqwest::Client,
    pub(crate) sessions: Sessions<UserSession>,
    pub(crate) keys: KeySource,
}

/// Keys that change while a server runs.
#[derive(Debug, Clone)]
pub(crate) struct KeySource {
    keys: Arc<Mutex<Vec<Key>>>,
    asked: Arc<AtomicUsize>,
}

impl KeySource {
    fn new() -> Self {
        let keys = vec![key("hs").expect("a good key")];
        Self { keys: Arc::new(Mutex::new(keys)), asked: Arc::default() }
    }

    /// Has these keys from now on.
    pub(crate) fn change(&self, names: &[String]) {
        let keys = names.iter().map(|name| key(name).expect("a good key")).collect();
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn service(&self) -> JwtService {
        let source = self.clone();
        let service = JwtService::new(move || {
            source.asked.fetch_add(1, Ordering::SeqCst);
            let keys = source.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
            async { keys }
        });
        service.await.expect("good keys")
    }
}

/// Whose a key or a token is: `of-ada` is ada's. A revoked one is nobody's any more.
async fn find(_: &Services, credential: &str) -> Result<Option<UserSession>, Error> {
    Ok(credential.strip_prefix("of-").map(session))
}

fn session(user: &str) -> UserSession {
    UserSession { user_id: user.to_owned(), admin: user == "admin" }
}

fn service(names: &[&str]) -> Result<JwtService, String> {
    let keys: Result<Vec<_>, _> = names.iter().map(|name| key(name)).collect();
    keys.and_then(JwtService::with_keys).map_err(|error| error.to_string())
}

async fn is_calm(_: &Services, session: Option<&UserSession>) -> bool {
    session.is_none_or(|session| session.user_id != "angry")
}

async fn is_admin(_: &Services, session: &UserSession) -> Result<bool, TestError> {
    Ok(session.admin)
}

/// Starts the server of this name.
///
/// # Errors
/// Why it does not start.
pub(crate) async fn start(name: &str) -> Result<Stage, String> {
    let sessions = Sessions::new(MemorySessionStore::new(), |session: &UserSession| session.user_id.clone());
    let keys = KeySource::new();
    let jwt = match name {
        "bearer: JWT of any algorithm" => service(&["hs", "hs384", "hs512", "rsa", "p256", "ed25519", "second"])?,
        "bearer: JWT of public keys" => {
            service(&["rsa, to verify only", "p256, to verify only", "ed25519, to verify only"])?
        }
        "bearer: JWT for `todo` by `pikku`" => service(&["hs"])?.audience("todo").issuer("pikku"),
        "bearer: JWT without leeway" => service(&["hs"])?.leeway(Duration::ZERO),
        "bearer: JWT, keys from a source" => keys.service().await,
        "bearer: JWT, keys from a source that is asked again at once" => {
            keys.service().await.key_ttl(Duration::from_millis(50))
        }
        name => match name.strip_prefix("bearer: JWT, ") {
            Some(weak) => service(&[weak])?,
            None => service(&["hs"])?,
        },
    };
    let app: Pikku<TestApp> = Pikku::new(Services::new(jwt.clone())).sign_in_timeout(Duration::from_secs(600));
    let app = match name {
        "bearer: JWT without a service" => app.middleware(auth_bearer().jwt()),
        "cookie: store without sessions" => app.middleware(auth_cookie("s").store()),
        _ => layered(name, app.jwt(jwt).sessions(sessions.clone()))?,
    };
    let router = catch_unwind(AssertUnwindSafe(|| e2e::generated::router(app)));
    let router = router.map_err(|panic| match panic.downcast::<String>() {
        Ok(said) => *said,
        Err(_) => "a panic without a text".to_owned(),
    })?;
    let server = e2e::serve_router(router, ([127, 0, 0, 1], 0).into()).await;
    Ok(Stage { server, http: e2e::client(), sessions, keys })
}

fn layered(name: &str, app: Pikku<TestApp>) -> Result<Pikku<TestApp>, String> {
    let by_jwt = || auth_bearer().jwt();
    let by_key = |source| auth_api_key(source, find);
    let cookie = || auth_cookie("s").jwt();
    let stored = || auth_cookie("s").store();
    Ok(match name {
        "nothing" => app,
        name if name.starts_with("bearer: JWT") => app.middleware(by_jwt()),
        "bearer: callback" => app.middleware(auth_bearer().callback(find)),
        "bearer: static token" => app.middleware(auth_bearer().token("of-robots", session("robot"))),
        "key: header" => app.middleware(by_key(ApiKeySource::Header)),
        "key: query" => app.middleware(by_key(ApiKeySource::Query)),
        "key: header or query" => app.middleware(by_key(ApiKeySource::All)),
        "key: JWT" => app.middleware(auth_api_key_jwt(ApiKeySource::All)),
        "cookie: JWT" => app.middleware(cookie()),
        "cookie: store" => app.middleware(stored()),
        "cookie: store, for two seconds" => {
            let short = stored().expires_in(Duration::from_secs(1)).at_most(Duration::from_secs(2));
            app.middleware(short)
        }
        "bearer and key JWT" => app.middleware(by_jwt()).middleware(auth_api_key_jwt(ApiKeySource::All)),
        "bearer, key, cookie: JWT" => {
            app.middleware(by_jwt()).middleware(by_key(ApiKeySource::All)).middleware(cookie())
        }
        "bearer, key, cookie: store" => {
            app.middleware(by_jwt()).middleware(by_key(ApiKeySource::All)).middleware(stored())
        }
        "cookie: JWT, key, bearer" => {
            app.middleware(cookie()).middleware(by_key(ApiKeySource::All)).middleware(by_jwt())
        }
        "cookie: JWT; bearers: JWT, callback" => {
            app.middleware(cookie()).middleware(by_jwt()).middleware(auth_bearer().callback(find))
        }
        "bearers: callback, JWT; cookie: JWT" => {
            app.middleware(auth_bearer().callback(find)).middleware(by_jwt()).middleware(cookie())
        }
        "bearer, key, sign-in at once" => {
            app.middleware(by_jwt()).middleware(by_key(ApiKeySource::All)).sign_in_timeout(Duration::from_millis(300))
        }
        "cookie: JWT, pages of https://app.example too" => {
            let listed = Origins::Listed(vec!["https://app.example".to_owned()]);
            app.middleware(cookie()).middleware(by_key(ApiKeySource::All)).origins(listed)
        }
        "key: header; calm people, everywhere" => app.middleware(by_key(ApiKeySource::Header)).permission(is_calm),
        "key: header; admins, everywhere" => app.middleware(by_key(ApiKeySource::Header)).permission(is_admin),
        "key: header; admins who are calm, everywhere" => {
            app.middleware(by_key(ApiKeySource::Header)).permission(is_admin).permission(is_calm)
        }
        "key: header; admins, below /admin, /office and /conformance" => app
            .middleware(by_key(ApiKeySource::Header))
            .permission_at("/admin", is_admin)
            .permission_at("/office", is_admin)
            .permission_at("/conformance", is_admin),
        "key: header; admins, for `money`" => {
            app.middleware(by_key(ApiKeySource::Header)).permission_for("money", is_admin)
        }
        "key: header; the scope billing:pay, for `money`" => {
            app.middleware(by_key(ApiKeySource::Header)).permission_for("money", require_scope("billing:pay"))
        }
        "a permission below a path that there is not" => app.permission_at("/offices", is_admin),
        "a permission for a tag that there is not" => app.permission_for("mony", is_admin),
        "cookie: JWT, pages of any origin" => app.middleware(cookie()).origins(Origins::Any),
        "cookie: store, pages of any origin" => app.middleware(stored()).origins(Origins::Any),
        "cookie: JWT, pages of `*`" => app.middleware(cookie()).origins(Origins::Listed(vec!["*".to_owned()])),
        "cookie: `__Host-s` of a domain" => app.middleware(auth_cookie("__Host-s").domain("a.example").jwt()),
        "cookie: `__Host-s` without TLS" => app.middleware(auth_cookie("__Host-s").insecure().jwt()),
        "cookie: a name with a blank" => app.middleware(auth_cookie("a b").jwt()),
        "cookie: at most less than unused" => app.middleware(cookie().expires_in(days(2)).at_most(days(1))),
        "bearer: an empty static token" => {
            let made = catch_unwind(|| auth_bearer().token("", session("anybody")));
            app.middleware(made.map_err(|panic| panic.downcast_ref::<&str>().unwrap_or(&"no text").to_string())?)
        }
        other => panic!("there is no server `{other}`"),
    })
}
