// The live functions that hostile and slow peers meet.
import { LiveError } from '../../src/base/errors.ts';
import type { LiveContext } from '../../src/server/context.ts';
import { guard, live } from '../../src/live/live.ts';

interface Tick {
	id: number;
}

const ticks = live.stream('ticks', () => [] as Tick[], { max: 1 });
let ticked = 0;

export const modules: Record<string, Record<string, unknown>> = {
	'lib/board': {
		echo: live((_ctx: LiveContext, ...values: unknown[]) => values),
		refuse: live(() => {
			throw new LiveError('LOCKED', 'somebody edits it');
		}),
		crash: live(() => {
			throw new Error('the password is hunter2');
		}),
		/** Takes its time. */
		work: live(async (_ctx: LiveContext, ms: number) => {
			await new Promise((resolve) => setTimeout(resolve, ms));
			return 'done';
		}),
		hang: live(() => new Promise(() => {})),
		sum: live.binary((_ctx, bytes) => bytes.reduce((sum, byte) => sum + byte, 0)),
		/** Reads nothing. */
		ignore: live.upload(() => new Promise(() => {}), { graceMs: 200 }),
		count: live.upload(async (_ctx, file) => {
			let bytes = 0;
			for await (const part of file.stream()) bytes += part.length;
			return bytes;
		}),
		endless: live.download(function* () {
			for (;;) yield new Uint8Array(64 * 1024);
		}),
		big: live((_ctx: LiveContext, bytes: number) => 'x'.repeat(Math.min(bytes, 500_000))),
		cards: live.stream(
			(_ctx: LiveContext, board: string) => ['board', board],
			() => [{ id: 1 }]
		),
		private: live.stream('private', () => ['secret'], { access: () => false })
	},
	'lib/admin': { _guard: guard(() => Promise.reject(new LiveError('FORBIDDEN'))), wipe: live(() => 'wiped') },
	'lib/witness': {
		ticks,
		/** Publishes the next number, and answers it. */
		tick: live((ctx: LiveContext) => {
			ctx.publish(ticks.topic(), 'created', { id: ++ticked });
			return ticked;
		})
	},
	'lib/load': {
		events: live.stream('load', () => [] as unknown[], { max: 1, merge: 'latest' }),
		/** What only slow readers read. */
		flood: live.stream('flood', () => [] as unknown[], { max: 1, merge: 'latest' })
	}
};
