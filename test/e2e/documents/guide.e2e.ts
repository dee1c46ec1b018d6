// The app of the guide: all pages of docs that have no test of their own here.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../../../scripts/lib/port.ts';
import { root } from '../../../scripts/lib/run.ts';
import { fixtureFiles } from '../../docs/assemble.ts';
import { typeErrors } from '../../support/document-app.ts';
import { documentTest } from '../support/document-test.ts';

const pages = [
	'live-modules',
	'streams',
	'client',
	'errors',
	'deploy',
	'testing',
	'signals',
	'webhooks',
	'limits',
	'views',
	'evolution'
];
const documents = ['README.md', ...pages.map((name) => `docs/${name}.md`)];
const test = documentTest(documents, { files: fixtureFiles('guide') });

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('its own tests pass', async ({ app }) => {
	const { code, output } = await app.run([join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--reporter=verbose']);
	expect(code, output).toBe(0);
	expect(output).toContain('5 passed');
});

test('two people share a board, whose first value came with the page', async ({ server, visit }) => {
	const [ada, bob] = [await visit('/board/b1', { user: 'ada' }), await visit('/board/b1', { user: 'bob' })];
	await ada.getByRole('button', { name: 'Add' }).click();
	await bob.getByRole('listitem').getByText('New').waitFor();
	const html = await (await bob.request.get(`${server.url}/board/b1`)).text();
	expect(html).toContain('<li>New</li>');
});

test('a request of another kind publishes too', async ({ server, visit }) => {
	const ada = await visit('/board/hooked', { user: 'ada' });
	await ada.request.post(`${server.url}/hook`, { data: { id: 'h', boardId: 'hooked', title: 'From a hook' } });
	await ada.getByText('From a hook').waitFor();
	expect(await ada.getByRole('listitem').count()).toBe(1);
});

test('StreamView shows messages to whom the rules let read, and the reason to others', async ({ visit }) => {
	const guest = await visit('/messages', { user: 'guest' });
	await guest.getByText('access to "lib/reports/messages" is denied').waitFor();
	const ada = await visit('/messages', { user: 'ada' });
	await ada.getByText('One moment…').waitFor({ state: 'detached' });
	expect(await ada.getByRole('alert').count()).toBe(0);
});

test('a signal reaches all pages of a user, and a question is answered by one', async ({ visit }) => {
	const [ada, adaToo, bob] = await Promise.all(['ada', 'ada', 'bob'].map((user) => visit('/signals', { user })));
	await ada!.getByRole('button', { name: 'Export' }).click();
	for (const page of [ada!, adaToo!]) await page.getByText('export:ready {"name":"May"').waitFor();
	await ada!.getByText('export:here "May"').waitFor();
	await ada!.getByRole('button', { name: 'Ring Bob' }).click();
	await bob!.getByText('call:ring {"from":"ada"}').waitFor();
	await bob!.getByRole('button', { name: 'Delete' }).click();
	await bob!.getByText('deleted').waitFor();
	expect(await adaToo!.getByText('export:here').count()).toBe(0);
	expect(await bob!.getByText('export').count()).toBe(1); // its own button
});

test.for(['/hooks/payments', '/api/payments'])(
	'a webhook at %s publishes what is signed',
	async (path, { server, clientOf }) => {
		const client = clientOf('user=ada');
		const stream = client.stream('lib/payments/payments', []);
		const stop = stream.onChange(() => {});
		await expect.poll(() => stream.state.ready).toBe(true);
		const body = JSON.stringify({ id: path, type: 'payment.succeeded', amount: 5 });
		const signature = `sha256=${createHmac('sha256', 'for development').update(body).digest('hex')}`;
		const post = async (header: string): Promise<number> =>
			(
				await fetch(server.url + path, {
					method: 'POST',
					body,
					headers: { 'content-type': 'application/json', 'x-signature': header }
				})
			).status;
		expect([await post('sha256=00'), await post(signature)]).toEqual([401, 200]);
		await expect.poll(() => stream.state.value).toEqual([JSON.parse(body)]);
		stop();
		client.close();
	}
);

test('several streams make one value', async ({ visit, clientOf }) => {
	const ada = await visit('/summary/sum', { user: 'ada' });
	const client = clientOf('user=ada');
	await client.call('lib/notes/saveNote', ['two words']);
	await client.call('lib/board/addCard', [{ id: 's', boardId: 'sum', title: 'x' }]);
	await ada.getByText('1 open cards, 2 words').waitFor();
	await client.call('lib/board/finishCard', ['sum', 's']);
	await ada.getByText('0 open cards, 2 words').waitFor();
	expect(await client.query('lib/board/countCards', ['sum'])).toBe(1);
	client.close();
});

test('a stream is shown while a condition holds', async ({ visit, clientOf }) => {
	const client = clientOf('user=ada');
	await client.call('lib/board/addCard', [{ id: 'p', boardId: 'peek', title: 'Peeked' }]);
	client.close();
	const ada = await visit('/peek', { user: 'ada' });
	await ada.getByLabel('Board').fill('peek');
	await ada.getByText('Peeked').waitFor();
	await ada.getByLabel('Board').fill('');
	await ada.getByText('Peeked').waitFor({ state: 'detached' });
});

test('a batch fills a board in order, and a script counts', async ({ server, visit, clientOf }) => {
	const ada = await visit('/fill', { user: 'ada' });
	const client = clientOf('user=ada');
	await client.call('lib/board/addCard', [{ id: 'c', boardId: 'b1', title: 'Counted' }]);
	client.close();
	await ada.getByRole('button', { name: 'Fill' }).click();
	await ada.getByText('One and Two').waitFor();
	await ada.getByRole('button', { name: 'Fail' }).click();
	await ada.getByText('Invalid length').waitFor();
	expect(await (await ada.request.get(`${server.url}/count?at=${server.url}`)).json()).toBeGreaterThan(0);
});

test('guards and their fields, channels and their pace', async ({ clientOf }) => {
	const [admin, member] = [clientOf('user=eve; role=admin'), clientOf('user=bob')];
	expect(await admin.call('lib/admin/powers', [])).toEqual(['ban']);
	await expect(member.call('lib/admin/powers', [])).rejects.toMatchObject({ code: 'FORBIDDEN' });
	const pointers = member.stream('lib/pointers/pointers', ['b1']);
	pointers.onChange(() => {});
	admin.stream('lib/pointers/pointers', ['b1']).onChange(() => {});
	await expect.poll(() => pointers.state.connected).toBe(true);
	await admin.call('lib/pointers/point', ['b1', 1, 2]);
	await expect.poll(() => pointers.state.value).toMatchObject([{ name: 'eve', x: 1, y: 2 }]);
	admin.close();
	await expect.poll(() => pointers.state.value).toEqual([]);
	member.close();
});

test('whoever is dismissed is asked anew who it is', async ({ server, clientOf }) => {
	const client = clientOf('user=zoe');
	const states: string[] = [];
	client.onStatus(({ state, error }) => states.push(`${state} ${error?.code ?? ''}`));
	await client.call('lib/notes/saveNote', ['x']);
	await fetch(`${server.url}/dismiss?user=zoe`);
	await expect.poll(() => states).toContain('waiting SESSION_EXPIRED');
	await expect.poll(() => client.status.state).toBe('open');
	client.close();
});

test('a server of its own serves it, and pages resume on the next process', async ({ app, server, clientOf }) => {
	await server.stop();
	const port = String(await freePort());
	const own = await app.start('server.js', { PORT: port });
	const resets: string[] = [];
	const client = clientOf('user=ada', `ws://127.0.0.1:${port}/__live`);
	client.configure({ onReset: (_path, reason) => resets.push(reason), backoff: { firstMs: 50, capMs: 200 } });
	const cards = client.stream('lib/board/cards', ['own']);
	cards.onChange(() => {});
	await client.call('lib/board/addCard', [{ id: 'o', boardId: 'own', title: 'Kept' }]);
	await expect.poll(() => cards.state.value).toMatchObject([{ title: 'Kept' }]);
	expect(await own.stop()).toMatchObject({ code: 0 });
	const next = await app.start('server.js', { PORT: port });
	await expect.poll(() => cards.state.connected, { timeout: 15_000 }).toBe(true);
	// The database of the guide forgets, the history does not: a value that was loaded anew would be empty.
	expect(cards.state.value).toMatchObject([{ title: 'Kept' }]);
	expect(resets).toEqual([]);
	client.close();
	await next.stop();
});

test('several workers serve it as one', async ({ app, clientOf }) => {
	// As `npx tidewire serve build --workers 2` does; a worker gets the arguments of its primary.
	app.write(
		'serve.js',
		`if (process.argv.length === 2) process.argv.push('serve', 'build', '--workers', '2');\n` +
			`await import('./node_modules/tidewire/dist/cli/tidewire.js');\n`
	);
	const workers = await app.start('serve.js');
	await workers.printed(/2 workers serve/);
	const clients = Array.from({ length: 6 }, (_, index) => clientOf(`user=u${index}`, workers.socketUrl));
	const streams = clients.map((client) => client.stream('lib/board/cards', ['cores']));
	for (const stream of streams) stream.onChange(() => {});
	await expect.poll(() => streams.every((stream) => stream.state.connected)).toBe(true);
	await clients[0]!.call('lib/board/addCard', [{ id: 'w', boardId: 'cores', title: 'For all' }]);
	for (const stream of streams) await expect.poll(() => stream.state.value).toMatchObject([{ title: 'For all' }]);
	for (const client of clients) client.close();
	expect(await workers.stop()).toMatchObject({ code: 0 });
});
