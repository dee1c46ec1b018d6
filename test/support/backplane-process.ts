// A process with a backplane that a test talks to: `fork('backplane-process.ts', [MODULE])`, where the module exports
// `create(settings)`. See `remote-backplane.ts` for the other side.
import { isLiveError } from '../../src/base/errors.ts';
import { callStore, type StoreCall } from '../../src/backplanes/shared/forwarded-store.ts';
import type { Backplane } from '../../src/server/backplane.ts';
import type { Ask, Tell } from './backplane-messages.ts';

const { create } = (await import(process.argv[2] ?? '')) as { create: (settings: unknown) => Backplane };
let backplane: Backplane;

process.on('message', (message: Partial<Ask>) => {
	if (message.ask !== undefined) void answer(message as Ask);
});
process.on('disconnect', () => process.exit());
// Lives as long as its test does, also when a backplane that was stopped lets go of the channel.
setInterval(() => {}, 60_000);
tell({ answer: 0, value: undefined });

async function answer({ ask, method, args }: Ask): Promise<void> {
	try {
		tell({ answer: ask, value: await run(method, args) });
	} catch (error) {
		const code = isLiveError(error) ? error.code : undefined;
		tell({ answer: ask, failure: { code, message: error instanceof Error ? error.message : String(error) } });
	}
}

function run(method: Ask['method'], args: unknown[]): unknown {
	if (method === 'create') return void (backplane = create(args[0]));
	if (method === 'start') return backplane.start((delivery) => tell({ delivery }));
	if (method === 'store') return callStore(backplane.store, args[0] as StoreCall);
	return (backplane[method] as (...args: unknown[]) => unknown).apply(backplane, args);
}

function tell(message: Tell): void {
	process.send?.(message);
}
