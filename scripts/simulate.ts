// `npm run simulate -- [HISTORIES] [SEED]`: runs the simulator for many random histories, or one seed again.
// @default 100,000 histories
import { describe } from './lib/outcome.ts';
import { vitest } from './lib/vitest.ts';

const [histories = process.env['SIMULATOR_HISTORIES'] ?? '100000', seed = process.env['SIMULATOR_SEED']] =
	process.argv.slice(2);
const outcome = await vitest(['simulator'], {
	SIMULATOR_HISTORIES: histories,
	...(seed === undefined ? {} : { SIMULATOR_SEED: seed })
});
if (outcome.failed > 0) process.exitCode = 1;
console.log(describe(outcome));
