// What the command line asks for.

import { parseArgs } from 'node:util';

export interface ServeCommand {
	kind: 'serve';
	/** The folder of a build, or a program that listens. */
	path: string;
	workers: number;
}

/** Prints SQL for PostgreSQL. */
export interface SqlCommand {
	kind: 'sql';
	what: { name: 'schema'; from: number } | { name: 'trigger'; table: string };
	schema: string;
}

export type Command =
	| ServeCommand
	| SqlCommand
	| { kind: 'help' }
	| { kind: 'version' }
	| { kind: 'mistake'; message: string };

export const HELP = `tidewire serve [PATH] [--workers N]

  Serves an app on several cores: starts N workers that share one port and one history of events.

  PATH           the folder that \`vite build\` made with adapter-node, or a server of your own @default build
  --workers, -w  how many @default one per core

  SIGTERM and SIGINT end it in order, a second one at once. SIGHUP replaces the workers one after another, for example
  by those of a new build. What adapter-node reads (PORT, HOST, ...) works as with \`node build\`.

tidewire postgres:schema [--schema NAME] [--from N]

  Prints the SQL that tidewire/postgres applies at its start, for those who do that by hand (\`migrate: false\`).

tidewire postgres:trigger TABLE [--schema NAME]

  Prints the SQL of a trigger, for postgresChanges with \`via: 'triggers'\`.

  TABLE          with its schema where that is not public
  --schema       where tidewire's own tables are @default tidewire
  --from         the last step that was applied @default 0
`;

/** @param cores how many workers there are where nobody says */
export function readCommand(args: readonly string[], cores: number): Command {
	let parsed: ReturnType<typeof parse>;
	try {
		parsed = parse(args);
	} catch (error) {
		return mistake(error instanceof Error ? error.message : String(error));
	}
	const { values, positionals } = parsed;
	const [name, path = 'build', ...rest] = positionals;
	if (values.help === true || args.length === 0) return { kind: 'help' };
	if (values.version === true) return { kind: 'version' };
	if (name === 'postgres:schema' || name === 'postgres:trigger') return readSql(name, positionals.slice(1), values);
	if (name !== 'serve') return mistake(`there is no command "${name ?? ''}"`);
	if (rest.length > 0) return mistake(`serve takes one path, and was given ${rest.length + 1}`);
	const workers = values.workers ?? String(cores);
	if (!/^[1-9]\d{0,2}$/.test(workers)) return mistake(`--workers takes a number from 1 to 999, not "${workers}"`);
	return { kind: 'serve', path, workers: Number(workers) };
}

function readSql(name: string, rest: readonly string[], values: ReturnType<typeof parse>['values']): Command {
	const schema = values.schema ?? 'tidewire';
	const from = values.from ?? '0';
	if (name === 'postgres:schema') {
		if (rest.length > 0) return mistake(`${name} takes no table`);
		if (!/^\d{1,4}$/.test(from)) return mistake(`--from takes the number of a step, not "${from}"`);
		return { kind: 'sql', what: { name: 'schema', from: Number(from) }, schema };
	}
	const [table] = rest;
	if (table === undefined || rest.length > 1) return mistake(`${name} takes one table, and was given ${rest.length}`);
	return { kind: 'sql', what: { name: 'trigger', table }, schema };
}

function parse(args: readonly string[]) {
	return parseArgs({
		args: [...args],
		allowPositionals: true,
		options: {
			workers: { type: 'string', short: 'w' },
			schema: { type: 'string' },
			from: { type: 'string' },
			help: { type: 'boolean', short: 'h' },
			version: { type: 'boolean', short: 'v' }
		}
	});
}

function mistake(message: string): Command {
	return { kind: 'mistake', message };
}
