// Random histories of a client that was written from PROTOCOL.md alone, against the real server.
import { expect, test } from 'vitest';
import { Random } from '../../../src/testing/random.ts';
import { db } from './database.ts';
import { ModelClient } from './model-client.ts';
import { Scene } from './scene.ts';

const HISTORIES = 150;
const STEPS = 40;

const STEPS_BY_NAME = [
	'somebody adds "Sail" to board 7',
	'somebody adds "Rope" to board 7',
	'somebody removes the first card of board 7',
	'the next frame is lost',
	'the client stops reading',
	'the client reads again',
	'the module is replaced',
	'3 s pass',
	'reconnect'
];

test(`a client that follows the document ends with what the server has, in each of ${HISTORIES} random histories`, async () => {
	for (let seed = 1; seed <= HISTORIES; seed++) {
		const played = await playHistory(new Random(seed));
		expect(played.value, `seed ${seed}: ${played.steps.join(', ')}`).toEqual(db.cards('7'));
	}
});

async function playHistory(random: Random) {
	const scene = new Scene();
	await scene.start();
	const client = new ModelClient(scene, '7');
	await client.connect();
	const steps: string[] = [];
	for (let step = 0; step < STEPS; step++) {
		const what = random.pick(STEPS_BY_NAME);
		steps.push(what);
		await (what === 'reconnect' ? reconnect(scene, client) : scene.happen(what));
		if (random.chance(0.7)) await client.read();
	}
	// Nothing goes wrong any more, and a heartbeat shows what went wrong last.
	await scene.happen('the client reads again');
	await scene.happen('somebody adds "Last" to board 7');
	await client.read();
	await scene.happen('15 s pass');
	await client.read();
	return { value: client.value, steps };
}

async function reconnect(scene: Scene, client: ModelClient): Promise<void> {
	await scene.happen('the connection is lost');
	await scene.happen('the client connects again');
	await client.connect();
}
