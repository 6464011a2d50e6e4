"""The tables of a log, in words that SQLite and PostgreSQL both know."""

from __future__ import annotations

COLUMNS = (
    "id",
    "moment",
    "key",
    "model",
    "version",
    "variant",
    "route",
    "latency_ms",
    "in_range",
    "n",
    "inputs",
    "answer",
)
TABLES = (
    """CREATE TABLE IF NOT EXISTS requests (
    id TEXT NOT NULL, moment DOUBLE PRECISION NOT NULL, key TEXT, model TEXT NOT NULL, version TEXT NOT NULL,
    variant TEXT NOT NULL, route TEXT NOT NULL, latency_ms DOUBLE PRECISION NOT NULL, in_range INTEGER NOT NULL,
    n INTEGER NOT NULL, inputs TEXT, answer TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS labels (
    id TEXT NOT NULL, row_number INTEGER NOT NULL, truth TEXT, moment DOUBLE PRECISION NOT NULL, source TEXT NOT NULL,
    weight DOUBLE PRECISION NOT NULL, PRIMARY KEY (id, row_number))""",
    """CREATE TABLE IF NOT EXISTS reviews (
    item TEXT PRIMARY KEY, request TEXT NOT NULL, row_number INTEGER NOT NULL, moment DOUBLE PRECISION NOT NULL, key TEXT,
    model TEXT NOT NULL, version TEXT NOT NULL, answered_by TEXT NOT NULL, reason TEXT NOT NULL, chance DOUBLE PRECISION NOT NULL,
    second INTEGER NOT NULL, inputs TEXT NOT NULL, answer TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS decisions (
    item TEXT NOT NULL, label TEXT, who TEXT NOT NULL, seconds DOUBLE PRECISION NOT NULL, moment DOUBLE PRECISION NOT NULL,
    turn INTEGER NOT NULL, PRIMARY KEY (item, turn))""",
    "CREATE INDEX IF NOT EXISTS reviews_by_moment ON reviews (moment)",
    "CREATE INDEX IF NOT EXISTS requests_by_id ON requests (id)",
    "CREATE INDEX IF NOT EXISTS requests_by_moment ON requests (moment)",
    "CREATE INDEX IF NOT EXISTS requests_by_key ON requests (key) WHERE key IS NOT NULL",
)
INSERT = f"INSERT INTO requests ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
LABEL = """INSERT INTO labels (id, row_number, truth, moment, source, weight) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id, row_number) DO UPDATE SET truth = excluded.truth, moment = excluded.moment, source = excluded.source,
    weight = excluded.weight"""
KNOWN = "SELECT n FROM requests WHERE id = ? ORDER BY moment DESC LIMIT 1"
READ = f"SELECT {', '.join(COLUMNS)} FROM requests WHERE moment >= ? AND moment < ? ORDER BY moment, id"
JOINED = """SELECT requests.id, labels.row_number, requests.version, requests.variant, requests.answer, labels.truth, labels.weight
    FROM labels JOIN requests ON requests.id = labels.id WHERE labels.moment >= ? ORDER BY labels.moment, labels.id"""
ITEM_COLUMNS = (
    "item, request, row_number, moment, key, model, version, answered_by, reason, chance, second, inputs, answer"
)
COUNT = "(SELECT count(*) FROM decisions WHERE decisions.item = reviews.item)"
OPEN = f"""FROM reviews WHERE {COUNT} <= second
    AND NOT EXISTS (SELECT 1 FROM decisions WHERE decisions.item = reviews.item AND decisions.who = ?)"""
QUEUE = f"INSERT INTO reviews ({ITEM_COLUMNS}) VALUES ({', '.join('?' * 13)}) ON CONFLICT (item) DO NOTHING"
NEXT = f"""SELECT {ITEM_COLUMNS}, {COUNT} {OPEN}
    ORDER BY CASE reason WHEN 'person' THEN 0 ELSE 1 END, moment, item LIMIT ?"""
WAITING = f"SELECT count(*) {OPEN}"
ITEM = f"SELECT {ITEM_COLUMNS} FROM reviews WHERE item = ?"
ITEMS = f"SELECT {ITEM_COLUMNS} FROM reviews ORDER BY moment, item"
GIVEN = "SELECT who, turn FROM decisions WHERE item = ?"
DECIDE = """INSERT INTO decisions (item, label, who, seconds, moment, turn) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (item, turn) DO UPDATE SET label = excluded.label, who = excluded.who, seconds = excluded.seconds,
    moment = excluded.moment"""
DECISIONS = "SELECT item, label, who, seconds, moment, turn FROM decisions ORDER BY item, turn"
UNDO = "DELETE FROM decisions WHERE item = ? AND who = ?"
UNLABEL = "DELETE FROM labels WHERE id = ? AND row_number = ? AND source = ?"
ROWS = "SELECT coalesce(sum(n), 0) FROM requests"
REASONS = "SELECT reason, count(*) FROM reviews GROUP BY reason ORDER BY reason"
JUDGED = """SELECT reviews.answer, decisions.label FROM reviews JOIN decisions ON decisions.item = reviews.item
    WHERE reviews.reason = 'random' AND decisions.turn = 1 AND decisions.label IS NOT NULL"""
PAIRS = """SELECT one.label, two.label FROM decisions one JOIN decisions two ON two.item = one.item
    WHERE one.turn = 1 AND two.turn = 2"""
ERASE = (
    "DELETE FROM labels WHERE id IN (SELECT request FROM reviews WHERE key = ?)",
    "DELETE FROM decisions WHERE item IN (SELECT item FROM reviews WHERE key = ?)",
    "DELETE FROM reviews WHERE key = ?",
    "DELETE FROM labels WHERE id IN (SELECT id FROM requests WHERE key = ?)",
    "DELETE FROM requests WHERE key = ?",
)
FORGET = (
    "DELETE FROM labels WHERE id IN (SELECT request FROM reviews WHERE moment < ?)",
    "DELETE FROM decisions WHERE item IN (SELECT item FROM reviews WHERE moment < ?)",
    "DELETE FROM reviews WHERE moment < ?",
    "DELETE FROM labels WHERE id IN (SELECT id FROM requests WHERE moment < ?)",
    "DELETE FROM requests WHERE moment < ?",
)
