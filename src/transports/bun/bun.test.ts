import { describe } from 'vitest';
import { bunRuntime, unless } from '../../../test/support/transports/runtimes.ts';
import { contractSuite, upgradeSuite } from '../../../test/support/transports/suites.ts';

const runtime = bunRuntime();

describe.skipIf('missing' in runtime)(`on Bun${unless(runtime)}`, () => {
	describe('its transport keeps the contract', () => {
		contractSuite(runtime, 'bun');
	});
	describe('its transport', () => {
		upgradeSuite(runtime, 'bun');
	});
	// What adapter-node's build uses there.
	describe('the transport of Node keeps the contract', () => {
		contractSuite(runtime, 'node');
	});
	describe('the transport of Node', () => {
		upgradeSuite(runtime, 'node');
	});
});
