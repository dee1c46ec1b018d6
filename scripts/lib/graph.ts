// Draws the graph of the layers as they really import each other, into ARCHITECTURE.md between two markers.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, root } from './run.ts';

const FILE = join(root, 'ARCHITECTURE.md');
const BEGIN = '<!-- layers:begin (npm run graph writes this part) -->';
const END = '<!-- layers:end -->';

/** The part of dependency-cruiser's JSON that is read here. */
interface Cruise {
	modules: { source: string; dependencies: { resolved: string }[] }[];
}

/** Writes the current graph. Throws when ARCHITECTURE.md or its markers are missing. */
export async function writeGraph(): Promise<void> {
	const text = readArchitecture();
	writeFileSync(FILE, replaced(text, await draw()));
}

/** Whether ARCHITECTURE.md shows the graph of today's imports. */
export async function isGraphCurrent(): Promise<boolean> {
	const text = readArchitecture();
	return replaced(text, await draw()) === text;
}

function readArchitecture(): string {
	if (!existsSync(FILE)) throw new Error('ARCHITECTURE.md is missing');
	const text = readFileSync(FILE, 'utf8');
	if (!text.includes(BEGIN) || !text.includes(END)) {
		throw new Error(`ARCHITECTURE.md lacks the lines between which the graph belongs:\n${BEGIN}\n${END}`);
	}
	return text;
}

function replaced(text: string, graph: string): string {
	const start = text.indexOf(BEGIN) + BEGIN.length;
	return `${text.slice(0, start)}\n\n${graph}\n${text.slice(text.indexOf(END))}`;
}

async function draw(): Promise<string> {
	const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'];
	const { code, output } = await capture('depcruise', args);
	if (!output.startsWith('{')) throw new Error(`dependency-cruiser failed (${code}): ${output}`);
	const edges = edgesBetweenLayers(JSON.parse(output) as Cruise);
	const lines = edges.map(([from, to]) => `\t${identifier(from)}[${from}] --> ${identifier(to)}[${to}]`);
	return [
		'```mermaid',
		'graph TD',
		...lines,
		'```',
		'',
		'Every folder may import `base`; those arrows are left out.',
		''
	].join('\n');
}

function edgesBetweenLayers(cruise: Cruise): [string, string][] {
	const edges = new Map<string, [string, string]>();
	for (const { source, dependencies } of cruise.modules) {
		if (/\.(test|test-d)\.ts$/.test(source)) continue;
		const from = layerOf(source);
		for (const to of dependencies.map(({ resolved }) => layerOf(resolved))) {
			if (from && to && from !== to && to !== 'base') edges.set(`${from} ${to}`, [from, to]);
		}
	}
	return [...edges.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, edge]) => edge);
}

/** `src/sync/client/x.ts` → `sync/client`, `src/vite/x.ts` → `vite`, anything outside src → undefined. */
function layerOf(path: string): string | undefined {
	return /^src\/(sync\/[^/]+|[^/]+)\//.exec(path)?.[1];
}

function identifier(layer: string): string {
	return layer.replace('/', '_');
}
