-- A file of format 4 as that version left it. It is never changed: it shows
-- that files of this format can be read for ever.
PRAGMA page_size = 1024;
PRAGMA application_id = 1282823028;
CREATE TABLE position (
  stream   TEXT NOT NULL PRIMARY KEY,
  position TEXT NOT NULL,
  updated  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE seen (
  key       ANY NOT NULL PRIMARY KEY,
  version   ANY NOT NULL,
  count     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  last_nano INTEGER NOT NULL,
  digest    INTEGER NOT NULL,
  expires   INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_expires ON seen (expires);
CREATE TABLE passed (
  seq          INTEGER PRIMARY KEY,
  at           INTEGER NOT NULL,
  fingerprints BLOB NOT NULL
) STRICT;
CREATE INDEX passed_at ON passed (at);
CREATE TABLE status (
  key  TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO position VALUES ('events', '4711', 1790000000);
INSERT INTO seen VALUES (x'0f8fad5bd9cb469fa16570867728950e', 4700, 3, 1790000000, 250000000, -2, 1790003600);
INSERT INTO seen VALUES ('no uuid', 'v1', 1, -62135596800, 0, 0, NULL);
INSERT INTO passed VALUES (7, 1790000000, x'000102030405060708090a0b0c0d0e0fff0102030405060708090a0b0c0d0e0f');
INSERT INTO status VALUES ('o/apps/Deployment/shop/web', x'010002');
INSERT INTO status VALUES ('base', x'0107');
PRAGMA user_version = 4;
