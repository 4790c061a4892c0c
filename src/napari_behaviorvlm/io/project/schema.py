"""Tables of `labels.sqlite` and how older files are brought up to date.

Only *precious* things live here: what people decided, and what cannot be computed again.
"""

_VERSION_1 = """
CREATE TABLE camera (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE keypoint (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);

-- What people decided about single cells; it lies over the proposals of the runs.
CREATE TABLE label (
    frame INTEGER NOT NULL,
    camera INTEGER NOT NULL REFERENCES camera(id),
    keypoint INTEGER NOT NULL REFERENCES keypoint(id),
    x REAL, y REAL,
    candidate INTEGER NOT NULL,
    status INTEGER NOT NULL,
    source INTEGER NOT NULL,
    confidence REAL,
    author TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (frame, camera, keypoint)
) WITHOUT ROWID;

CREATE TABLE seed_frame (frame INTEGER PRIMARY KEY, author TEXT NOT NULL, created TEXT NOT NULL);

-- Every edit with what stood before, so that it can be undone, also after a restart.
CREATE TABLE edit (
    id INTEGER PRIMARY KEY,
    created TEXT NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE edit_cell (
    edit INTEGER NOT NULL REFERENCES edit(id) ON DELETE CASCADE,
    frame INTEGER NOT NULL,
    camera INTEGER NOT NULL,
    keypoint INTEGER NOT NULL,
    before TEXT,
    after TEXT,
    PRIMARY KEY (edit, frame, camera, keypoint)
) WITHOUT ROWID;
CREATE INDEX edit_cell_of ON edit_cell (frame, camera, keypoint);

-- Which computed results in derived/ are the current ones, newest last.
CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    strategy TEXT NOT NULL,
    key TEXT NOT NULL,
    first_frame INTEGER NOT NULL,
    end_frame INTEGER NOT NULL,
    settings TEXT NOT NULL,
    program TEXT NOT NULL,
    created TEXT NOT NULL
);
"""

MIGRATIONS = (_VERSION_1,)
"""Script ``i`` brings a file of version ``i`` to version ``i + 1``."""
