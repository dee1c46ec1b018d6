// The app of docs/operations.md: figures, lines of a log, and a page for those who look after it.
import { expect } from 'vitest';
import { filesOf, fixtureFiles } from '../../docs/assemble.ts';
import { typeErrors } from '../../support/document-app.ts';
import { documentTest, newPage } from '../support/document-test.ts';

/** What the app is busy with. */
const WORK = `import { live } from 'tidewire/server';
export const done = live(() => 'done');
export const broken = live((_ctx, _paper: string) => {
	throw new Error('out of paper');
});
`;

// Its users are those of the guide, and it takes forms, from its own origin, as the first app does.
const { 'src/app.d.ts': types = '', 'src/hooks.server.ts': hooks = '' } = fixtureFiles('guide');
const { 'vite.config.ts': config = '' } = filesOf('docs/getting-started.md');

const test = documentTest(['README.md', 'docs/operations.md'], {
	files: {
		'src/lib/work.live.ts': WORK,
		'vite.config.ts': config,
		'src/app.d.ts': types,
		'src/hooks.server.ts': hooks
	},
	server: { METRICS_TOKEN: 'scrape' },
	knowsOrigin: true
});

test('has no error of types', async ({ app }) => {
	expect(await typeErrors(app)).toBe('');
});

test('metrics are for whoever has the token', async ({ server, clientOf }) => {
	const client = clientOf('user=ada');
	await client.call('lib/work/done', []);
	expect((await fetch(`${server.url}/metrics`)).status).toBe(404);
	const response = await fetch(`${server.url}/metrics`, { headers: { authorization: 'Bearer scrape' } });
	expect(response.headers.get('content-type')).toContain('version=0.0.4');
	const text = await response.text();
	expect(text).toContain('tidewire_connections 1\n');
	expect(text).toContain('tidewire_call_duration_seconds_count{path="lib/work/done",code="ok"} 1\n');
	client.close();
});

test('a problem is one line of JSON', async ({ server, clientOf }) => {
	const client = clientOf('user=ada');
	await expect(client.call('lib/work/broken', ['of ada'])).rejects.toMatchObject({ code: 'INTERNAL' });
	await server.printed(/"path":"lib\/work\/broken"/);
	const line = server
		.output()
		.split('\n')
		.find((line) => line.includes('lib/work/broken'))!;
	expect(JSON.parse(line)).toMatchObject({ level: 'error', message: 'out of paper' });
	expect(line).not.toContain('of ada');
	client.close();
});

test('the page of operators is for administrators, who revoke users and drain the process there', async ({
	browser,
	server,
	clientOf
}) => {
	const stranger = await fetch(`${server.url}/admin/live`, { headers: { cookie: 'user=ada' } });
	expect(stranger.status).toBe(403);
	const client = clientOf('user=zoe');
	await client.call('lib/work/done', []);
	const states: string[] = [];
	client.onStatus(({ state, error }) => states.push(`${state} ${error?.code ?? ''}`));
	const page = await newPage(browser, server.url, { user: 'eve', role: 'admin' });
	await page.goto(`${server.url}/admin/live`);
	await page.getByText('1 process, 1 connection').waitFor();
	await page.getByLabel('Id of the user').fill('zoe');
	await page.getByRole('button', { name: 'Revoke' }).click();
	await page.getByRole('status').getByText('end everywhere').waitFor();
	await expect.poll(() => states).toContain('waiting SESSION_EXPIRED');
	client.close();
	await page.getByText('Drain this process').click();
	await page.getByRole('button', { name: 'Drain now' }).click();
	await page.getByText('draining', { exact: true }).waitFor();
	expect((await fetch(`${server.url}/__live/ready`)).status).toBe(503);
	expect((await fetch(`${server.url}/__live/health`)).status).toBe(200);
});
