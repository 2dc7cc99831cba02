-- A spool of format 1 as that version left it. It is never changed: it shows
-- that files of this format can be read for ever.
PRAGMA page_size = 16384;
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1282823024;
CREATE TABLE identity (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id  TEXT NOT NULL
) STRICT;
CREATE TABLE body (
  seq      INTEGER PRIMARY KEY AUTOINCREMENT,
  received INTEGER NOT NULL,
  sender   TEXT NOT NULL,
  body     BLOB NOT NULL
) STRICT;
INSERT INTO identity VALUES (1, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
INSERT INTO body VALUES (41, 1790000000000000250, '192.0.2.1', CAST('{}' AS BLOB));
UPDATE sqlite_sequence SET seq = 100 WHERE name = 'body';
PRAGMA user_version = 1;
