//! Credentials and sessions.

use crate::Store;
use crate::db::Doing;
use crate::read::{city_code, whole};
use crate::statement::{
    CREDENTIAL, END_SESSION, PUT_CREDENTIAL, PUT_SESSION, SESSION, SESSION_SEEN, SESSIONS_OF, TOUCH_SESSION,
};
use crate::value::{Row, Value, values};
use app::ports::{Credential, Session, StoreError};
use kernel::{CityCode, PersonId, Timestamp};

/// Sessions listed of one person.
const SESSIONS_MAX: u32 = 200;
/// When a session was last seen is kept to the minute: a write for every request would be waste.
pub(crate) const SEEN_WITHIN_MS: i64 = 60_000;

impl Store {
    pub(crate) async fn credential(
        &self,
        city: CityCode,
        person: PersonId,
    ) -> Result<Option<Credential>, StoreError> {
        let row =
            self.reader().await?.row(CREDENTIAL, values![city, person]).await.doing("read a credential")?;
        let Some(row) = row else { return Ok(None) };
        let failures = row.int(1).doing("read a credential")?;
        let read = |row: &Row| -> Result<Credential, sqlx::Error> {
            Ok(Credential {
                hash: row.text(0)?,
                failures: 0,
                locked_until: row.opt_int(2)?.map(Timestamp),
                changed_at: Timestamp(row.int(3)?),
                must_change: row.int(4)? != 0,
            })
        };
        let credential = read(&row).doing("read a credential")?;
        Ok(Some(Credential {
            failures: whole("credentials", &format!("{city}/{person}"), failures)?,
            ..credential
        }))
    }

    pub(crate) async fn put_credential(
        &self,
        city: CityCode,
        person: PersonId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        let Credential { hash, failures, locked_until, changed_at, must_change } = credential;
        let locked_until = locked_until.map(Timestamp::millis);
        let values = values![city, person, hash.as_str(), *failures, locked_until, *changed_at, *must_change];
        self.run(PUT_CREDENTIAL, values, "put a credential").await
    }

    pub(crate) async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        let Session { city, hash, person, kind, name, created_at, expires_at, last_seen_at, from } = session;
        let values = values![
            *city,
            hash.as_str(),
            *person,
            kind.as_str(),
            name.as_str(),
            *created_at,
            *expires_at,
            *last_seen_at,
            from.as_str()
        ];
        self.run(PUT_SESSION, values, "put a session").await
    }

    pub(crate) async fn session(&self, hash: &str) -> Result<Option<Session>, StoreError> {
        let row = self.reader().await?.row(SESSION, values![hash]).await.doing("read a session")?;
        row.as_ref().map(stored_session).transpose()
    }

    pub(crate) async fn sessions_of(
        &self,
        city: CityCode,
        person: PersonId,
    ) -> Result<Vec<Session>, StoreError> {
        let values = values![city, person, SESSIONS_MAX];
        let rows = self.reader().await?.rows(SESSIONS_OF, values).await.doing("read sessions")?;
        rows.iter().map(stored_session).collect()
    }

    pub(crate) async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        self.run(END_SESSION, values![hash], "end a session").await
    }

    pub(crate) async fn touch_session(&self, hash: &str, at: Timestamp) -> Result<(), StoreError> {
        let row = self.reader().await?.row(SESSION_SEEN, values![hash]).await.doing("touch a session")?;
        let seen = row.map(|row| row.int(0)).transpose().doing("touch a session")?;
        match seen {
            Some(seen) if at.0.saturating_sub(seen) >= SEEN_WITHIN_MS => {
                self.run(TOUCH_SESSION, values![hash, at], "touch a session").await
            }
            _ => Ok(()),
        }
    }

    /// One statement as a write of its own.
    pub(crate) async fn run(
        &self,
        sql: &'static str,
        values: Vec<Value>,
        doing: &'static str,
    ) -> Result<(), StoreError> {
        self.writer
            .transact(move |conn| Box::pin(async move { conn.run(sql, values).await.map(drop).doing(doing) }))
            .await
    }
}

/// Columns: city, hash, person, kind, name, created_at, expires_at, last_seen_at, origin.
fn stored_session(row: &Row) -> Result<Session, StoreError> {
    let doing = "read a session";
    Ok(Session {
        city: city_code("sessions", row.int(0).doing(doing)?)?,
        hash: row.text(1).doing(doing)?,
        person: PersonId(whole("sessions", "person", row.int(2).doing(doing)?)?),
        kind: row.text(3).doing(doing)?,
        name: row.text(4).doing(doing)?,
        created_at: Timestamp(row.int(5).doing(doing)?),
        expires_at: Timestamp(row.int(6).doing(doing)?),
        last_seen_at: Timestamp(row.int(7).doing(doing)?),
        from: row.text(8).doing(doing)?,
    })
}
