// PROTOCOL.md's sequences, frame by frame, against the real server.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/protocol/limits.ts';
import { blocksOf, readDocument, tableWith, type Block } from '../markdown.ts';
import { Scene } from './scene.ts';

const document = readDocument('PROTOCOL.md');
const blocks = blocksOf(document);
const sequences = blocks.filter(({ info }) => info === 'sequence');

/** Plays a sequence and returns it as it really went. */
async function play(sequence: string): Promise<string[]> {
	const scene = new Scene();
	await scene.start();
	const played: string[] = [];
	for (const step of stepsOf(sequence)) {
		played.push(step);
		if (step.startsWith('·')) await scene.happen(step.slice(2));
		else await scene.say(step.replaceAll(/^(→| ) /gm, ''));
		played.push(...scene.takeSeen());
	}
	return played;
}

/** What is done, in order; what is seen is left out. A further message of a frame belongs to the line before it. */
function stepsOf(sequence: string): string[] {
	return framesOf(sequence).filter((frame) => frame.startsWith('→') || frame.startsWith('·'));
}

function framesOf(sequence: string): string[] {
	return sequence.split(/\n(?! )/);
}

/** What `{…}` stands for: the default limits, but for what the sequence itself restricts. */
function withLimits({ text }: Block): string {
	const queueBytes = Number(/may queue (\d+) bytes/.exec(text)?.[1] ?? DEFAULT_LIMITS.queueBytes);
	return text.replaceAll('{…}', JSON.stringify({ ...DEFAULT_LIMITS, queueBytes }));
}

describe('the sequences of PROTOCOL.md', () => {
	test.each(sequences.map((block) => ({ title: `${block.heading} (line ${block.line})`, block })))(
		'$title goes as it is written',
		async ({ block }) => {
			const expected = withLimits(block);
			expect((await play(expected)).join('\n')).toBe(expected);
		}
	);

	test('run on the module that the document shows', () => {
		const shown = blocks.find(({ info }) => info === 'ts file=src/lib/board.live.ts')!.text;
		const used = readFileSync(join(import.meta.dirname, 'board.live.ts'), 'utf8').trim();
		expect(
			used.replace('../../../src/live/live.ts', 'tidewire/server').replace('./database.ts', './server/db.ts')
		).toBe(shown);
	});
});

describe('what is refused', () => {
	async function answerTo(frame: string): Promise<string[]> {
		const scene = new Scene();
		await scene.start();
		await scene.say('["hello",1]');
		scene.takeSeen();
		await scene.say(frame);
		return scene.takeSeen();
	}

	test.each(tableWith(document, /Errors/, ['frame', '`goodbye`'].map(plain)).rows)(
		'$frame ends the connection',
		async (row) => {
			const [goodbye, close] = await answerTo(row['frame']!);
			expect(goodbye).toMatch(new RegExp(`^← \\["goodbye","${row['goodbye']}",`));
			expect(close).toBe(`✕ 4400 ${row['goodbye']}`);
		}
	);

	test.each(tableWith(document, /Errors/, ['message', '`error`'].map(plain)).rows)(
		'$message is answered by an error',
		async (row) => {
			const answers = await answerTo(row['message']!);
			expect(answers).toEqual([expect.stringMatching(`^← \\["error",1,{"code":"${row['error']}",`)]);
		}
	);
});

/** As the reader of tables gives the name of a column. */
function plain(column: string): string {
	return column.replaceAll('`', '');
}
