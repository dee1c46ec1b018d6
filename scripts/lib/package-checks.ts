// Looks at the package as npm would publish it: the packed tarball, not the folder.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { namedCheck, sum } from './outcome.ts';
import { capture, root, run } from './run.ts';

/** Shipped besides `dist` and `src`. */
const DOCUMENTS = ['CHANGELOG.md', 'LICENSE', 'PROTOCOL.md', 'README.md', 'package.json'];

/** Entries that only load inside an app: their imports are compiled, or provided, by its build. */
const NEED_AN_APP = ['./svelte', './sockets/svelte', './kit', './kit/node', './package.json'];

interface Packed {
	filename: string;
	size: number;
	unpackedSize: number;
	files: { path: string }[];
}

export async function checkPackage(): Promise<Outcome> {
	const folder = mkdtempSync(join(tmpdir(), 'tidewire-pack-'));
	try {
		const packed = await pack(folder);
		if (!packed) return namedCheck('npm pack', false);
		const tarball = join(folder, packed.filename);
		return sum([
			checkContents(packed),
			namedCheck('publint', (await run('publint', ['run', tarball, '--strict'])) === 0),
			namedCheck('attw', (await run('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii'])) === 0),
			...(await checkCommands()),
			...(await checkEntries())
		]);
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function pack(folder: string): Promise<Packed | undefined> {
	const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', `--pack-destination=${folder}`];
	const { code, output } = await capture('npm', args);
	if (code === 0) return (JSON.parse(output) as Packed[])[0];
	console.log(output);
	return undefined;
}

function checkContents({ files, size, unpackedSize }: Packed): Outcome {
	const paths = files.map(({ path }) => path);
	const missing = DOCUMENTS.filter((path) => !paths.includes(path));
	const isWanted = (path: string) => /^(dist|src)\//.test(path) || DOCUMENTS.includes(path);
	const unwanted = paths.filter((path) => !isWanted(path) || /\.(test|test-d)\./.test(path));
	for (const path of missing) console.log(`not in the package: ${path}`);
	for (const path of unwanted) console.log(`does not belong into the package: ${path}`);
	const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KiB`;
	const text = `${paths.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked`;
	return namedCheck(text, missing.length === 0 && unwanted.length === 0);
}

interface Manifest {
	version: string;
	bin: Record<string, string>;
	exports: Record<string, unknown>;
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** A command runs as a shell starts it, by its first line and its mode. */
async function checkCommands(): Promise<Outcome[]> {
	const outcomes: Outcome[] = [];
	for (const [name, path] of Object.entries(manifest.bin)) {
		const { output } = await capture(join(root, path), ['--version']);
		outcomes.push(namedCheck(`the command ${name} runs`, output.trim() === manifest.version));
	}
	return outcomes;
}

/** Every entry that does not need an app loads in plain Node, by the name a user imports. */
async function checkEntries(): Promise<Outcome[]> {
	const entries = Object.keys(manifest.exports).filter((entry) => !NEED_AN_APP.includes(entry));
	const outcomes: Outcome[] = [];
	for (const entry of entries) {
		const name = entry.replace('.', 'tidewire');
		const { code, output } = await capture('node', ['--input-type=module', '-e', `await import('${name}')`]);
		if (code !== 0) console.log(output);
		outcomes.push(namedCheck(`${name} loads in Node`, code === 0));
	}
	return outcomes;
}
