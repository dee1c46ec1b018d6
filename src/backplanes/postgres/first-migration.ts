// The log and the shared store, as they are in the database. Functions keep each step one round trip and atomic.
// Invariants: an offset is taken from its topic's row, which stays locked until the transaction ends, so the order of
// offsets is that of commits; a topic's events are contiguous up to its head, and trimmed from their beginning only.

import { INCARNATIONS } from './incarnation-migration.ts';

const LOG = `
-- "size" and "total" count bytes from the topic's beginning on, so that the bytes behind an event are a subtraction.
CREATE TABLE {schema}.topic (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE,
	head bigint NOT NULL,
	size bigint NOT NULL,
	used_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

CREATE TABLE {schema}.event (
	topic bigint NOT NULL,
	"offset" bigint NOT NULL,
	incarnation integer NOT NULL,
	at timestamptz NOT NULL,
	total bigint NOT NULL,
	body text NOT NULL,
	PRIMARY KEY (topic, "offset")
);
CREATE INDEX ON {schema}.event USING brin (at);

-- Rows of topics are locked in the order of their names, so that two batches never wait for each other.
CREATE FUNCTION {schema}.append(names text[], bodies text[], step_bytes bigint)
RETURNS TABLE (name text, id bigint, head bigint, incarnation text, due boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	now_number integer;
	now_name text;
BEGIN
	-- Otherwise a crash would take back what was acknowledged.
	IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'local', true); END IF;
	SELECT c.number, c.name INTO now_number, now_name FROM {schema}.current_incarnation() c;
	IF now_number IS NULL THEN
		now_name := {schema}.open_incarnation();
		SELECT i.number INTO now_number FROM {schema}.incarnation i WHERE i.name = now_name;
	END IF;
	RETURN QUERY
	WITH input AS MATERIALIZED (
		SELECT e.name, e.body, row_number() OVER w AS nth, sum(octet_length(e.body)) OVER w AS bytes
		FROM unnest(names, bodies) WITH ORDINALITY AS e(name, body, place) WINDOW w AS (PARTITION BY e.name ORDER BY e.place)
	), batch AS (
		SELECT i.name, max(i.nth) AS events, max(i.bytes)::bigint AS bytes FROM input i GROUP BY i.name
	), topics AS (
		INSERT INTO {schema}.topic AS t (name, head, size) SELECT b.name, b.events, b.bytes FROM batch b ORDER BY b.name
		ON CONFLICT (name) DO UPDATE
		SET head = t.head + excluded.head, size = t.size + excluded.size, used_at = excluded.used_at
		RETURNING t.id, t.name, t.head, t.size
	), stored AS (
		INSERT INTO {schema}.event (topic, "offset", incarnation, at, total, body)
		SELECT t.id, t.head - b.events + i.nth, now_number, clock_timestamp(), t.size - b.bytes + i.bytes, i.body
		FROM input i JOIN batch b USING (name) JOIN topics t USING (name) ORDER BY t.id, i.nth
	)
	SELECT t.name, t.id, t.head, now_name,
		t.head / 256 > (t.head - b.events) / 256 OR t.size / step_bytes > (t.size - b.bytes) / step_bytes
	FROM topics t JOIN batch b USING (name);
END $$;

-- The same for processes of tidewire: they wait for a topic's lock so long, and one that is held longer fails the batch.
-- "wal" is how far the write-ahead log reaches with it, in bytes: where it is committed, the disk has that much.
CREATE FUNCTION {schema}.append_within(wait_ms integer, names text[], bodies text[], step_bytes bigint)
RETURNS TABLE (name text, id bigint, head bigint, incarnation text, due boolean, wal bigint) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('lock_timeout', wait_ms::text, true);
	RETURN QUERY SELECT a.*, (pg_current_wal_insert_lsn() - '0/0')::bigint FROM {schema}.append(names, bodies, step_bytes) a;
END $$;

CREATE FUNCTION {schema}.heads(wait_ms integer, names text[])
RETURNS TABLE (name text, id bigint, head bigint, incarnation text) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	PERFORM set_config('lock_timeout', wait_ms::text, true);
	INSERT INTO {schema}.topic (name, head, size)
	SELECT n, 0, 0 FROM unnest(names) n WHERE NOT EXISTS (SELECT FROM {schema}.topic t WHERE t.name = n)
	ORDER BY n ON CONFLICT DO NOTHING;
	PERFORM {schema}.open_incarnation();
	RETURN QUERY SELECT t.name, t.id, t.head, c.name
	FROM {schema}.topic t, {schema}.current_incarnation() c WHERE t.name = ANY (names);
END $$;

-- What follows positions. The first row has the incarnation in place of a body. Stable: one snapshot for all of it.
CREATE FUNCTION {schema}.fetch(ids bigint[], afters bigint[])
RETURNS TABLE (topic bigint, "offset" bigint, body text) LANGUAGE sql STABLE AS $$
	SELECT NULL::bigint AS topic, NULL::bigint AS "offset", c.name AS body FROM {schema}.current_incarnation() c
	UNION ALL
	SELECT e.topic, e."offset", e.body FROM unnest(ids, afters) AS w(id, after)
	JOIN {schema}.event e ON e.topic = w.id AND e."offset" > w.after
	ORDER BY topic NULLS FIRST, "offset"
$$;

-- What follows a position that a client has. The first row says the incarnation, or has no offset and says why not.
CREATE FUNCTION {schema}.read(topic_name text, topic_id bigint, known text, after bigint)
RETURNS TABLE ("offset" bigint, body text) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	now_row record;
	known_row record;
	topic_row record;
	known_at integer;
BEGIN
	SELECT i.* INTO now_row FROM {schema}.incarnation i JOIN {schema}.current_incarnation() c ON c.number = i.number;
	SELECT i.* INTO known_row FROM {schema}.incarnation i WHERE i.name = known AND i.lineage = now_row.lineage;
	SELECT t.id, t.head INTO topic_row FROM {schema}.topic t WHERE t.name = topic_name AND t.id = topic_id;
	IF known_row IS NULL OR topic_row IS NULL OR after > topic_row.head THEN
		RETURN QUERY SELECT NULL::bigint, 'epoch'; RETURN;
	END IF;
	IF after > 0 AND known_row.number < now_row.number THEN
		SELECT e.incarnation INTO known_at FROM {schema}.event e WHERE e.topic = topic_id AND e."offset" = after;
		IF known_at IS NULL THEN RETURN QUERY SELECT NULL::bigint, 'evicted'; RETURN; END IF;
		IF known_at > known_row.number THEN RETURN QUERY SELECT NULL::bigint, 'epoch'; RETURN; END IF;
	END IF;
	IF after < topic_row.head AND NOT EXISTS (
		SELECT FROM {schema}.event e WHERE e.topic = topic_id AND e."offset" = after + 1
	) THEN
		RETURN QUERY SELECT NULL::bigint, 'evicted'; RETURN;
	END IF;
	RETURN QUERY SELECT 0::bigint, now_row.name;
	RETURN QUERY SELECT e."offset", e.body FROM {schema}.event e
	WHERE e.topic = topic_id AND e."offset" > after ORDER BY e."offset";
END $$;
`;

