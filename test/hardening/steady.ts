// Waits for the end of what nothing announces: bytes that a kernel or a peer may still take.
import { Attacker } from './attacker.ts';

/** In as many turns a server would do more, if it did at all. */
const TURNS = 20;

/** Resolves when a figure has stayed the same while the server was free to change it: it served somebody else meanwhile. */
export async function untilSteady(url: string, read: () => number | Promise<number>): Promise<void> {
	using other = await Attacker.greeted(url);
	for (let before = -1, now = await read(); now !== before; now = await read()) {
		before = now;
		for (let turn = 0; turn < TURNS; turn++) {
			if (!(await other.isServed())) throw new Error('the server does not answer somebody else');
		}
	}
}
