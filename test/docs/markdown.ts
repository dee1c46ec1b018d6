// Reads what the documents show: fenced blocks and tables, each with the heading that it stands under.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/lib/run.ts';

export interface Block {
	/** What stands behind the opening fence, for example `json up`. */
	info: string;
	text: string;
	/** The nearest heading above it. */
	heading: string;
	/** Of the opening fence, counted from 1. */
	line: number;
}

export interface Table {
	columns: string[];
	/** Cells by column, without backticks around a whole cell. */
	rows: Record<string, string>[];
	heading: string;
}

export function readDocument(file: string): string {
	return readFileSync(join(root, file), 'utf8');
}

export function blocksOf(document: string): Block[] {
	const blocks: Block[] = [];
	let open: Block | undefined;
	let heading = '';
	for (const [index, line] of document.split('\n').entries()) {
		const fence = /^```(.*)$/.exec(line);
		if (open && fence) {
			blocks.push({ ...open, text: open.text.slice(0, -1) });
			open = undefined;
		} else if (open) open.text += `${line}\n`;
		else if (fence) open = { info: fence[1]!.trim(), text: '', heading, line: index + 1 };
		else heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
	}
	if (open) throw new Error(`the block that opens at line ${open.line} is not closed`);
	return blocks;
}

function tablesOf(document: string): Table[] {
	const tables: Table[] = [];
	let heading = '';
	let inTable = false;
	for (const line of withoutBlocks(document)) {
		heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
		const isRow = line.startsWith('|');
		if (isRow && !inTable) tables.push({ columns: cellsOf(line), rows: [], heading });
		else if (isRow && !/^\|[-| ]+\|$/.test(line)) {
			const { columns, rows } = tables.at(-1)!;
			const cells = cellsOf(line);
			rows.push(Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])));
		}
		inTable = isRow;
	}
	return tables;
}

/** The one table with these columns under a heading. */
export function tableWith(document: string, heading: RegExp, columns: string[]): Table {
	const found = tablesOf(document).filter(
		(table) => heading.test(table.heading) && table.columns.join() === columns.join()
	);
	if (found.length !== 1) throw new Error(`${found.length} tables ${columns.join(' | ')} under ${String(heading)}`);
	return found[0]!;
}

function withoutBlocks(document: string): string[] {
	let inBlock = false;
	return document.split('\n').filter((line) => {
		if (line.startsWith('```')) inBlock = !inBlock;
		return !inBlock;
	});
}

function cellsOf(row: string): string[] {
	const cells = row.trim().slice(1, -1).split('|');
	return cells.map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1'));
}
