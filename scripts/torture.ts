// `npm run torture -- [HISTORIES] [BACKPLANE] [SEED]`: runs random histories of real processes on real services, from a seed
// on. @default 300 histories on each backplane
import { describe } from './lib/outcome.ts';
import { findOrInstallServices } from './lib/services.ts';
import { vitest } from './lib/vitest.ts';

const [histories = '300', backplane = 'all', seed = '1'] = process.argv.slice(2);
const { env, missing } = await findOrInstallServices();
for (const reason of missing) console.log(reason);
const outcome = await vitest(['torture'], {
	...env,
	TORTURE_LONG: Number(histories) >= 100 ? '1' : '',
	TORTURE_HISTORIES: histories,
	TORTURE_BACKPLANE: backplane,
	TORTURE_SEED: seed
});
if (outcome.failed > 0) process.exitCode = 1;
console.log(describe(outcome));
