//! Every statement of the store, in one place. A test prepares each on both engines.
//!
//! Plain ones are one text in the common subset (`$n`, BIGINT, TEXT, blobs, ON CONFLICT, RETURNING); where
//! the engines truly differ a statement is [`Both`]. [`Many`] is a statement over a list.

use crate::db::Engine;
use std::sync::{Arc, OnceLock};

/// One statement with a text for each engine.
#[derive(Debug)]
pub(crate) struct Both {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl Both {
    pub(crate) const fn of(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }
}

/// Rows written in powers of two, so that few texts do for every length of list and stay prepared.
pub(crate) const LENGTHS: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement over a list: `head`, then `row` once for each row, then `tail`. A bare `$` is a value.
#[derive(Debug)]
pub(crate) struct Many {
    sqlite: [&'static str; 3],
    postgres: [&'static str; 3],
    texts: [OnceLock<Vec<Arc<str>>>; 2],
}

impl Many {
    const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Self::of_both([head, row, tail], [head, row, tail])
    }

    const fn of_both(sqlite: [&'static str; 3], postgres: [&'static str; 3]) -> Self {
        Self { sqlite, postgres, texts: [OnceLock::new(), OnceLock::new()] }
    }

    /// Values in one row.
    pub(crate) fn width(&self) -> usize {
        self.sqlite[1].matches('$').count()
    }

    /// How a list of so many values is cut, in rows.
    pub(crate) fn lengths(&self, values: usize) -> impl Iterator<Item = usize> + use<> {
        let mut left = values / self.width();
        std::iter::from_fn(move || {
            let length = LENGTHS.into_iter().find(|length| *length <= left)?;
            left -= length;
            Some(length)
        })
    }

    /// The text for `length` rows, which must be one of [`LENGTHS`].
    pub(crate) fn text(&self, engine: Engine, length: usize) -> Arc<str> {
        let texts = self.texts[engine as usize]
            .get_or_init(|| LENGTHS.into_iter().map(|length| self.build(engine, length).into()).collect());
        let place = LENGTHS.len() - 1 - length.trailing_zeros() as usize;
        texts[place].clone()
    }

    fn build(&self, engine: Engine, length: usize) -> String {
        let [head, row, tail] = match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        };
        let bare = format!("{head}{}{tail}", vec![row; length].join(", "));
        let mut text = String::with_capacity(bare.len() * 2);
        let mut number = 0;
        for part in bare.split_inclusive('$') {
            let Some(before) = part.strip_suffix('$') else {
                text.push_str(part);
                continue;
            };
            number += 1;
            text.push_str(before);
            match engine {
                // Nameless, because SQLite looks a named one up among all others.
                Engine::Sqlite => text.push('?'),
                Engine::Postgres => text.push_str(&format!("${number}")),
            }
        }
        text
    }
}

macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(pub(crate) const $name: &str = $sql;)*
        #[cfg(test)]
        pub(crate) const PLAIN: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! for_both {
    ($($name:ident = { sqlite: $sqlite:expr, postgres: $postgres:expr };)*) => {
        $(pub(crate) const $name: Both = Both { sqlite: $sqlite, postgres: $postgres };)*
        #[cfg(test)]
        pub(crate) const DIFFERENT: &[(&str, Both)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! lists {
    ($($name:ident = $many:expr;)*) => {
        $(pub(crate) static $name: Many = $many;)*
        #[cfg(test)]
        pub(crate) static LISTS: &[(&str, &Many)] = &[$((stringify!($name), &$name)),*];
    };
}

statements! {
    SAVEPOINT = "SAVEPOINT one";
    RELEASE = "RELEASE SAVEPOINT one";
    ROLLBACK_TO = "ROLLBACK TO SAVEPOINT one";

    PING_READ = "SELECT max(version) FROM schema_versions";
    PING_WRITE = "INSERT INTO counters (city, name, value) VALUES (0, 'ping', 1) \
        ON CONFLICT (city, name) DO UPDATE SET value = 1 - counters.value";

    // Reads the head of a city under its lock: whoever holds it is the only one who appends to this city.
    LOCK_HEAD = "INSERT INTO city_heads (city, last_position, cases, records_version) VALUES ($1, 0, 0, 0) \
        ON CONFLICT (city) DO UPDATE SET last_position = city_heads.last_position RETURNING last_position, cases";
    MOVE_HEAD = "UPDATE city_heads SET last_position = $2, cases = $3 WHERE city = $1";
    HEAD = "SELECT last_position, cases FROM city_heads WHERE city = $1";
    CITIES = "SELECT city FROM city_heads WHERE cases > 0 OR records_version > 0 ORDER BY city";

    CASE = "SELECT id, serial, version, position, state FROM cases WHERE city = $1 AND id = $2";
    CASE_BY_NUMBER = "SELECT id, serial, version, position, state FROM cases WHERE city = $1 AND number = $2";
    CASE_BY_SECRET = "SELECT c.id, c.serial, c.version, c.position, c.state FROM secrets s \
        JOIN cases c ON c.city = s.city AND c.id = s.case_id WHERE s.city = $1 AND s.secret_hash = $2";
    CHANGED_SINCE = "SELECT id, serial, version, position, state FROM cases \
        WHERE city = $1 AND position > $2 ORDER BY position LIMIT $3";
    CASES_BY_PHONE = "SELECT c.id, c.serial, c.version, c.position, c.state FROM reporters r \
        JOIN cases c ON c.city = r.city AND c.id = r.case_id \
        WHERE r.city = $1 AND r.phone = $2 AND r.phone <> '' ORDER BY c.serial DESC LIMIT $3";
    FACTS = "SELECT seq, at, body FROM facts WHERE city = $1 AND case_id = $2 ORDER BY seq";

    COMMAND = "SELECT case_id FROM commands WHERE city = $1 AND command_id = $2";

    REPORTER = "SELECT name, phone, email, public, callback, language FROM reporters WHERE city = $1 AND case_id = $2";
    ERASE_REPORTER = "DELETE FROM reporters WHERE city = $1 AND case_id = $2 RETURNING phone, email";
    ERASE_NOTICES = "DELETE FROM outbox WHERE city = $1 AND case_id = $2 AND recipient = $3";

    SIMILAR_PHOTOS = "SELECT case_id, hash FROM photo_hashes WHERE city = $1 AND at >= $2 ORDER BY at DESC LIMIT $3";

    COUNT_ON = "INSERT INTO counters (city, name, value) VALUES ($1, $2, $3) \
        ON CONFLICT (city, name) DO UPDATE SET value = counters.value + excluded.value RETURNING value";
    // Gives numbers back that nobody took, if no one has taken later ones.
    COUNT_BACK = "UPDATE counters SET value = $3 WHERE city = $1 AND name = $2 AND value = $4";

    ANY_DUE = "SELECT 1 FROM due_moments WHERE done = 0 AND at <= $1 AND lease_until <= $1 LIMIT 1";
    DONE_DUE = "UPDATE due_moments SET done = 1 \
        WHERE city = $1 AND case_id = $2 AND clock = $3 AND moment = $4 AND at = $5 AND done = 0";
    ANY_NOTICE = "SELECT 1 FROM outbox \
        WHERE failed = 0 AND channel <> 'inbox' AND again_at <= $1 AND lease_until <= $1 LIMIT 1";
    DONE_NOTICE = "DELETE FROM outbox WHERE city = $1 AND id = $2";
    FAILED_NOTICE = "UPDATE outbox SET error = $3, again_at = $4, failed = $5, lease_until = 0 WHERE city = $1 AND id = $2";
    INBOX = "SELECT city, id, case_id, queued_at, attempts, body FROM outbox \
        WHERE city = $1 AND recipient = $2 AND channel = 'inbox' ORDER BY id DESC LIMIT $3";

    RECORDS = "SELECT kind, key, version, changed_at, changed_by, value FROM records \
        WHERE city = $1 AND kind = $2 AND value IS NOT NULL ORDER BY key";
    // Negative when the record was removed.
    RECORD_VERSION = "SELECT CASE WHEN value IS NULL THEN -version ELSE version END FROM records \
        WHERE city = $1 AND kind = $2 AND key = $3";
    RECORD_HISTORY = "SELECT kind, key, version, changed_at, changed_by, value FROM record_history \
        WHERE city = $1 AND kind = $2 AND key = $3 ORDER BY version";
    PUT_RECORD = "INSERT INTO records (city, kind, key, version, changed_at, changed_by, value) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (city, kind, key) DO UPDATE SET \
        version = excluded.version, changed_at = excluded.changed_at, changed_by = excluded.changed_by, value = excluded.value";
    PUT_RECORD_HISTORY = "INSERT INTO record_history (city, kind, key, version, changed_at, changed_by, value) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    COUNT_RECORDS_VERSION = "INSERT INTO city_heads (city, last_position, cases, records_version) VALUES ($1, 0, 0, 1) \
        ON CONFLICT (city) DO UPDATE SET records_version = city_heads.records_version + 1";
    RECORDS_VERSION = "SELECT records_version FROM city_heads WHERE city = $1";

    CREDENTIAL = "SELECT hash, failures, locked_until, changed_at, must_change FROM credentials WHERE city = $1 AND person = $2";
    PUT_CREDENTIAL = "INSERT INTO credentials (city, person, hash, failures, locked_until, changed_at, must_change) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (city, person) DO UPDATE SET hash = excluded.hash, \
        failures = excluded.failures, locked_until = excluded.locked_until, changed_at = excluded.changed_at, \
        must_change = excluded.must_change";
    PUT_SESSION = "INSERT INTO sessions (city, hash, person, kind, name, created_at, expires_at, last_seen_at, origin) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (city, hash) DO UPDATE SET person = excluded.person, \
        kind = excluded.kind, name = excluded.name, created_at = excluded.created_at, expires_at = excluded.expires_at, \
        last_seen_at = excluded.last_seen_at, origin = excluded.origin";
    SESSION = "SELECT city, hash, person, kind, name, created_at, expires_at, last_seen_at, origin FROM sessions WHERE hash = $1";
    SESSIONS_OF = "SELECT city, hash, person, kind, name, created_at, expires_at, last_seen_at, origin FROM sessions \
        WHERE city = $1 AND person = $2 ORDER BY created_at DESC, hash LIMIT $3";
    END_SESSION = "DELETE FROM sessions WHERE hash = $1";
    SESSION_SEEN = "SELECT last_seen_at FROM sessions WHERE hash = $1";
    TOUCH_SESSION = "UPDATE sessions SET last_seen_at = $2 WHERE hash = $1 AND last_seen_at < $2";

    PUT_AUDIT = "INSERT INTO audit (city, id, at, person, action, target, detail, origin) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    // An empty action or a negative person is no filter.
    AUDIT_LOG = "SELECT id, at, person, action, target, detail, origin FROM audit \
        WHERE city = $1 AND id < $2 AND ($3 = '' OR action = $3) AND ($4 < 0 OR person = $4) ORDER BY id DESC LIMIT $5";

    THING = "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, change, body \
        FROM things WHERE city = $1 AND serial = $2";
    THING_BY_CODE = "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, \
        change, body FROM things WHERE city = $1 AND register = $2 AND code = $3";
    // An empty class is no filter. The text is two patterns: of the beginning of a code, of a part of a name.
    LIST_THINGS = "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, \
        change, body FROM things WHERE city = $1 AND register = $2 AND code > $3 AND ($4 = '' OR class = $4) \
        AND ($5 = '%' OR lower(code) LIKE $5 ESCAPE '!' OR lower(name) LIKE $6 ESCAPE '!') AND (removed = 0 OR $7 = 1) \
        ORDER BY code LIMIT $8";
    THING_HISTORY = "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, \
        change, body FROM thing_history WHERE city = $1 AND serial = $2 AND version < $3 ORDER BY version DESC LIMIT $4";
    THINGS_SINCE = "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, \
        change, body FROM things WHERE city = $1 AND position > $2 ORDER BY position LIMIT $3";
    THING_HEAD = "SELECT position, serial FROM thing_heads WHERE city = $1";
    // Reads the head of a city's things under its lock: whoever holds it is the only one who changes them.
    LOCK_THING_HEAD = "INSERT INTO thing_heads (city, position, serial) VALUES ($1, 0, 0) \
        ON CONFLICT (city) DO UPDATE SET position = thing_heads.position RETURNING position, serial";
    MOVE_THING_HEAD = "UPDATE thing_heads SET position = $2, serial = $3 WHERE city = $1";
    COUNT_THINGS = "SELECT register, class, count(*) FROM things WHERE city = $1 AND removed = 0 \
        GROUP BY register, class ORDER BY register, class";
    THING_COMMAND = "SELECT done FROM thing_commands WHERE city = $1 AND command_id = $2";
    PUT_THING_COMMAND = "INSERT INTO thing_commands (city, command_id, at, done) VALUES ($1, $2, $3, $4)";
    FORGET_THING_COMMANDS = "DELETE FROM thing_commands WHERE (city, command_id) IN ( \
        SELECT city, command_id FROM thing_commands WHERE at < $1 ORDER BY at LIMIT $2)";
    RAISE_COUNT = "INSERT INTO counters (city, name, value) VALUES ($1, $2, $3) \
        ON CONFLICT (city, name) DO UPDATE SET value = CASE WHEN counters.value < excluded.value \
        THEN excluded.value ELSE counters.value END";

    GRIDS_OF_EDITION = "SELECT code, from_edition, until_edition, body, shape FROM unit_grids \
        WHERE city = $1 AND from_edition <= $2 AND (until_edition IS NULL OR until_edition > $2) \
        AND length(code) = $3 ORDER BY code";
    VOIDED_GRIDS = "SELECT code, from_edition, until_edition, body, shape FROM unit_grids AS one \
        WHERE city = $1 AND until_edition IS NOT NULL AND length(code) = 15 AND NOT EXISTS (SELECT 1 FROM unit_grids \
        AS later WHERE later.city = $1 AND later.code = one.code AND later.from_edition > one.from_edition) ORDER BY code";
    GRID_HISTORY = "SELECT code, from_edition, until_edition, body, shape FROM unit_grids \
        WHERE city = $1 AND code = $2 ORDER BY from_edition DESC";
    GRID_EDITIONS = "SELECT edition, valid_from, published_at, published_by, note, grids, added, changed, removed \
        FROM grid_editions WHERE city = $1 ORDER BY edition DESC";
    LATEST_EDITION = "SELECT edition, valid_from FROM grid_editions WHERE city = $1 ORDER BY edition DESC LIMIT 1";
    GRID_IN_FORCE = "SELECT 1 FROM unit_grids WHERE city = $1 AND code = $2 AND until_edition IS NULL";
    END_GRID = "UPDATE unit_grids SET until_edition = $3 WHERE city = $1 AND code = $2 AND until_edition IS NULL";
    COUNT_GRIDS = "SELECT count(*) FROM unit_grids WHERE city = $1 AND until_edition IS NULL AND length(code) = 15";
    PUT_GRID_EDITION = "INSERT INTO grid_editions (city, edition, valid_from, published_at, published_by, note, grids, \
        added, changed, removed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    ADDRESS = "SELECT id, version, position, removed, changed_at, changed_by, body FROM addresses \
        WHERE city = $1 AND id = $2";
    ADDRESS_HISTORY = "SELECT id, version, position, removed, changed_at, changed_by, body FROM address_history \
        WHERE city = $1 AND id = $2 AND version < $3 ORDER BY version DESC LIMIT 1000";
    ADDRESSES_SINCE = "SELECT id, version, position, removed, changed_at, changed_by, body FROM addresses \
        WHERE city = $1 AND position > $2 ORDER BY position LIMIT $3";
    ADDRESS_HEAD = "SELECT value FROM counters WHERE city = $1 AND name = $2";
    COUNT_ADDRESSES = "SELECT count(*) FROM addresses WHERE city = $1 AND removed = 0";

    // The oldest first, and few at once: each is one short write.
    FORGET_COMMANDS = "DELETE FROM commands WHERE (city, command_id) IN ( \
        SELECT city, command_id FROM commands WHERE at < $1 ORDER BY at LIMIT $2)";
    FORGET_AUDIT = "DELETE FROM audit WHERE (city, id) IN ( \
        SELECT city, id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";
    FORGET_MESSAGES = "DELETE FROM outbox WHERE (city, id) IN (SELECT city, id FROM outbox \
        WHERE (failed = 1 OR channel = 'inbox') AND queued_at < $1 ORDER BY queued_at LIMIT $2)";
    FORGET_SESSIONS = "DELETE FROM sessions WHERE (city, hash) IN ( \
        SELECT city, hash FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

    PUT_ATTACHMENT = "INSERT INTO attachments (city, id, content_type, bytes, width, height, shot_at, lng, lat, \
        photo_hash, uploaded_by, uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
        ON CONFLICT (city, id) DO NOTHING";
    ATTACHMENTS_AFTER = "SELECT city, id, content_type FROM attachments \
        WHERE city > $1 OR (city = $1 AND id > $2) ORDER BY city, id LIMIT 1000";
    ATTACHMENT = "SELECT id, content_type, bytes, width, height, shot_at, lng, lat, photo_hash, uploaded_by, uploaded_at \
        FROM attachments WHERE city = $1 AND id = $2";
}

for_both! {
    // A moment, or a message, is leased to whoever takes it; PostgreSQL steps over what others are taking.
    TAKE_DUE = {
        sqlite: "UPDATE due_moments SET lease_until = $2 WHERE (city, case_id, clock, moment) IN ( \
            SELECT city, case_id, clock, moment FROM due_moments WHERE done = 0 AND at <= $1 AND lease_until <= $1 \
            ORDER BY at LIMIT $3) RETURNING city, case_id, clock, moment, at",
        postgres: "UPDATE due_moments SET lease_until = $2 WHERE (city, case_id, clock, moment) IN ( \
            SELECT city, case_id, clock, moment FROM due_moments WHERE done = 0 AND at <= $1 AND lease_until <= $1 \
            ORDER BY at LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING city, case_id, clock, moment, at"
    };
    TAKE_NOTICES = {
        sqlite: "UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE (city, id) IN ( \
            SELECT city, id FROM outbox WHERE failed = 0 AND channel <> 'inbox' AND again_at <= $1 AND lease_until <= $1 \
            ORDER BY again_at, id LIMIT $3) RETURNING city, id, case_id, queued_at, attempts - 1, body",
        postgres: "UPDATE outbox SET lease_until = $2, attempts = attempts + 1 WHERE (city, id) IN ( \
            SELECT city, id FROM outbox WHERE failed = 0 AND channel <> 'inbox' AND again_at <= $1 AND lease_until <= $1 \
            ORDER BY again_at, id LIMIT $3 FOR UPDATE SKIP LOCKED) RETURNING city, id, case_id, queued_at, attempts - 1, body"
    };
    // One row with all serials: thousands of rows would cost more than finding them.
    SEARCH = {
        sqlite: "SELECT group_concat(serial, ',') FROM (SELECT rowid & 4294967295 AS serial FROM words \
            WHERE words MATCH $1 AND rowid >= $2 * 4294967296 AND rowid <= $2 * 4294967296 + 4294967295 \
            ORDER BY rowid DESC LIMIT $3)",
        postgres: "SELECT string_agg(CAST(serial AS TEXT), ',' ORDER BY serial DESC) FROM (SELECT serial FROM words \
            WHERE body @@ CAST($1 AS tsquery) AND city = $2 ORDER BY serial DESC LIMIT $3) AS found"
    };
    // Only the newest part, walked backwards along the key or found by token, whichever the planner prefers.
    SEARCH_NEWEST = {
        sqlite: "SELECT NULL",
        postgres: "SELECT string_agg(CAST(serial AS TEXT), ',' ORDER BY serial DESC) FROM (SELECT serial FROM words \
            WHERE body @@ CAST($1 AS tsquery) AND city = $2 AND serial >= $4 ORDER BY serial DESC LIMIT $3) AS found"
    };
    SCHEMA_EXISTS = {
        sqlite: "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_versions'",
        postgres: "SELECT count(*) FROM information_schema.tables \
            WHERE table_schema = current_schema() AND table_name = 'schema_versions'"
    };
}

lists! {
    VERSIONS = Many::new("SELECT id, version, serial, position FROM cases WHERE city = $ AND id IN (", "$", ")");
    COMMANDS = Many::new("SELECT command_id, case_id, version FROM commands WHERE city = $ AND command_id IN (", "$", ")");
    MOMENTS = Many::new("SELECT case_id, clock, moment, at FROM due_moments WHERE city = $ AND case_id IN (", "$", ")");
    CASES_BY_SERIAL = Many::new(
        "SELECT id, serial, version, position, state FROM cases WHERE city = $ AND serial IN (", "$", ")"
    );
    FACTS_OF = Many::new("SELECT seq, at, body, case_id FROM facts WHERE city = $ AND case_id IN (", "$", ")");
    DONE_NOTICES = Many::new("DELETE FROM outbox WHERE city = $ AND id IN (", "$", ")");
    PUT_CASES = Many::new(
        "INSERT INTO cases (city, id, serial, number, version, position, stage, reported_at, updated_at, state) VALUES ",
        "($, $, $, $, $, $, $, $, $, $)",
        " ON CONFLICT (city, id) DO UPDATE SET version = excluded.version, position = excluded.position, \
        stage = excluded.stage, updated_at = excluded.updated_at, state = excluded.state"
    );
    PUT_FACTS = Many::new("INSERT INTO facts (city, case_id, seq, position, at, body) VALUES ", "($, $, $, $, $, $)", "");
    PUT_COMMANDS = Many::new(
        "INSERT INTO commands (city, command_id, case_id, version, at) VALUES ", "($, $, $, $, $)", ""
    );
    PUT_MOMENTS = Many::new(
        "INSERT INTO due_moments (city, case_id, clock, moment, at, lease_until, done) VALUES ",
        "($, $, $, $, $, 0, 0)",
        " ON CONFLICT (city, case_id, clock, moment) DO UPDATE SET at = excluded.at, lease_until = 0, done = 0"
    );
    DROP_MOMENTS = Many::of_both(
        ["DELETE FROM due_moments WHERE city = $ AND (case_id, clock, moment) IN (VALUES ", "($, $, $)", ")"],
        ["DELETE FROM due_moments WHERE city = $ AND (case_id, clock, moment) IN (VALUES ",
         "(CAST($ AS BYTEA), $, $)",
         ")"]
    );
    PUT_WORDS = Many::of_both(
        ["INSERT OR REPLACE INTO words (rowid, body) VALUES ", "($ * 4294967296 + $, $)", ""],
        ["INSERT INTO words (city, serial, body) VALUES ",
         "($, $, array_to_tsvector(string_to_array($, ' ')))",
         " ON CONFLICT (city, serial) DO UPDATE SET body = excluded.body"]
    );
    REPORTERS_OF = Many::new(
        "SELECT name, phone, email, public, callback, language, case_id FROM reporters WHERE city = $ AND case_id IN (",
        "$",
        ")"
    );
    PUT_REPORTERS = Many::new(
        "INSERT INTO reporters (city, case_id, name, phone, email, public, callback, language) VALUES ",
        "($, $, $, $, $, $, $, $)",
        " ON CONFLICT (city, case_id) DO UPDATE SET name = excluded.name, phone = excluded.phone, \
        email = excluded.email, public = excluded.public, callback = excluded.callback, language = excluded.language"
    );
    PUT_SECRETS = Many::new(
        "INSERT INTO secrets (city, secret_hash, case_id) VALUES ", "($, $, $)", " ON CONFLICT DO NOTHING"
    );
    PUT_NOTICES = Many::new(
        "INSERT INTO outbox (city, id, case_id, channel, recipient, body, queued_at, attempts, again_at, lease_until, failed, error) VALUES ",
        "($, $, $, $, $, $, $, 0, 0, 0, 0, '')",
        ""
    );
    PUT_PHOTOS = Many::new(
        "INSERT INTO photo_hashes (city, case_id, attachment, hash, at) VALUES ", "($, $, $, $, $)",
        " ON CONFLICT (city, case_id, attachment) DO NOTHING"
    );
    THING_VERSIONS = Many::new("SELECT serial, version, register, code FROM things WHERE city = $ AND serial IN (", "$", ")");
    THINGS_BY_SERIAL = Many::new(
        "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, change, body \
        FROM things WHERE city = $ AND serial IN (", "$", ")"
    );
    THINGS_BY_CODE = Many::new(
        "SELECT serial, register, code, name, class, version, position, removed, changed_at, changed_by, change, body \
        FROM things WHERE city = $ AND register = $ AND code IN (", "$", ")"
    );
    TAKEN_CODES = Many::new("SELECT code FROM things WHERE city = $ AND register = $ AND code IN (", "$", ") LIMIT 1");
    KEEP_THINGS = Many::new(
        "INSERT INTO thing_history (city, serial, version, register, code, name, class, position, removed, changed_at, \
        changed_by, change, body) SELECT city, serial, version, register, code, name, class, position, removed, \
        changed_at, changed_by, change, body FROM things WHERE city = $ AND serial IN (", "$", ")"
    );
    PUT_THINGS = Many::new(
        "INSERT INTO things (city, serial, register, code, name, class, version, position, removed, changed_at, \
        changed_by, change, body) VALUES ",
        "($, $, $, $, $, $, $, $, $, $, $, $, $)",
        " ON CONFLICT (city, serial) DO UPDATE SET name = excluded.name, class = excluded.class, \
        version = excluded.version, position = excluded.position, removed = excluded.removed, \
        changed_at = excluded.changed_at, changed_by = excluded.changed_by, change = excluded.change, \
        body = excluded.body"
    );
    PUT_GRIDS = Many::new(
        "INSERT INTO unit_grids (city, code, from_edition, until_edition, body, shape) VALUES ",
        "($, $, $, NULL, $, $)",
        ""
    );
    ADDRESS_VERSIONS = Many::new("SELECT id, version, removed, body FROM addresses WHERE city = $ AND id IN (", "$", ")");
    KEEP_ADDRESSES = Many::new(
        "INSERT INTO address_history (city, id, version, position, removed, changed_at, changed_by, body) \
        SELECT city, id, version, position, removed, changed_at, changed_by, body FROM addresses \
        WHERE city = $ AND id IN (", "$", ")"
    );
    PUT_ADDRESSES = Many::new(
        "INSERT INTO addresses (city, id, version, position, removed, changed_at, changed_by, body) VALUES ",
        "($, $, $, $, $, $, $, $)",
        " ON CONFLICT (city, id) DO UPDATE SET version = excluded.version, position = excluded.position, \
        removed = excluded.removed, changed_at = excluded.changed_at, changed_by = excluded.changed_by, \
        body = excluded.body"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_powers_of_two() {
        let lengths: Vec<usize> = PUT_COMMANDS.lengths(5 * 300).collect();
        assert_eq!(lengths, [256, 32, 8, 4]);
        assert_eq!(PUT_COMMANDS.lengths(0).count(), 0);
    }

    #[test]
    fn values_are_numbered_for_one_engine_and_bare_for_the_other() {
        assert_eq!(
            &*VERSIONS.text(Engine::Postgres, 2),
            "SELECT id, version, serial, position FROM cases WHERE city = $1 AND id IN ($2, $3)"
        );
        assert!(VERSIONS.text(Engine::Sqlite, 2).ends_with("city = ? AND id IN (?, ?)"));
    }

    #[test]
    fn no_list_exceeds_what_an_engine_can_bind() {
        for (name, many) in LISTS {
            assert!(many.width() * LENGTHS[0] < 32_000, "{name}");
        }
    }
}
