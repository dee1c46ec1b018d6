// Which log it is, as far as the database and its processes can tell. Invariant: a position holds only
// where the log has every event that was committed when it was given out; in doubt it does not hold.
//
// An incarnation is one run of a server with one copy of the data, and a position names the one that it was given out in.
// Incarnations of one lineage lead up to each other: each has all that was committed in those before it. A lineage ends
// where that is not so. The database sees by itself that it was promoted, copied, put back from a dump (`written_by` is
// the transaction that wrote the row: then the row's xmin is another), or that its files were (`copied_at`, which no copy
// keeps). That it is an older state of itself only those know who have seen a later one: `join_incarnation` asks them.

export const INCARNATIONS = `
CREATE TABLE {schema}.incarnation (
	number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE,
	lineage text NOT NULL,
	started_at timestamptz NOT NULL,
	started_with pg_lsn NOT NULL,
	system text NOT NULL,
	timeline text NOT NULL,
	copied_at timestamptz,
	database oid NOT NULL,
	written_by bigint NOT NULL
);
CREATE INDEX ON {schema}.incarnation (started_at);

CREATE FUNCTION {schema}.current_incarnation(OUT number integer, OUT name text) LANGUAGE sql STABLE AS $$
	SELECT i.number, i.name FROM {schema}.incarnation i
	WHERE i.started_at = pg_postmaster_start_time() AND i.written_by = i.xmin::text::bigint
		AND i.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
	ORDER BY i.number DESC LIMIT 1
$$;

CREATE FUNCTION {schema}.random_name() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT left(replace(gen_random_uuid()::text, '-', ''), 16)
$$;

-- Where the server does not say which system it is, every run of it is one of its own: nobody resumes across a restart.
-- Its last checkpoint is the one at its start, until the next one, and has everything that was on the disk before.
-- The status of a file changes when it is made: a copy has another time. Superusers may see it.
CREATE FUNCTION {schema}.look_at_server(OUT system text, OUT started_with pg_lsn, OUT copied_at timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		SELECT s.system_identifier::text, c.checkpoint_lsn INTO system, started_with
		FROM pg_control_system() s, pg_control_checkpoint() c;
	EXCEPTION WHEN insufficient_privilege OR undefined_function THEN
		system := gen_random_uuid()::text;
		started_with := pg_current_wal_lsn();
	END;
	BEGIN
		SELECT f.change INTO copied_at FROM pg_stat_file('PG_VERSION') f;
	EXCEPTION WHEN insufficient_privilege OR undefined_function OR undefined_file THEN
		copied_at := NULL;
	END;
END $$;

CREATE FUNCTION {schema}.lock_incarnations() RETURNS void LANGUAGE sql AS $$
	SELECT pg_advisory_xact_lock(hashtextextended('{schema}.incarnation', 0))
$$;

CREATE FUNCTION {schema}.open_incarnation() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found_name text;
	found_timeline text;
	found_database oid;
	server record;
	last record;
	goes_on boolean;
BEGIN
	SELECT c.name INTO found_name FROM {schema}.current_incarnation() c;
	IF found_name IS NOT NULL THEN RETURN found_name; END IF;
	PERFORM {schema}.lock_incarnations();
	SELECT c.name INTO found_name FROM {schema}.current_incarnation() c;
	IF found_name IS NOT NULL THEN RETURN found_name; END IF;
	SELECT s.* INTO server FROM {schema}.look_at_server() s;
	found_timeline := left(pg_walfile_name(pg_current_wal_lsn()), 8);
	SELECT d.oid INTO found_database FROM pg_database d WHERE d.datname = current_database();
	SELECT i.*, i.xmin::text::bigint AS written_in INTO last FROM {schema}.incarnation i ORDER BY i.number DESC LIMIT 1;
	goes_on := last.system = server.system AND last.timeline = found_timeline AND last.database = found_database
		AND last.written_by = last.written_in AND coalesce(last.copied_at = server.copied_at, true);
	INSERT INTO {schema}.incarnation AS new
		(name, lineage, started_at, started_with, system, timeline, copied_at, database, written_by)
	SELECT {schema}.random_name(), CASE WHEN goes_on THEN last.lineage ELSE {schema}.random_name() END,
		pg_postmaster_start_time(), server.started_with, server.system, found_timeline,
		-- For the next one who may see it, where this one may not.
		coalesce(server.copied_at, CASE WHEN goes_on THEN last.copied_at END),
		found_database, mod(txid_current(), 4294967296)
	RETURNING new.name INTO found_name;
	RETURN found_name;
END $$;

-- Ends the lineage: whoever has a position is reset. For what was lost without a trace: after an older copy was put back.
CREATE FUNCTION {schema}.begin_anew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM {schema}.open_incarnation();
	INSERT INTO {schema}.incarnation
		(name, lineage, started_at, started_with, system, timeline, copied_at, database, written_by)
	SELECT {schema}.random_name(), {schema}.random_name(), i.started_at, i.started_with, i.system, i.timeline, i.copied_at,
		i.database, mod(txid_current(), 4294967296)
	FROM {schema}.incarnation i JOIN {schema}.current_incarnation() c ON c.number = i.number;
	PERFORM pg_notify('{channel}', 'w*');
END $$;

-- Whether the present incarnation leads up to what a process has seen in an earlier one of its lineage: that one is known,
-- the server started with what was on the disk then, and the last event of each topic is the one that was delivered.
CREATE FUNCTION {schema}.has_all(known text, known_wal bigint, ids bigint[], offsets bigint[])
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
	known_number integer;
BEGIN
	SELECT i.number INTO known_number FROM {schema}.incarnation i WHERE i.name = known;
	IF known_number IS NULL THEN RETURN false; END IF;
	IF (
		SELECT i.started_with - '0/0' < known_wal FROM {schema}.incarnation i
		WHERE i.number > known_number ORDER BY i.number LIMIT 1
	) THEN RETURN false; END IF;
	RETURN NOT EXISTS (
		SELECT FROM unnest(ids, offsets) AS seen(id, at) JOIN {schema}.topic t ON t.id = seen.id
		LEFT JOIN {schema}.event e ON e.topic = seen.id AND e."offset" = seen.at
		WHERE t.head < seen.at OR e.incarnation > known_number
	);
END $$;

-- The present incarnation, for a process that knew another one or none. Where what it has seen is gone, the lineage ends
-- before the process goes on. Others may have gone on before it: their clients are reset then. Where another process has
-- ended the lineage, this one finds that and does not end the next.
CREATE FUNCTION {schema}.join_incarnation(
	known text, known_lineage text, known_wal bigint, ids bigint[], offsets bigint[], OUT name text, OUT lineage text
) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM {schema}.open_incarnation();
	PERFORM {schema}.lock_incarnations();
	SELECT i.name, i.lineage INTO name, lineage
	FROM {schema}.incarnation i JOIN {schema}.current_incarnation() c ON c.number = i.number;
	IF name = known OR lineage <> known_lineage OR {schema}.has_all(known, known_wal, ids, offsets) THEN RETURN; END IF;
	PERFORM {schema}.begin_anew();
	SELECT i.name, i.lineage INTO name, lineage
	FROM {schema}.incarnation i JOIN {schema}.current_incarnation() c ON c.number = i.number;
END $$;
`;
