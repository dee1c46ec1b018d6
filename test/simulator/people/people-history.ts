// A history about people: steps of anything, then everything heals, and everybody must agree on who is there.

import type { World } from '../world.ts';
import { USERS } from '../database.ts';
import { makePeople, PLACES } from './people-app.ts';
import { PeopleSteps } from './people-steps.ts';
import { People, type GroupName } from './people.ts';
import { makeTruth } from './truth.ts';

/** A dead connection is found after two heartbeats of 15 s, what was lost between processes within 30 s. */
const HEALING_MS = 120_000;
const LOOK_MS = 10_000;

export async function runPeople(world: World, count: number): Promise<void> {
	const people = settle(world);
	const steps = new PeopleSteps(people);
	for (let index = 0; index < 2; index++) await world.startProcess();
	for (let index = world.random.between(3, 5); index > 0; index--) world.addClient(world.random.pick(USERS));
	for (let index = 0; index < count && world.violations.length === 0; index++) {
		await steps.step();
		await world.clock.advance(world.random.pick([0, 0, 1, 5, 20, 100, 700]));
		people.check();
	}
	if (world.violations.length === 0) await heal(people, steps);
	if (world.violations.length === 0) await checkAgreement(people, steps);
	if (world.violations.length === 0) await leaveAll(people);
}

/** Every process that starts serves the module. */
function settle(world: World): People {
	const truth = makeTruth({
		now: () => world.clock.now(),
		violate: (problem) => world.violate(problem),
		get rough() {
			return people.isRough;
		}
	});
	const people: People = new People(world, truth);
	world.onProcess = (process) => {
		const app = makePeople(process, truth, (probability) => world.random.chance(probability));
		people.apps.set(process, app);
		process.server.registry.register('people', app.exports);
	};
	return people;
}

async function heal(people: People, steps: PeopleSteps): Promise<void> {
	const { world } = people;
	const { weather } = world.options;
	world.note(() => '- heal');
	world.healed = true;
	Object.assign(weather.cluster, { lose: 0, repeat: 0, failRead: 0 });
	steps.flow();
	steps.online();
	for (let passedMs = 0; passedMs < HEALING_MS; passedMs += LOOK_MS) {
		await world.clock.advance(LOOK_MS);
		people.check();
	}
}

async function checkAgreement(people: People, steps: PeopleSteps): Promise<void> {
	const { world } = people;
	people.check();
	checkHere(people);
	for (const name of ['club', 'team'] as const) await checkPlaces(people, name);
	checkClub(people);
	if (steps.pending.size > 0) world.violate(`never answered: ${[...steps.pending].join()}`);
	await steps.payAgain();
}

/** All show the same, and exactly who reads. */
function checkHere({ readers, truth, world }: People): void {
	const shown = new Map<string, string>();
	for (const reader of readers) {
		if (!reader.isOpen || reader.path !== 'people/here') continue;
		const room = String(reader.args[0]);
		if (!reader.isSettled) world.violate(`${reader.label} is not current: ${reader.state?.error?.message}`);
		const rows = [...reader.rows.values()].map((row) => JSON.stringify(row)).toSorted();
		const users = JSON.stringify([...reader.rows.keys()].map(String).toSorted());
		const present = JSON.stringify([...truth.readings.present(room)].toSorted());
		if (users !== present) world.violate(`${reader.label} shows ${users}, there is ${present}`);
		const first = shown.get(room) ?? rows.join();
		shown.set(room, first);
		if (first !== rows.join()) world.violate(`${reader.label} shows ${rows.join()}, others ${first}`);
	}
}

/** What the store counts is who is in it. */
async function checkPlaces(people: People, name: GroupName): Promise<void> {
	const { world, truth } = people;
	const { taken } = truth[name];
	const local = world.processes.map((process) =>
		people.run(process, ({ groups }) => groups[name]().localMembers().length)
	);
	const counts = world.processes.map((process) => people.run(process, ({ groups }) => groups[name]().count()));
	await world.clock.advance(500);
	const counted = await Promise.all(counts);
	const members = local.reduce((sum, each) => sum + each, 0);
	if (members !== taken || counted.some((each) => each !== taken))
		world.violate(`${name}: ${taken} are in it, ${members} are known, ${counted.join()} are counted`);
	const { untold } = truth[name];
	if (untold.length > 0) world.violate(`${name}: nobody has told that ${untold.join()} left`);
}

/** Whoever reads has a place, as long as there are any. */
function checkClub({ readers, world, truth }: People): void {
	const open = readers.filter((reader) => reader.isOpen && reader.path === 'people/club');
	const inside = open.filter(({ state }) => state?.connected).length;
	if (inside !== Math.min(open.length, PLACES) || inside !== truth.club.taken)
		world.violate(`club: ${inside} of ${open.length} are in, ${truth.club.taken} places are taken`);
	for (const { state, label } of open)
		if (!state?.connected && state?.error?.code !== 'TOO_MANY')
			world.violate(`${label} is not in: ${state?.error?.message}`);
}

/** Nothing is left when everybody has gone. */
async function leaveAll({ world, readers, truth }: People): Promise<void> {
	for (const reader of readers) reader.close();
	for (const { client } of world.clients) client.close();
	await world.clock.advance(60_000);
	if (truth.club.taken + truth.team.taken > 0) world.violate('somebody has a place who is gone');
	for (const { server, name } of world.processes) {
		if (server.topicCount > 0) world.violate(`${name}: ${server.topicCount} topics are read by nobody`);
	}
	while (world.processes.length > 0) await world.processes[0]?.leave();
}