const PUBLISH = `
-- Publishes within the caller's transaction: it is delivered when that commits, and never when it does not. Returns the
-- offset. The topic's row stays locked until then.
CREATE FUNCTION {schema}.publish_body(topic_name text, body text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	stored record;
BEGIN
	SELECT a.id, a.head INTO stored FROM {schema}.append(ARRAY[topic_name], ARRAY[body], 9223372036854775807) a;
	PERFORM pg_notify('{channel}', 'w' || stored.id || ':' || stored.head);
	RETURN stored.head;
END $$;

-- For SQL: SELECT publish(ARRAY['board', '1'], 'created', to_jsonb(card)).
CREATE FUNCTION {schema}.publish(topic text[], event text, data jsonb DEFAULT 'null') RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	IF length(event) NOT BETWEEN 1 AND 64 THEN
		RAISE EXCEPTION 'the name of an event must have 1 to 64 characters, not %', length(event);
	END IF;
	RETURN {schema}.publish_body(
		(SELECT string_agg(replace(replace(p, '%', '%25'), '/', '%2F'), '/' ORDER BY n) FROM unnest(topic) WITH ORDINALITY AS t(p, n)),
		to_json(event)::text || ',' || data::text
	);
END $$;
`;

const TRIMMING = `
CREATE FUNCTION {schema}.trim(ids bigint[], max_events bigint, max_bytes bigint) RETURNS void LANGUAGE sql AS $$
	DELETE FROM {schema}.event e USING (
		SELECT t.id, greatest(t.head - max_events, coalesce((
			SELECT k."offset" FROM {schema}.event k
			WHERE k.topic = t.id AND t.size - k.total + octet_length(k.body) <= max_bytes ORDER BY k."offset" LIMIT 1
		), t.head) - 1) AS at
		FROM {schema}.topic t WHERE t.id = ANY (ids)
	) AS cut
	WHERE e.topic = cut.id AND e."offset" <= cut.at
$$;

CREATE TABLE {schema}.sweep (at timestamptz NOT NULL);
INSERT INTO {schema}.sweep VALUES ('-infinity');

-- Once per interval, whoever asks: bounds by count, bytes and age, topics that nobody used, and what has expired. A topic
-- keeps its last event whatever its age, so that whoever has everything can resume.
CREATE FUNCTION {schema}.sweep(every_ms bigint, max_events bigint, max_bytes bigint, age_ms bigint, idle_ms bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	was timestamptz;
BEGIN
	SELECT s.at INTO was FROM {schema}.sweep s
	WHERE s.at <= clock_timestamp() - every_ms * interval '1 ms' FOR UPDATE SKIP LOCKED;
	IF was IS NULL THEN RETURN false; END IF;
	UPDATE {schema}.sweep SET at = clock_timestamp();
	PERFORM {schema}.trim(ARRAY(SELECT t.id FROM {schema}.topic t WHERE t.used_at >= was), max_events, max_bytes);
	DELETE FROM {schema}.event e USING (
		SELECT o.topic, least(max(o."offset"), min(t.head) - 1) AS at FROM {schema}.event o JOIN {schema}.topic t ON t.id = o.topic
		WHERE o.at < clock_timestamp() - age_ms * interval '1 ms' GROUP BY o.topic
	) AS old WHERE e.topic = old.topic AND e."offset" <= old.at;
	WITH gone AS (
		DELETE FROM {schema}.topic t WHERE t.used_at < clock_timestamp() - idle_ms * interval '1 ms' RETURNING t.id
	) DELETE FROM {schema}.event e USING gone WHERE e.topic = gone.id;
	DELETE FROM {schema}.value WHERE ends_at < clock_timestamp() - interval '1 hour';
	DELETE FROM {schema}.counter WHERE ends_at < clock_timestamp();
	DELETE FROM {schema}.member WHERE ends_at < clock_timestamp();
	RETURN true;
END $$;
`;

// Logged tables, unlike what caches use: a version is a fencing token, and one that a crash takes back would be given
// out twice. A value that was removed stays as a row without a value for an hour, so that the next version is greater
// than its own even where the server's clock goes back.
const STORE = `
CREATE TABLE {schema}.value (
	key text PRIMARY KEY,
	value text,
	version bigint NOT NULL,
	ends_at timestamptz
);
CREATE TABLE {schema}.counter (key text PRIMARY KEY, value bigint NOT NULL, ends_at timestamptz NOT NULL);
CREATE TABLE {schema}.member (
	"group" text NOT NULL,
	member text NOT NULL,
	value text NOT NULL,
	ends_at timestamptz,
	PRIMARY KEY ("group", member)
);
CREATE INDEX ON {schema}.value (ends_at) WHERE ends_at IS NOT NULL;
CREATE INDEX ON {schema}.counter (ends_at);
CREATE INDEX ON {schema}.member (ends_at) WHERE ends_at IS NOT NULL;
`;

export const FIRST_MIGRATION = [INCARNATIONS, LOG, PUBLISH, STORE, TRIMMING].join('');
