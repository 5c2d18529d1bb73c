-- Registered things: components and the entries of every other register, one row each, with every earlier version
-- beside it.
CREATE TABLE thing_heads (
    city     INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    serial   INTEGER NOT NULL
) STRICT;

CREATE TABLE things (
    city       INTEGER NOT NULL,
    serial     INTEGER NOT NULL,
    register   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    version    INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    removed    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    change     TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, serial)
) STRICT;
CREATE UNIQUE INDEX things_by_code ON things (city, register, code);
CREATE UNIQUE INDEX things_by_position ON things (city, position);

CREATE TABLE thing_history (
    city       INTEGER NOT NULL,
    serial     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    register   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    position   INTEGER NOT NULL,
    removed    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    change     TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, serial, version)
) STRICT, WITHOUT ROWID;

-- `done` is what the first time was answered: serials and versions as JSON.
CREATE TABLE thing_commands (
    city       INTEGER NOT NULL,
    command_id BLOB   NOT NULL,
    at         INTEGER NOT NULL,
    done       TEXT   NOT NULL,
    PRIMARY KEY (city, command_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX thing_commands_by_time ON thing_commands (at);

-- The grid system in editions: a grid is in force from one edition until before another.
CREATE TABLE grid_editions (
    city         INTEGER NOT NULL,
    edition      INTEGER NOT NULL,
    valid_from   TEXT   NOT NULL,
    published_at INTEGER NOT NULL,
    published_by INTEGER,
    note         TEXT   NOT NULL,
    grids        INTEGER NOT NULL,
    added        INTEGER NOT NULL,
    changed      INTEGER NOT NULL,
    removed      INTEGER NOT NULL,
    PRIMARY KEY (city, edition)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit_grids (
    city          INTEGER NOT NULL,
    code          TEXT   NOT NULL,
    from_edition  INTEGER NOT NULL,
    until_edition INTEGER,
    body          TEXT   NOT NULL,
    shape         TEXT   NOT NULL,
    PRIMARY KEY (city, code, from_edition)
) STRICT;

CREATE TABLE addresses (
    city       INTEGER NOT NULL,
    id         TEXT   NOT NULL,
    version    INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    removed    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX addresses_by_position ON addresses (city, position);

CREATE TABLE address_history (
    city       INTEGER NOT NULL,
    id         TEXT   NOT NULL,
    version    INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    removed    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    changed_by INTEGER,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, id, version)
) STRICT, WITHOUT ROWID;
