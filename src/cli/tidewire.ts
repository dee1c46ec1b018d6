#!/usr/bin/env node
// The command `tidewire`. A worker runs the same command line as its primary.

import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isJoinedWorker } from '../backplanes/cluster/is-worker.ts';
import { assertNever } from '../base/assert.ts';
import { schemaSql } from '../backplanes/postgres/migrations.ts';
import { triggerSql } from '../backplanes/postgres/trigger-sql.ts';
import { HELP, readCommand, type Command, type ServeCommand, type SqlCommand } from './arguments.ts';
import { report } from './report.ts';
import { entryOf, serve } from './serve.ts';
import { work } from './work.ts';

const command = readCommand(process.argv.slice(2), availableParallelism());
if (command.kind === 'serve' && isJoinedWorker()) await work(entryOf(command.path));
else process.exit(await run(command));

/** Returns the exit code: 2 for a mistake in the command line. */
async function run(command: Command): Promise<number> {
	switch (command.kind) {
		case 'serve':
			return await serveOrSayWhy(command);
		case 'sql':
			return printSql(command);
		case 'help':
			process.stdout.write(HELP);
			return 0;
		case 'version':
			process.stdout.write(`${version()}\n`);
			return 0;
		case 'mistake':
			report(`${command.message}\n\n${HELP}`);
			return 2;
		default:
			return assertNever(command);
	}
}

function printSql({ what, schema }: SqlCommand): number {
	try {
		process.stdout.write(what.name === 'schema' ? schemaSql(schema, what.from) : triggerSql(what.table, schema));
		return 0;
	} catch (error) {
		report(error instanceof Error ? error.message : String(error));
		return 2;
	}
}

async function serveOrSayWhy(command: ServeCommand): Promise<number> {
	if (!cluster.isPrimary) {
		report('it starts workers of its own: run it once, without another program that starts several');
		return 2;
	}
	try {
		return await serve(command);
	} catch (error) {
		report(error instanceof Error ? error.message : String(error));
		return 1;
	}
}

function version(): string {
	const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
	return (JSON.parse(manifest) as { version: string }).version;
}
