// Where changes of the app's tables come from, and how far each source was taken. Invariant: what is appended and how far
// that was are written by one transaction, so that whatever a source repeats is known.

export const CHANGE_MIGRATION = `
CREATE TABLE {schema}.change_source (
	name text PRIMARY KEY,
	system text NOT NULL,
	timeline text NOT NULL,
	lsn pg_lsn NOT NULL,
	is_broken boolean NOT NULL DEFAULT false
);

-- A source that was read before is going to be read by another slot: changes between the two are nowhere. It is written
-- down before the slot is made, as whoever makes it may end before it says so. Returns whether the source was read before.
CREATE FUNCTION {schema}.break_changes(source_name text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE {schema}.change_source SET is_broken = true WHERE name = source_name;
	RETURN FOUND;
END $$;

-- A position in the write-ahead log means something within one system and timeline only.
-- Returns whether changes are missing that were promised, so that the log begins anew.
CREATE FUNCTION {schema}.open_changes(source_name text, has_broken boolean) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	is_missing boolean;
BEGIN
	PERFORM {schema}.open_incarnation();
	SELECT s.is_broken OR has_broken INTO is_missing FROM {schema}.change_source s WHERE s.name = source_name FOR UPDATE;
	INSERT INTO {schema}.change_source AS s (name, system, timeline, lsn)
	SELECT source_name, i.system, i.timeline, '0/0' FROM {schema}.incarnation i
	JOIN {schema}.current_incarnation() c ON c.number = i.number
	ON CONFLICT (name) DO UPDATE SET system = excluded.system, timeline = excluded.timeline, lsn = excluded.lsn
	WHERE (s.system, s.timeline) <> (excluded.system, excluded.timeline);
	IF is_missing IS NOT TRUE THEN RETURN false; END IF;
	UPDATE {schema}.change_source s SET is_broken = false WHERE s.name = source_name;
	PERFORM {schema}.begin_anew();
	RETURN true;
END $$;

-- Appends what is behind the position of its source; names, bodies and positions belong together.
CREATE FUNCTION {schema}.store_changes(source_name text, until pg_lsn, names text[], bodies text[], lsns pg_lsn[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	known pg_lsn;
	wanted_names text[];
	wanted_bodies text[];
BEGIN
	SELECT s.lsn INTO STRICT known FROM {schema}.change_source s WHERE s.name = source_name FOR UPDATE;
	SELECT array_agg(c.name ORDER BY c.place), array_agg(c.body ORDER BY c.place) INTO wanted_names, wanted_bodies
	FROM unnest(names, bodies, lsns) WITH ORDINALITY AS c(name, body, lsn, place) WHERE c.lsn > known;
	IF wanted_names IS NOT NULL THEN PERFORM {schema}.append_and_notify(wanted_names, wanted_bodies); END IF;
	UPDATE {schema}.change_source s SET lsn = greatest(known, until) WHERE s.name = source_name;
END $$;

CREATE FUNCTION {schema}.append_and_notify(names text[], bodies text[]) RETURNS void LANGUAGE sql AS $$
	SELECT pg_notify('{channel}', 'w' || a.id || ':' || a.head)
	FROM {schema}.append(names, bodies, 9223372036854775807) a
$$;

-- The outbox of triggers. It needs no position: what was taken is deleted, and what commits late is found later. Changes
-- of one row are numbered under its lock, so their order is that of commits.
CREATE TABLE {schema}.change (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	"table" text NOT NULL,
	old jsonb,
	new jsonb,
	at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION {schema}.capture_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO {schema}.change ("table", old, new) VALUES (
		TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
		CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END
	);
	PERFORM pg_notify('{channel}', 'c');
	RETURN NULL;
END $$;
`;
