// The examples of docs/bytes.md, run: the module is written beside its storage, on the sources instead of the package. The page is
// tried in a browser (test/e2e/documents/bytes.e2e.ts).
import { afterEach, describe, expect, it } from 'vitest';
import type {
	LiveBinary,
	LiveDownload,
	LiveGenerator,
	LiveUpload,
	LiveVolatile
} from '../../src/base/bytes-surface.ts';
import type { LiveStreamFactory } from '../../src/base/surface.ts';
import { createTestEnv } from '../../src/testing/test-env.ts';
import { runExamples } from './run-examples.ts';

const load = runExamples('bytes');

interface Files {
	attach: LiveUpload<[string], string>;
	checksum: LiveBinary<['SHA-1' | 'SHA-256'], Uint8Array>;
	search: LiveGenerator<[string], { name: string }>;
	download: LiveDownload<[string]>;
	points: LiveStreamFactory<[], { key: string; x: number }[], unknown>;
	point: LiveVolatile<[string, number, number]>;
}

const env = createTestEnv();
afterEach(() => env.cleanup());

async function register(): Promise<Files> {
	const files = await load<Files>('lib/files.live.ts');
	env.register('lib/files', files);
	return files;
}

describe('docs/bytes.md', () => {
	it('stores what is uploaded, finds it and sends it back', async () => {
		const { attach, search, download } = await register();
		const client = env.connect({ id: 'ada' });
		const content = new Uint8Array(600_000).fill(7);
		for (const name of ['tide.pdf', 'ebb.pdf', 'tides.pdf']) {
			const file = new File([content], name, { type: 'application/pdf' });
			expect(await client.upload(attach, file, 'c1')).toBe(`/files/c1-${name}`);
		}
		const hits: string[] = [];
		for await (const { name } of client.generate(search, 'tide')) hits.push(name);
		expect(hits).toEqual(['c1-tide.pdf', 'c1-tides.pdf']);
		const blob = await client.download(download, 'c1-tide.pdf').blob();
		expect(new Uint8Array(await blob.arrayBuffer())).toEqual(content);
	});

	it('refuses what the options and the schemas do not allow', async () => {
		const { attach, search } = await register();
		const client = env.connect({ id: 'ada' });
		const text = new File(['x'], 'x.txt', { type: 'text/plain' });
		await expect(client.upload(attach, text, 'c1')).rejects.toMatchObject({ code: 'VALIDATION' });
		await expect(client.upload(attach, text, 5 as never)).rejects.toMatchObject({ code: 'VALIDATION' });
		const none = client.generate(search, '')[Symbol.asyncIterator]().next();
		await expect(none).rejects.toMatchObject({ code: 'BAD_REQUEST', message: 'Search for something' });
	});

	it('computes a checksum of bytes', async () => {
		const { checksum } = await register();
		const bytes = await env.connect({ id: 'ada' }).binary(checksum, new TextEncoder().encode('abc'), 'SHA-1');
		expect(Buffer.from(bytes).toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
	});

	it('takes pointers without an answer', async () => {
		const { point, points } = await register();
		const client = env.connect({ id: 'ada' });
		const seen = client.subscribe(points);
		await seen.ready;
		client.volatile(point, 'me', 1, 2);
		await env.settle();
		expect(seen.value).toEqual([{ key: 'me', x: 1, y: 2 }]);
	});
});
