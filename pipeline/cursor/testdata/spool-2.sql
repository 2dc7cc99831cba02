-- A spool of format 2 as that version left it. It is never changed: it shows
-- that files of this format can be read for ever. The key is 32 times the byte 7.
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
CREATE TABLE seal (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  proof BLOB NOT NULL
) STRICT;
INSERT INTO identity VALUES (1, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
INSERT INTO body VALUES (41, 1790000000000000250, '192.0.2.1', x'3b715d593a9665309d6ec4ba2baa5dd4aa27a0376f6135cb51e0219751a8');
INSERT INTO seal VALUES (1, x'62298018e4b68e1d9464d368de96ff8266a00f2436d272119cd468dc6f79ff6f');
UPDATE sqlite_sequence SET seq = 100 WHERE name = 'body';
PRAGMA user_version = 2;
