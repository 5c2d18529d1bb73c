//! Log-in, sessions, API tokens, passwords.

use crate::app::App;
use crate::config::words;
use crate::error::AppError;
use crate::password;
use crate::ports::{AuditEntry, Credential, Session};
use crate::rights;
use crate::secret::{hash_secret, new_secret};
use crate::view::{DepartmentView, PersonView, Words};
use kernel::{Actor, CityCode, Millis, PersonId, Role, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

use crate::app::DemoAccount;

/// A session ends after this long without a request; a shift is 12 h.
const SESSION_IDLE: Millis = Millis::hours(14);
/// A session ends for good after this long.
const SESSION_LIFE: Millis = Millis::days(7);
/// Wrong passwords in a row before an account is locked.
const FAILURES_MAX: u32 = 5;
const LOCKED_FOR: Millis = Millis::minutes(15);
/// How long an actor is kept in memory between looks at the store.
const ACTOR_KEPT: Millis = Millis::seconds(20);
const ACTORS_KEPT_MAX: usize = 20_000;
const TOKEN_DAYS_MAX: u32 = 366;
const TOKENS_MAX: usize = 20;

/// A signed-in actor as kept between requests.
#[derive(Debug, Clone)]
pub struct CachedActor {
    pub city: CityCode,
    pub person: PersonId,
    pub actor: Arc<Actor>,
    pub until: Timestamp,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PostView {
    pub role: String,
    pub department: DepartmentView,
    pub areas: Vec<String>,
    pub classes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CityView {
    pub code: String,
    pub name: Words,
    pub lng: f64,
    pub lat: f64,
    pub zoom: f64,
    pub bounds: [f64; 4],
    pub demo: bool,
    /// To be said on every screen; absent when there is nothing to say.
    pub notice: Option<Words>,
    /// File under `/basemap/`, empty when the city has none.
    pub basemap: String,
    pub zone: String,
    pub now_at: i64,
}

/// Who is signed in and what this person may use.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MeView {
    pub person: PersonView,
    pub account: String,
    pub department: DepartmentView,
    pub city: CityView,
    pub posts: Vec<PostView>,
    pub roles: Vec<String>,
    /// Functions open to this person, as words.
    pub may: Vec<String>,
    pub must_change_password: bool,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TokenView {
    pub id: String,
    pub name: String,
    pub created_at: i64,
    pub expires_at: i64,
    pub last_seen_at: i64,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NewTokenView {
    /// Shown once; only its hash is stored.
    pub token: String,
    pub view: TokenView,
}

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LoginOptions {
    pub city: Option<CityView>,
    pub demo_accounts: Vec<DemoAccount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SavedView {
    #[schema(max_length = 40)]
    pub id: String,
    #[schema(max_length = 80)]
    pub name: String,
    /// Path and query of the screen.
    #[schema(max_length = 1000)]
    pub url: String,
}

impl App {
    /// Signs in with a local account. The secret goes into the cookie; only its hash is stored.
    ///
    /// # Errors
    /// [`AppError::BadCredentials`], also for an unknown account; [`AppError::Locked`] after too many failures.
    pub async fn log_in(
        &self,
        city: Option<CityCode>,
        account: &str,
        password: &str,
        from: &str,
    ) -> Result<(String, Actor), AppError> {
        let city = city.or_else(|| self.default_city()).ok_or(AppError::NotFound("city"))?;
        let config = self.config(city)?;
        let now = self.now();
        let person = config.accounts.get(&account.trim().to_lowercase()).copied();
        let active = person.and_then(|id| config.people.get(&id)).is_some_and(|p| p.active);
        let stored = match person {
            Some(id) => self.store().credential(city, id).await?,
            None => None,
        };
        if let Some(until) = stored.as_ref().and_then(|c| c.locked_until).filter(|until| *until > now) {
            self.note(city, person, "login_refused", account, "locked", from).await?;
            return Err(AppError::Locked { until });
        }
        let hash = stored.as_ref().map(|c| c.hash.clone());
        let right = password::verify(password.to_owned(), hash).await;
        let (Some(id), Some(mut credential)) = (person, stored) else {
            self.note(city, None, "login_failed", account, "unknown account", from).await?;
            return Err(AppError::BadCredentials);
        };
        if !right || !active {
            credential.failures += 1;
            if credential.failures >= FAILURES_MAX {
                credential.locked_until = Some(now + LOCKED_FOR);
                credential.failures = 0;
            }
            self.store().put_credential(city, id, &credential).await?;
            self.note(
                city,
                person,
                "login_failed",
                account,
                if active { "wrong password" } else { "inactive" },
                from,
            )
            .await?;
            return Err(AppError::BadCredentials);
        }
        if credential.failures > 0 || credential.locked_until.is_some() {
            credential.failures = 0;
            credential.locked_until = None;
            self.store().put_credential(city, id, &credential).await?;
        }
        self.start_session(city, id, "password", from).await
    }

    /// Signs in a person whom an identity provider has vouched for, by account or e-mail address.
    ///
    /// # Errors
    /// [`AppError::BadCredentials`] when no active person of the city has that account, or address as the only one.
    pub async fn log_in_external(
        &self,
        city: CityCode,
        subject: &str,
        provider: &str,
        from: &str,
    ) -> Result<(String, Actor), AppError> {
        let config = self.config(city)?;
        let wanted = subject.trim().to_lowercase();
        let by_account =
            config.accounts.get(&wanted).and_then(|id| config.people.get(id)).filter(|p| p.active);
        let active = by_account.or_else(|| {
            // An address that two share says nothing about who of them it is.
            let mut owners = config
                .people
                .values()
                .filter(|p| p.active && !p.email.is_empty() && p.email.to_lowercase() == wanted);
            owners.next().filter(|_| owners.next().is_none())
        });
        let Some(person) = active else {
            self.note(city, None, "login_failed", subject, provider, from).await?;
            return Err(AppError::BadCredentials);
        };
        self.start_session(city, person.id, provider, from).await
    }

    async fn start_session(
        &self,
        city: CityCode,
        person: PersonId,
        how: &str,
        from: &str,
    ) -> Result<(String, Actor), AppError> {
        let now = self.now();
        let secret = new_secret();
        let session = Session {
            city,
            hash: hash_secret(&secret),
            person,
            kind: "session".into(),
            name: String::new(),
            created_at: now,
            expires_at: now + SESSION_LIFE,
            last_seen_at: now,
            from: from.chars().take(60).collect(),
        };
        self.store().put_session(&session).await?;
        self.note(city, Some(person), "login", "", how, from).await?;
        let actor = self.actor_of_person(city, person)?;
        Ok((secret, actor))
    }

    /// # Errors
    /// When the store fails; an unknown secret is fine.
    pub async fn log_out(&self, secret: &str) -> Result<(), AppError> {
        let hash = hash_secret(secret);
        if let Some(session) = self.store().session(&hash).await? {
            self.store().end_session(&hash).await?;
            self.0.actors.lock().remove(&hash);
            self.note(session.city, Some(session.person), "logout", "", "", &session.from).await?;
        }
        Ok(())
    }

    /// The actor behind a cookie or bearer token.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] when it is unknown, ended or expired, or the person is inactive.
    pub async fn actor_for(&self, secret: &str) -> Result<Actor, AppError> {
        let hash = hash_secret(secret);
        let now = self.now();
        if let Some(cached) = self.0.actors.lock().get(&hash).filter(|cached| cached.until > now) {
            return Ok((*cached.actor).clone());
        }
        let session = self.store().session(&hash).await?.ok_or(AppError::NotSignedIn)?;
        let idle = session.kind == "session" && now - session.last_seen_at > SESSION_IDLE;
        if idle || session.expires_at <= now {
            self.store().end_session(&hash).await?;
            return Err(AppError::NotSignedIn);
        }
        let actor = self.actor_of_person(session.city, session.person).map_err(|_| AppError::NotSignedIn)?;
        if now - session.last_seen_at > Millis::minutes(1) {
            self.store().touch_session(&hash, now).await?;
        }
        let mut actors = self.0.actors.lock();
        if actors.len() >= ACTORS_KEPT_MAX {
            actors.retain(|_, cached| cached.until > now);
        }
        let (city, person) = (session.city, session.person);
        let cached = CachedActor { city, person, actor: Arc::new(actor.clone()), until: now + ACTOR_KEPT };
        actors.insert(hash, cached);
        Ok(actor)
    }

    /// The actor a person of the city is, with the posts of the moment.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when there is no such active person.
    pub fn actor_of_person(&self, city: CityCode, person: PersonId) -> Result<Actor, AppError> {
        let config = self.config(city)?;
        let found = config.people.get(&person).filter(|p| p.active).ok_or(AppError::NotFound("person"))?;
        Ok(Actor::person(city, person, found.posts.clone()))
    }

    /// # Errors
    /// [`AppError::NotSignedIn`] for anyone but a person.
    pub async fn me(&self, actor: &Actor) -> Result<MeView, AppError> {
        let config = self.config(actor.city)?;
        let id = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let person = config.people.get(&id).ok_or(AppError::NotSignedIn)?;
        let credential = self.store().credential(actor.city, id).await?;
        let department = |id| DepartmentView { id, name: config.department_name(kernel::DepartmentId(id)) };
        let mut roles: Vec<Role> = actor.posts().iter().map(|post| post.role).collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(MeView {
            person: PersonView { id: id.0, name: words(&person.name) },
            account: person.account.clone(),
            department: department(person.department.0),
            city: self.city_view(actor.city)?,
            posts: actor
                .posts()
                .iter()
                .map(|post| PostView {
                    role: post.role.as_str().to_owned(),
                    department: department(post.department.0),
                    areas: post.scope.areas.iter().map(ToString::to_string).collect(),
                    classes: post.scope.classes.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            roles: roles.iter().map(|role| role.as_str().to_owned()).collect(),
            may: rights::features(actor).into_iter().map(str::to_owned).collect(),
            must_change_password: credential.is_some_and(|c| c.must_change),
        })
    }

    /// # Errors
    /// [`AppError::NotFound`] for a city this server does not run.
    pub fn city_view(&self, city: CityCode) -> Result<CityView, AppError> {
        let config = self.config(city)?;
        let settings = &config.settings;
        Ok(CityView {
            code: city.to_string(),
            name: settings.name.clone(),
            lng: settings.lng,
            lat: settings.lat,
            zoom: settings.zoom,
            bounds: settings.bounds,
            demo: settings.demo,
            notice: Some(settings.notice.clone()).filter(|n| !n.zh.is_empty() || !n.en.is_empty()),
            basemap: settings.basemap.clone(),
            zone: config.calendar.zone().name().to_owned(),
            now_at: self.now().millis(),
        })
    }

    #[must_use]
    pub fn login_options(&self, city: Option<CityCode>) -> LoginOptions {
        let city = city.or_else(|| self.default_city()).and_then(|code| self.city_view(code).ok());
        LoginOptions { city, demo_accounts: self.0.demo_accounts.clone() }
    }

    /// # Errors
    /// [`AppError::BadCredentials`] when `old` is wrong, [`AppError::Invalid`] when `new` breaks the rules.
    pub async fn change_password(
        &self,
        actor: &Actor,
        old: &str,
        new: &str,
        from: &str,
    ) -> Result<(), AppError> {
        let id = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let stored = self.store().credential(actor.city, id).await?.ok_or(AppError::BadCredentials)?;
        if !password::verify(old.to_owned(), Some(stored.hash)).await {
            self.note(actor.city, Some(id), "password_refused", "", "wrong old password", from).await?;
            return Err(AppError::BadCredentials);
        }
        self.set_password(actor.city, id, new, false).await?;
        self.note(actor.city, Some(id), "password_changed", "", "", from).await
    }

    /// Sets a password after checking the rules. For the command line and the reset.
    ///
    /// # Errors
    /// [`AppError::Invalid`] naming the rule that is broken.
    pub async fn set_password(
        &self,
        city: CityCode,
        person: PersonId,
        new: &str,
        must_change: bool,
    ) -> Result<(), AppError> {
        let config = self.config(city)?;
        let account =
            config.people.get(&person).map(|p| p.account.clone()).ok_or(AppError::NotFound("person"))?;
        if let Err(problem) = city::password::check(new, &account) {
            return Err(AppError::invalid("password", problem.code()));
        }
        self.set_password_unchecked(city, person, new, must_change).await
    }

    /// As [`App::set_password`] without the rules: for the demo's ready-made accounts.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_password_unchecked(
        &self,
        city: CityCode,
        person: PersonId,
        new: &str,
        must_change: bool,
    ) -> Result<(), AppError> {
        let hash = password::hash(new.to_owned()).await?;
        let credential =
            Credential { hash, failures: 0, locked_until: None, changed_at: self.now(), must_change };
        self.store().put_credential(city, person, &credential).await?;
        Ok(())
    }

    /// A fresh one-time password for somebody, to be changed at the next log-in. Ends their sessions.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for anyone but the security administrator.
    pub async fn reset_password(&self, actor: &Actor, person: u32) -> Result<String, AppError> {
        rights::only(actor, Role::SecurityAdmin, "reset passwords")?;
        let person = self.known_person(actor.city, person)?;
        let new = format!("Yw-{}", &new_secret()[..14]);
        self.set_password_unchecked(actor.city, person, &new, true).await?;
        self.end_all_sessions(actor.city, person).await?;
        self.note(actor.city, actor.person_id(), "password_reset", &person.to_string(), "", "").await?;
        Ok(new)
    }

    /// # Errors
    /// [`AppError::Forbidden`] for anyone but the security administrator.
    pub async fn unlock(&self, actor: &Actor, person: u32) -> Result<(), AppError> {
        rights::only(actor, Role::SecurityAdmin, "unlock accounts")?;
        let person = self.known_person(actor.city, person)?;
        if let Some(mut credential) = self.store().credential(actor.city, person).await? {
            credential.failures = 0;
            credential.locked_until = None;
            self.store().put_credential(actor.city, person, &credential).await?;
        }
        self.note(actor.city, actor.person_id(), "unlocked", &person.to_string(), "", "").await
    }

    /// # Errors
    /// [`AppError::Forbidden`] for anyone but the security administrator.
    pub async fn end_sessions(&self, actor: &Actor, person: u32) -> Result<(), AppError> {
        rights::only(actor, Role::SecurityAdmin, "end sessions")?;
        let person = self.known_person(actor.city, person)?;
        self.end_all_sessions(actor.city, person).await?;
        self.note(actor.city, actor.person_id(), "sessions_ended", &person.to_string(), "", "").await
    }

    async fn end_all_sessions(&self, city: CityCode, person: PersonId) -> Result<(), AppError> {
        for session in self.store().sessions_of(city, person).await? {
            self.store().end_session(&session.hash).await?;
        }
        self.forget_actor(city, person);
        Ok(())
    }

    fn known_person(&self, city: CityCode, person: u32) -> Result<PersonId, AppError> {
        let id = PersonId(person);
        self.config(city)?.people.get(&id).map(|p| p.id).ok_or(AppError::NotFound("person"))
    }

    /// # Errors
    /// When the store fails.
    pub async fn tokens(&self, actor: &Actor) -> Result<Vec<TokenView>, AppError> {
        let id = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let sessions = self.store().sessions_of(actor.city, id).await?;
        Ok(sessions.iter().filter(|s| s.kind == "token").map(token_view).collect())
    }

    /// # Errors
    /// [`AppError::Invalid`] for a name or length out of bounds, or too many tokens.
    pub async fn create_token(&self, actor: &Actor, name: &str, days: u32) -> Result<NewTokenView, AppError> {
        let id = actor.person_id().ok_or(AppError::NotSignedIn)?;
        if name.trim().is_empty() || name.chars().count() > 60 {
            return Err(AppError::invalid("name", "required"));
        }
        if !(1..=TOKEN_DAYS_MAX).contains(&days) {
            return Err(AppError::invalid("days", "out_of_range"));
        }
        if self.tokens(actor).await?.len() >= TOKENS_MAX {
            return Err(AppError::invalid("name", "too_many"));
        }
        let (now, token) = (self.now(), format!("yw_{}", new_secret()));
        let session = Session {
            city: actor.city,
            hash: hash_secret(&token),
            person: id,
            kind: "token".into(),
            name: name.trim().to_owned(),
            created_at: now,
            expires_at: now + Millis::days(i64::from(days)),
            last_seen_at: now,
            from: String::new(),
        };
        self.store().put_session(&session).await?;
        self.note(actor.city, Some(id), "token_created", name, "", "").await?;
        Ok(NewTokenView { token, view: token_view(&session) })
    }

    /// # Errors
    /// [`AppError::NotFound`] when the caller has no such token.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<(), AppError> {
        let person = actor.person_id().ok_or(AppError::NotSignedIn)?;
        let sessions = self.store().sessions_of(actor.city, person).await?;
        let found = sessions.iter().find(|s| s.kind == "token" && s.hash.starts_with(id) && id.len() >= 12);
        let found = found.ok_or(AppError::NotFound("token"))?;
        self.store().end_session(&found.hash).await?;
        self.0.actors.lock().remove(&found.hash);
        self.note(actor.city, Some(person), "token_revoked", &found.name, "", "").await
    }

    /// One line of the audit log.
    pub(crate) async fn note(
        &self,
        city: CityCode,
        person: Option<PersonId>,
        action: &str,
        target: &str,
        detail: &str,
        from: &str,
    ) -> Result<(), AppError> {
        let clip = |text: &str, max: usize| text.chars().take(max).collect::<String>();
        let entry = AuditEntry {
            at: self.now(),
            person,
            action: action.to_owned(),
            target: clip(target, 200),
            detail: clip(detail, 2_000),
            from: clip(from, 60),
        };
        Ok(self.0.store.audit(city, entry).await?)
    }
}

fn token_view(session: &Session) -> TokenView {
    TokenView {
        id: session.hash[..16].to_owned(),
        name: session.name.clone(),
        created_at: session.created_at.millis(),
        expires_at: session.expires_at.millis(),
        last_seen_at: session.last_seen_at.millis(),
    }
}
