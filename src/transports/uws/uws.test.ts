import { describe } from 'vitest';
import { unless, uwsRuntime } from '../../../test/support/transports/runtimes.ts';
import { contractSuite, upgradeSuite } from '../../../test/support/transports/suites.ts';

const runtime = uwsRuntime();

describe.skipIf('missing' in runtime)(`on uWebSockets.js${unless(runtime)}`, () => {
	describe('its transport keeps the contract', () => {
		contractSuite(runtime, 'uws');
	});
	describe('its transport', () => {
		upgradeSuite(runtime, 'uws');
	});
});
