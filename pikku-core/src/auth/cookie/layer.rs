//! The life of a session in a cookie.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::{Map, Value};

use super::{
    read::{Sent, cookie, values},
    settings::Settings,
};
use crate::{
    app::Session,
    auth::{Authentication, token},
    error::Error,
    jwt::JwtService,
    session::{Identity, Kept},
    session_store::{SessionKey, Sessions},
};

/// A session cookie of an application.
pub(crate) struct CookieLayer {
    settings: Settings,
    wire_name: String,
    /// Whether its sessions are in the application's store, and not in the token that the cookie is.
    is_stored: bool,
}

/// What of a request and its application concerns a cookie.
pub(crate) struct CookieRequest<'r, S> {
    pub(crate) headers: &'r HeaderMap,
    pub(crate) jwt: Option<&'r JwtService>,
    pub(crate) sessions: Option<&'r Sessions<S>>,
}

impl CookieLayer {
    pub(super) fn new(settings: Settings, is_stored: bool) -> Self {
        Self { wire_name: settings.wire_name(), settings, is_stored }
    }

    /// What is wrong with it, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.settings.check()
    }

    /// Whether it can't do without the application's sessions; else it can't without its JWT service.
    pub(crate) fn is_stored(&self) -> bool {
        self.is_stored
    }

    /// The store, if its sessions are there.
    fn store<'r, S>(&self, sent: &CookieRequest<'r, S>) -> Option<&'r Sessions<S>> {
        sent.sessions.filter(|_| self.is_stored)
    }

    /// Whose the cookie of a request is.
    pub(crate) async fn authenticate<S: Session>(&self, sent: &CookieRequest<'_, S>) -> Authentication<'static, S> {
        let value = match cookie(sent.headers, &self.wire_name) {
            Sent::Nothing => return Authentication::Absent,
            Sent::One(value) => value,
            Sent::Unclear => return Authentication::Rejected("it is not ASCII, or two differ".to_owned()),
        };
        match self.store(sent) {
            Some(sessions) => match sessions.find(value).await {
                Ok(Some(identity)) => Authentication::SignedIn(identity),
                Ok(None) => Authentication::Rejected("there is no such session, or no longer".to_owned()),
                Err(error) => Authentication::Failed(error.to_string()),
            },
            None => {
                let Some(jwt) = sent.jwt else { return token::no_service() };
                let read = match jwt.verified_now::<Renewable<S>>(value) {
                    Some(read) => read,
                    None => jwt.verified(value).await,
                };
                match read {
                    Ok(good) => {
                        let identity = Identity::new(good.payload.session).until(token::end(good.expires_at));
                        // A token that was made for something else holds for as long as it says, and no longer.
                        Authentication::SignedIn(Identity { renewable_until: good.payload.renewable_until, ..identity })
                    }
                    Err(error) => token::refused(&error),
                }
            }
        }
    }

    /// Signs somebody in, and whoever was signed in by the cookie before out. It gives the cookie, and who is signed in by it.
    pub(crate) async fn sign_in<S: Session>(
        &self,
        sent: &CookieRequest<'_, S>,
        identity: Identity<S>,
    ) -> Result<(HeaderValue, Identity<S>), Error> {
        let now = SystemTime::now();
        let bounded = |life: Duration| {
            let end = now + life;
            identity.until.map_or(end, |until| until.min(end))
        };
        let (expires_at, renewable_until) = (bounded(self.settings.expires_in), bounded(self.settings.at_most()));
        let life = expires_at.duration_since(now).unwrap_or_default();
        let session = Arc::clone(&identity.session);
        let (value, kept) = match self.store(sent) {
            Some(sessions) => {
                // The id is a new one each time, so that nobody can be made to sign in with one that others know.
                let id = sessions.create(session, expires_at, renewable_until).await?;
                self.revoke(sent).await?;
                (self.settings.set(&id, life)?, Some(Kept { sessions: sessions.clone(), key: SessionKey::of(&id) }))
            }
            None => (self.set_token(sent, session, life, renewable_until).await?, None),
        };
        let (until, renewable_until) = (Some(expires_at), Some(renewable_until));
        Ok((value, Identity { until, renewable_until, kept, ..identity }))
    }

    /// Lets a session last longer, if half of its life is over.
    pub(crate) async fn renew<S: Session>(
        &self,
        sent: &CookieRequest<'_, S>,
        identity: Identity<S>,
    ) -> Result<Option<HeaderValue>, Error> {
        let (Some(until), Some(limit)) = (identity.until, identity.renewable_until) else { return Ok(None) };
        let now = SystemTime::now();
        let expires_at = (now + self.settings.expires_in).min(limit);
        let left = until.duration_since(now).unwrap_or_default();
        // Near its end at the latest there is nothing to be won any more.
        let worthwhile = (self.settings.expires_in / 16).min(Duration::from_secs(60));
        if left * 2 >= self.settings.expires_in || expires_at < until + worthwhile {
            return Ok(None);
        }
        let life = expires_at.duration_since(now).unwrap_or_default();
        match (self.store(sent), identity.kept, cookie(sent.headers, &self.wire_name)) {
            (Some(sessions), Some(kept), Sent::One(id)) => {
                // It may have been revoked while the function ran.
                if !sessions.renew(&kept.key, expires_at).await? {
                    return Ok(None);
                }
                self.settings.set(id, life).map(Some)
            }
            _ => self.set_token(sent, identity.session, life, limit).await.map(Some),
        }
    }

    /// Takes the cookie away, and ends the session that it stands for.
    pub(crate) async fn sign_out<S: Session>(&self, sent: &CookieRequest<'_, S>) -> Result<HeaderValue, Error> {
        self.revoke(sent).await?;
        self.settings.expire()
    }

    /// Ends every session whose id was sent, whoever is signed in by it.
    async fn revoke<S: Session>(&self, sent: &CookieRequest<'_, S>) -> Result<(), Error> {
        let Some(sessions) = self.store(sent) else { return Ok(()) };
        for id in values(sent.headers, &self.wire_name).filter_map(|value| std::str::from_utf8(value).ok()) {
            sessions.revoke(&SessionKey::of(id)).await?;
        }
        Ok(())
    }

    async fn set_token<S: Session>(
        &self,
        sent: &CookieRequest<'_, S>,
        session: Arc<S>,
        life: Duration,
        renewable_until: SystemTime,
    ) -> Result<HeaderValue, Error> {
        let jwt = sent.jwt.ok_or_else(|| Error::new("there is no JWT service"))?;
        let payload = Renewable { session: &*session, renewable_until: Some(renewable_until) };
        let token = jwt.encode(life, &payload).await;
        self.settings.set(&token.map_err(|error| Error::new("a session can't be signed").because(error))?, life)
    }
}

impl fmt::Debug for CookieLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieLayer").field("name", &self.wire_name).finish_non_exhaustive()
    }
}

/// The claim that says until when a session can be renewed.
const RENEWABLE_UNTIL: &str = "renewable_until";

/// A session in a token that can be renewed: the session's own members, and one more.
struct Renewable<T> {
    session: T,
    renewable_until: Option<SystemTime>,
}

impl<T: Serialize> Serialize for Renewable<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut value = serde_json::to_value(&self.session).map_err(ser::Error::custom)?;
        let since = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        if let (Value::Object(members), Some(until)) = (&mut value, self.renewable_until.and_then(since)) {
            members.insert(RENEWABLE_UNTIL.to_owned(), until.as_secs().into());
        }
        value.serialize(serializer)
    }
}

impl<'de, T: Session> Deserialize<'de> for Renewable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut members = Map::deserialize(deserializer)?;
        let seconds = members.remove(RENEWABLE_UNTIL).and_then(|until| until.as_u64());
        let time = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        let session = T::deserialize(Value::Object(members)).map_err(de::Error::custom)?;
        Ok(Self { session, renewable_until: seconds.and_then(time) })
    }
}
