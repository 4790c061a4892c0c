"""Tables of `behavior.sqlite` and how older files are brought up to date.

Clips are copied here from ``derived/`` (a few numbers each), so that what people did to captions
and bouts keeps its meaning when the segmentation is computed again.
"""

_VERSION_1 = """
CREATE TABLE recording (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n_frames INTEGER);

-- The over-segmentation in use; number is the row in its table.
CREATE TABLE clip (
    recording INTEGER NOT NULL REFERENCES recording(id),
    number INTEGER NOT NULL,
    animal TEXT NOT NULL, start_frame INTEGER NOT NULL, end_frame INTEGER NOT NULL,
    cluster INTEGER NOT NULL, confidence REAL NOT NULL,
    PRIMARY KEY (recording, number)
) WITHOUT ROWID;

-- Captions belong to a stretch of frames; clip is its number now, NULL if no clip is like it.
CREATE TABLE caption (
    recording INTEGER NOT NULL REFERENCES recording(id),
    animal TEXT NOT NULL, start_frame INTEGER NOT NULL, end_frame INTEGER NOT NULL,
    clip INTEGER,
    label TEXT NOT NULL, description TEXT NOT NULL, posture TEXT NOT NULL, movement TEXT NOT NULL,
    social TEXT NOT NULL, confidence REAL, source TEXT NOT NULL, exchange INTEGER NOT NULL,
    PRIMARY KEY (recording, animal, start_frame, end_frame)
) WITHOUT ROWID;
CREATE INDEX caption_of ON caption (recording, clip);

-- cleared: a person said that nothing is to stand here.
CREATE TABLE bout (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recording INTEGER NOT NULL REFERENCES recording(id),
    animal TEXT NOT NULL, start_frame INTEGER NOT NULL, end_frame INTEGER NOT NULL,
    label TEXT NOT NULL,
    said TEXT NOT NULL,           -- the label before renamings
    description TEXT NOT NULL, cluster INTEGER NOT NULL, confidence REAL NOT NULL,
    source TEXT NOT NULL, clips TEXT NOT NULL,
    cleared INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX bout_at ON bout (recording, animal, start_frame, end_frame);
CREATE INDEX bout_called ON bout (label);
CREATE INDEX bout_said ON bout (said);
CREATE INDEX bout_cluster ON bout (cluster);

-- Words that people use instead of others, in the order in which they said so.
CREATE TABLE renaming (id INTEGER PRIMARY KEY, old TEXT NOT NULL, new TEXT NOT NULL);

-- Every edit with what stood before, so that it can be undone, also after a restart.
CREATE TABLE edit (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL,
    newest INTEGER NOT NULL,      -- newest bout when it was made
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE edit_item (
    edit INTEGER NOT NULL REFERENCES edit(id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,           -- bout, caption, renaming
    key TEXT NOT NULL,            -- JSON
    before TEXT, after TEXT,      -- JSON of the row, NULL where there is none
    PRIMARY KEY (edit, place)
) WITHOUT ROWID;

-- With what each step was last finished, by a hash of everything it depends on.
CREATE TABLE step (
    recording INTEGER NOT NULL REFERENCES recording(id),
    name TEXT NOT NULL, key TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (recording, name)
) WITHOUT ROWID;
"""

MIGRATIONS = (_VERSION_1,)
"""Script ``i`` brings a file of version ``i`` to version ``i + 1``."""
