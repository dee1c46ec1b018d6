// Reads the CSV files that boards are imported from. Every complaint names the line, as a spreadsheet counts them.
import { LIMITS } from './model.ts';

export interface ImportedCard {
	ref: string | null;
	date: string | null;
	column: string;
	title: string;
}

/** What is wrong with a file, in words for whoever chose it. */
export class CsvError extends Error {
	override readonly name = 'CsvError';
}

interface Row {
	line: number;
	fields: string[];
}

const HEADER = ['id', 'date', 'column', 'title'] as const;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/**
 * The cards of a file with the columns id, date, column and title, in any order; others are ignored. id and date may be
 * empty.
 * @throws {CsvError}
 */
export function parseCards(text: string): ImportedCard[] {
	const [header, ...rows] = parseRows(text.replace(/^\uFEFF/, ''));
	if (!header) throw new CsvError('The file is empty.');
	if (rows.length === 0) throw new CsvError('The file has a header but no cards.');
	if (rows.length > LIMITS.csvRows) throw new CsvError(`The file has more than ${LIMITS.csvRows} cards.`);
	const cards = rows.map(cardReader(header));
	const columns = new Set(cards.map((card) => card.column));
	if (columns.size > LIMITS.columns) {
		throw new CsvError(`The file has ${columns.size} columns; a board has at most ${LIMITS.columns}.`);
	}
	return cards;
}

function cardReader(header: Row): (row: Row) => ImportedCard {
	const names = header.fields.map((name) => name.trim().toLowerCase());
	const missing = HEADER.filter((name) => !names.includes(name));
	if (missing.length > 0) {
		throw new CsvError(
			`The first line must name the columns ${HEADER.join(', ')}; ${missing.join(', ')} is missing.`
		);
	}
	const place = Object.fromEntries(HEADER.map((name) => [name, names.indexOf(name)])) as Record<string, number>;
	return (row) => {
		if (row.fields.length !== names.length) {
			throw new CsvError(`Line ${row.line} has ${row.fields.length} fields instead of ${names.length}.`);
		}
		const field = (name: (typeof HEADER)[number]) => row.fields[place[name] ?? -1]?.trim() ?? '';
		return checkedCard(row.line, {
			ref: field('id'),
			date: field('date'),
			column: field('column'),
			title: field('title')
		});
	};
}

function checkedCard(line: number, card: Record<keyof ImportedCard, string>): ImportedCard {
	if (card.title === '') throw new CsvError(`Line ${line} has no title.`);
	if (card.title.length > LIMITS.cardTitle) {
		throw new CsvError(`The title on line ${line} is longer than ${LIMITS.cardTitle} characters.`);
	}
	if (card.column === '') throw new CsvError(`Line ${line} has no column.`);
	if (card.column.length > LIMITS.columnName) {
		throw new CsvError(`The column on line ${line} is longer than ${LIMITS.columnName} characters.`);
	}
	if (card.date !== '' && !isDate(card.date)) {
		throw new CsvError(`“${card.date.slice(0, 20)}” on line ${line} is not a date such as 2026-03-31.`);
	}
	return { ...card, ref: card.ref.slice(0, 24) || null, date: card.date || null };
}

function isDate(text: string): boolean {
	const time = DATE.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
	// Parsing turns 31 June into 1 July: only a date that survives the way back exists.
	return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Fields and rows as RFC 4180 has them; empty lines are skipped. */
function parseRows(text: string): Row[] {
	const rows: Row[] = [];
	let position = 0;
	let line = 1;
	while (position < text.length) {
		const row: Row = { line, fields: [] };
		let more = true;
		while (more) {
			const field = readField(text, position, line);
			row.fields.push(field.value);
			line += field.breaks;
			more = text[field.end] === ',';
			position = field.end + 1;
		}
		line++;
		if (row.fields.length > 1 || row.fields[0]?.trim()) rows.push(row);
	}
	return rows;
}

interface Field {
	value: string;
	/** Where the comma or the line feed after it stands. */
	end: number;
	/** Line breaks inside of it. */
	breaks: number;
}

function readField(text: string, start: number, line: number): Field {
	if (text[start] === '"') return readQuoted(text, start, line);
	let end = start;
	while (end < text.length && text[end] !== ',' && text[end] !== '\n') end++;
	return { value: text.slice(start, end).replace(/\r$/, ''), end, breaks: 0 };
}

function readQuoted(text: string, start: number, line: number): Field {
	let end = start + 1;
	for (;;) {
		end = text.indexOf('"', end);
		if (end === -1) throw new CsvError(`The quote that opens on line ${line} never closes.`);
		if (text[end + 1] !== '"') break;
		end += 2;
	}
	const value = text.slice(start + 1, end).replaceAll('""', '"');
	end += text[end + 1] === '\r' ? 2 : 1;
	if (end < text.length && text[end] !== ',' && text[end] !== '\n') {
		throw new CsvError(`Line ${line} has text after a closing quote.`);
	}
	return { value: value.replaceAll(/\s*\r?\n\s*/g, ' '), end, breaks: value.split('\n').length - 1 };
}
