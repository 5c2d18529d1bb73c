-- Facts in the order they come, found through an index: full pages, where a table kept in the order of its key
-- leaves a third of each empty. A store that has facts already keeps its table; both are read and written alike,
-- and a restored backup gets this one.
DROP TABLE facts;
CREATE TABLE facts (
    city     INTEGER NOT NULL,
    case_id  BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    body     TEXT    NOT NULL,
    PRIMARY KEY (city, case_id, seq)
) STRICT;
