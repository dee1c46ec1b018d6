// Runs the contract of transports within the runtime that has the transport. Prints a line of JSON for each test.
import { transportContract } from '../../../src/testing/transport-contract.ts';
import { listen, type TransportName } from './listen.ts';
import { connectTcp } from './tcp-client.ts';

const LIMIT_MS = 10_000;

const tests = transportContract({
	async connect(accept) {
		const port = await listen<null>(process.argv[2] as TransportName, {
			server: { accept },
			authorize: () => ({ session: null })
		});
		return connectTcp(port);
	}
});

for (const { title, run } of tests) {
	const late = new Promise<never>((_, reject) => {
		setTimeout(() => reject(new Error(`nothing came within ${LIMIT_MS} ms`)), LIMIT_MS).unref();
	});
	const failure = await Promise.race([run(), late]).then(
		() => null,
		(error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error))
	);
	process.stdout.write(`${JSON.stringify({ title, failure })}\n`);
}
process.exit(0);
