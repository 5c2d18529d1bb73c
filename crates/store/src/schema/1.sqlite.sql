-- Every primary key begins with the city. Times are milliseconds since 1970 UTC.

CREATE TABLE city_heads (
    city            INTEGER PRIMARY KEY,
    last_position   INTEGER NOT NULL,
    cases           INTEGER NOT NULL,
    records_version INTEGER NOT NULL
) STRICT;

CREATE TABLE cases (
    city        INTEGER NOT NULL,
    id          BLOB    NOT NULL,
    serial      INTEGER NOT NULL,
    number      TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    stage       INTEGER NOT NULL,
    reported_at INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    state       TEXT    NOT NULL,
    PRIMARY KEY (city, id)
) STRICT;
CREATE UNIQUE INDEX cases_by_serial ON cases (city, serial);
CREATE UNIQUE INDEX cases_by_number ON cases (city, number);
CREATE UNIQUE INDEX cases_by_position ON cases (city, position);

CREATE TABLE facts (
    city     INTEGER NOT NULL,
    case_id  BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (city, case_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
    city       INTEGER NOT NULL,
    command_id BLOB    NOT NULL,
    case_id    BLOB    NOT NULL,
    version    INTEGER NOT NULL,
    PRIMARY KEY (city, command_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE due_moments (
    city        INTEGER NOT NULL,
    case_id     BLOB    NOT NULL,
    clock       TEXT    NOT NULL,
    moment      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    done        INTEGER NOT NULL,
    PRIMARY KEY (city, case_id, clock, moment)
) STRICT, WITHOUT ROWID;
CREATE INDEX due_moments_open ON due_moments (at) WHERE done = 0;

-- One row for each word list; rowid = city * 2^32 + serial, so that newest first is the index's own order.
CREATE VIRTUAL TABLE words USING fts5 (
    body, detail = 'none', columnsize = 0, prefix = '1', tokenize = 'unicode61 remove_diacritics 0'
);

CREATE TABLE reporters (
    city     INTEGER NOT NULL,
    case_id  BLOB    NOT NULL,
    name     TEXT    NOT NULL,
    phone    TEXT    NOT NULL,
    email    TEXT    NOT NULL,
    public   INTEGER NOT NULL,
    callback INTEGER NOT NULL,
    language TEXT    NOT NULL,
    PRIMARY KEY (city, case_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reporters_by_phone ON reporters (city, phone) WHERE phone <> '';

CREATE TABLE secrets (
    city        INTEGER NOT NULL,
    secret_hash TEXT    NOT NULL,
    case_id     BLOB    NOT NULL,
    PRIMARY KEY (city, secret_hash)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX secrets_by_case ON secrets (city, case_id);

CREATE TABLE outbox (
    city        INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    case_id     BLOB,
    channel     TEXT    NOT NULL,
    recipient   TEXT    NOT NULL,
    body        TEXT    NOT NULL,
    queued_at   INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    again_at    INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    error       TEXT    NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_ready ON outbox (again_at) WHERE failed = 0 AND channel <> 'inbox';
CREATE INDEX outbox_inbox ON outbox (city, recipient, id) WHERE channel = 'inbox';
CREATE INDEX outbox_by_case ON outbox (city, case_id);

CREATE TABLE photo_hashes (
    city       INTEGER NOT NULL,
    case_id    BLOB    NOT NULL,
    attachment TEXT    NOT NULL,
    hash       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (city, case_id, attachment)
) STRICT, WITHOUT ROWID;
CREATE INDEX photo_hashes_by_time ON photo_hashes (city, at);

CREATE TABLE counters (
    city  INTEGER NOT NULL,
    name  TEXT    NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (city, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    city       INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    value      TEXT,
    PRIMARY KEY (city, kind, key)
) STRICT;

CREATE TABLE record_history (
    city       INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    value      TEXT,
    PRIMARY KEY (city, kind, key, version)
) STRICT;

CREATE TABLE credentials (
    city         INTEGER NOT NULL,
    person       INTEGER NOT NULL,
    hash         TEXT    NOT NULL,
    failures     INTEGER NOT NULL,
    locked_until INTEGER,
    changed_at   INTEGER NOT NULL,
    must_change  INTEGER NOT NULL,
    PRIMARY KEY (city, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    city         INTEGER NOT NULL,
    hash         TEXT    NOT NULL,
    person       INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    origin       TEXT    NOT NULL,
    PRIMARY KEY (city, hash)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX sessions_by_hash ON sessions (hash);
CREATE INDEX sessions_by_person ON sessions (city, person);

CREATE TABLE audit (
    city   INTEGER NOT NULL,
    id     INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    person INTEGER,
    action TEXT    NOT NULL,
    target TEXT    NOT NULL,
    detail TEXT    NOT NULL,
    origin TEXT    NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_by_action ON audit (city, action, id);
CREATE INDEX audit_by_person ON audit (city, person, id);

CREATE TABLE attachments (
    city         INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    bytes        INTEGER NOT NULL,
    width        INTEGER NOT NULL,
    height       INTEGER NOT NULL,
    shot_at      INTEGER,
    lng          REAL,
    lat          REAL,
    photo_hash   INTEGER,
    uploaded_by  INTEGER,
    uploaded_at  INTEGER NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
